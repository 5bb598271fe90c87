"""What the tests of utils.evaluation share: one thread, pictures on disk once, loaders over them."""

import pytest
import torch

from tests.training.small import make, make_table


@pytest.fixture(autouse=True)
def one_thread():
    """Small networks are no faster with more, and the machine has other work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    return make_table(tmp_path_factory.mktemp("pictures"))


@pytest.fixture
def table(pictures):
    return pictures.copy()


@pytest.fixture
def loaders(table):
    return make(table)
