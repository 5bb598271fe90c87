"""What a person sees of a training while it runs, and how they end it: the bar, and Ctrl-C.

Both are called with the Training after its steps and epochs, as anything else that looks on.
"""

import signal
import sys
import threading

from tqdm.auto import tqdm
from tqdm.notebook import tqdm_notebook

from utils import processes


def can_move() -> bool:
    """Whether a bar can move here: in a notebook or a terminal, not in a log file."""
    return issubclass(tqdm, tqdm_notebook) or sys.stderr.isatty()


class Progress:
    """A bar where a bar can move (a terminal, a notebook); elsewhere, in a log file say, one line an epoch."""

    def __init__(self, epochs: int, steps: int, shown: bool = True):
        shown = shown and processes.is_first()
        self.epochs, self.shown, self.prints = epochs, shown, shown and not can_move()
        self.bar = tqdm(total=steps, desc="training", unit=" steps", disable=not shown or self.prints)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.bar.close()

    def begin(self, training) -> None:
        """Where a training went on, the bar does too."""
        self.bar.update(training.step)
        if self.shown and training.epoch:
            how = "had ended" if training.has_ended else "was cut off and goes on"
            self.bar.write(f"The training {how} after epoch {training.epoch} of {self.epochs}.", file=sys.stderr)

    def step(self, training) -> None:
        self.bar.update()

    def epoch(self, training) -> None:
        row = training.history[-1]
        self.bar.set_postfix_str(f"epoch {row['epoch']}: {in_words(row)}")
        if self.prints:
            words = f"epoch {row['epoch']} of {self.epochs}: {in_words(row)}, {row['seconds']:.1f} s"
            print(words, file=sys.stderr, flush=True)


def in_words(row: dict) -> str:
    """The losses and scores of an epoch."""
    shown = {name: value for name, value in row.items() if name.startswith(("train_", "valid_"))}
    return ", ".join(f"{name} {value:.3f}" for name, value in shown.items())


class CtrlC:
    """Within the block Ctrl-C waits until the step or epoch under way is done; pressed again, it does not wait.

    So no weights are left half changed and no file half written. Where somebody else listens to Ctrl-C, or outside of
    Python's main thread, nothing is changed; nor for several processes.
    """

    def __init__(self):
        self.pressed = False

    def __enter__(self):
        is_main = threading.current_thread() is threading.main_thread()
        # Of several processes each would stop at another step, and wait for the others for ever.
        is_main = is_main and processes.count() == 1
        self.listens = is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self.listens:
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_):
        if self.listens:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def __call__(self, training) -> None:
        if self.pressed:
            raise KeyboardInterrupt

    def _note(self, number, frame):
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True
