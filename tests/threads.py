"""A fixture for tests of small networks, imported by the conftest of each folder that has some."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Small networks are no faster with more, and the machine has other work.

    From before what the tests of a module share is made: what is trained with more threads is rounded otherwise.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
