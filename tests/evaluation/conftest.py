"""What the tests of utils.evaluation share: one thread, pictures on disk once, loaders over them."""

from tests.threads import one_thread  # noqa: F401 - fixtures
from tests.training.small import loaders, pictures, table  # noqa: F401 - fixtures
