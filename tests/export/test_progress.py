"""How far a run is: a bar in a terminal, few lines in a log, and an honest guess of what is left."""

import io

import pytest

from utils.export.progress import Progress, in_words


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def lines_of(steps, stream, total=1000, done=0, seconds=1.0):
    """What is told of a run with so many pictures a step, each a second later."""
    clock = Clock()
    told = Progress(total, done, stream, clock)
    for count in steps:
        clock.now += seconds
        told.update(count)
    told.close()
    return stream.getvalue()


def test_a_log_gets_a_line_every_half_minute_and_one_at_the_end():
    assert lines_of([10] * 100, io.StringIO()).splitlines() == [
        "300 of 1,000 pictures (30 %), 10 a second, 70 s left",
        "600 of 1,000 pictures (60 %), 10 a second, 40 s left",
        "900 of 1,000 pictures (90 %), 10 a second, 10 s left",
        "1,000 of 1,000 pictures (100 %), 10 a second",
    ]


def test_a_terminal_gets_one_line_that_is_written_over():
    told = lines_of([500, 250, 250], Terminal())
    first, *parts = told.split("\r")
    assert first == "" and len(parts) == 4 and told.endswith("\n") and told.count("\n") == 1
    assert parts[0].startswith("[########        ] 500 of 1,000 pictures (50 %), 500 a second, 1 s left")
    assert parts[-1].startswith("[################] 1,000 of 1,000 pictures (100 %), 333 a second")
    assert all(len(later.rstrip("\n")) >= len(earlier.rstrip()) for earlier, later in zip(parts, parts[1:])), (
        "of a longer line before nothing may stay"
    )


def test_a_line_never_wraps(monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    assert max(map(len, lines_of([500, 500], Terminal()).strip("\n").split("\r"))) == 29


def test_what_was_there_before_counts_for_the_share_and_not_for_the_speed():
    assert lines_of([1] * 30, io.StringIO(), done=900).splitlines()[0] == (
        "930 of 1,000 pictures (93 %), 1.0 a second, 70 s left"
    )


def test_a_run_with_nothing_left_has_no_speed():
    assert lines_of([], io.StringIO(), done=1000) == "1,000 of 1,000 pictures (100 %)\n"


def test_nothing_is_told_where_nothing_is_wanted(capsys):
    told = Progress(10)
    told.update(10)
    told.close()
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (89, "89 s"), (90, "2 min"), (5369, "89 min"), (5370, "1 h 30 min"), (5460, "1 h 31 min"), (48 * 3600, "2 days 0 h"), (200_000, "2 days 7 h")],
)  # fmt: skip
def test_a_time_is_told_in_two_units_at_most(seconds, words):
    assert in_words(seconds) == words
