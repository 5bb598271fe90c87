"""How far a long run is, on standard error: a bar in a terminal, a line every so often in a log. Plain prints, no tqdm."""

import shutil
import time

WIDTH = 16  # characters of the bar
TERMINAL_EVERY, LOG_EVERY = 0.2, 30  # seconds


class Progress:
    """A run over `total` pictures, of which `done` were there before it began.

    Args:
        total: of all.
        done: how many of them an earlier run did, which count for the bar, and not for the speed.
        stream: where it is told; None: nowhere.
        clock: seconds, for tests.
    """

    def __init__(self, total: int, done: int = 0, stream=None, clock=time.monotonic):
        self.total, self.done, self._stream, self._clock = total, done, stream, clock
        self._began_at, self._begun, self._told = done, clock(), clock()
        self._is_terminal = stream is not None and stream.isatty()
        self._every = TERMINAL_EVERY if self._is_terminal else LOG_EVERY
        self._length = 0

    def update(self, count: int) -> None:
        """So many more are done; told where it is time to."""
        self.done += count
        if self._clock() - self._told >= self._every:
            self._tell()

    def close(self) -> None:
        """Tell how it ended; on a terminal the next line begins."""
        self._tell()
        if self._is_terminal:
            print(file=self._stream)

    def __str__(self):
        share = self.done / self.total
        bar = f"[{'#' * int(share * WIDTH):{WIDTH}}] " if self._is_terminal else ""
        text = f"{bar}{self.done:,} of {self.total:,} pictures ({int(100 * share)} %)"
        seconds, count = self._clock() - self._begun, self.done - self._began_at
        if not count or seconds <= 0:
            return text
        speed = count / seconds
        left = f", {in_words((self.total - self.done) / speed)} left" if self.done < self.total else ""
        return f"{text}, {speed:,.0f} a second{left}" if speed >= 10 else f"{text}, {speed:.1f} a second{left}"

    def _tell(self):
        if self._stream is None:
            return
        self._told, text = self._clock(), str(self)
        if self._is_terminal:  # over the line before, which may have been longer; a line that wraps could not be
            text = text[: shutil.get_terminal_size().columns - 1]
            print(f"\r{text:{self._length}}", end="", file=self._stream, flush=True)
            self._length = len(text)
        else:
            print(text, file=self._stream, flush=True)


def in_words(seconds: float) -> str:
    """About how long that is: 40 s, 12 min, 3 h 20 min, 2 days 4 h."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if minutes < 90:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h {minutes % 60} min" if hours < 48 else f"{hours // 24} days {hours % 24} h"
