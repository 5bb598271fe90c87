"""Which of several processes this one is, as `torchrun` and `fabric run` tell it; alone, where nobody does."""

import os


def rank() -> int:
    """The number of this process among all, from 0."""
    return _told("RANK", 0)


def rank_here() -> int:
    """Its number among those on this machine, which is that of its GPU."""
    return _told("LOCAL_RANK", 0)


def is_first() -> bool:
    """Whether this one writes files, shows progress and says what is to be said."""
    return rank() == 0


def count() -> int:
    """How many processes there are, on all machines."""
    return _told("WORLD_SIZE", 1)


def count_here() -> int:
    """How many of them share this machine, its memory and its cores."""
    return _told("LOCAL_WORLD_SIZE", 1)


def started_by_fabric() -> bool:
    """Whether `fabric run` started them; then a Fabric brings them together by itself."""
    return "LT_CLI_USED" in os.environ


def _told(name, otherwise):
    told = os.environ.get(name, "")
    return int(told) if told.isdigit() else otherwise
