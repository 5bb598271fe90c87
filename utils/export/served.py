"""A model file that answers: pictures prepared as in its training, in; probabilities a head, out. Without torch.

Shapes: N pictures, H x W pixels, K classes. `prepare` gives uint8 (H, W, 3); a batch of those, uint8 (N, H, W, 3), goes
to `probabilities`, which normalises it and turns it into what the file takes, float32 (N, 3, H, W).
"""

from pathlib import Path

import numpy as np

from utils.data.images import open_image
from utils.data.resizing import as_size, decode_size, resize
from utils.errors import CourseError
from utils.export.shipped import open_session, shipped_in

TOLERANCE = 0.01  # of a row's sum, as in a predictions table


class Served:
    """An ONNX file of the course, checked: what it says about itself is what its network takes and gives.

    Args:
        path: the .onnx file.
        threads: how many one batch is shared by.

    Attributes:
        heads: the classes of each head, in the order of its probabilities.
        batch: how many pictures it takes at a time, None where any number will do.

    Raises:
        CourseError: on creation, where the file is no ONNX file, not of the course, or at odds with itself.
    """

    def __init__(self, path: str | Path, threads: int = 1):
        self.path, self._session = path, open_session(path, threads, spinning=False)
        said = shipped_in(self._session, path)
        self.heads, self._input = said["heads"], said["input"]
        steps = said["preprocessing"]
        self.size = as_size(steps["size"])
        self._resizing = {name: steps[name] for name in ("policy", "fill", "interpolation")}
        mean, std = (np.array(steps["normalisation"][name], np.float32).reshape(3, 1, 1) for name in ("mean", "std"))
        self._scale, self._shift = 1 / (255 * std), -mean / std
        self.batch = said.get("batch")
        self._try_out()

    def prepare(self, path: str | Path) -> np.ndarray:
        """A picture file at the model's size, uint8 (H, W, 3).

        Raises:
            PictureError: the picture cannot be read.
        """
        return np.asarray(resize(open_image(path, size=decode_size(self.size)), self.size, **self._resizing))

    def probabilities(self, pictures: np.ndarray) -> dict[str, np.ndarray]:
        """{head: float32 (N, K)} of prepared pictures, uint8 (N, H, W, 3), N up to `batch` where there is one.

        Raises:
            CourseError: the network fails, for lack of memory say.
        """
        colours_first = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))  # (N, 3, H, W)
        images = colours_first * self._scale + self._shift  # float32; with the colours last it takes four times as long
        if self.batch:
            images = np.concatenate([images, np.zeros((self.batch - len(images), *images.shape[1:]), np.float32)])
        try:
            answers = self._session.run(list(self.heads), {self._input: images})
        except Exception as error:  # onnxruntime has a dozen kinds of them, without a common parent
            raise CourseError(f"'{self.path}' fails on a batch of {len(images)}: {str(error).splitlines()[0]}. Export it again; if it "
                              "is for lack of memory, take fewer pictures at a time: batch_size.") from error  # fmt: skip
        return {head: answer[: len(pictures)].astype(np.float32) for head, answer in zip(self.heads, answers)}

    def _try_out(self):
        """One grey picture: a file whose answers are no probabilities of its classes should say so now."""
        answers = self.probabilities(np.full((1, *self.size, 3), 128, np.uint8))
        for head, classes in self.heads.items():
            if answers[head].shape != (1, len(classes)):
                raise CourseError(f"'{self.path}' names {len(classes)} classes for {head!r}, but its network gives numbers of "
                                  f"shape {answers[head].shape} for one picture. Export it again, with all of its classes.")  # fmt: skip
            if not are_probabilities(answers[head]).all():
                raise CourseError(f"Expected {head!r} of '{self.path}' to be probabilities, which are from 0 to 1 and sum to 1, but "
                                  f"a grey picture gets {answers[head][0, :5].round(3).tolist()}. Are these logits? Export the "
                                  "model with its softmax.")  # fmt: skip


def are_probabilities(answers: np.ndarray) -> np.ndarray:
    """Of which rows of (N, K) the numbers are from 0 to 1 and sum to 1, (N,) bool; nan is no number."""
    return (answers >= 0).all(axis=1) & (np.abs(answers.sum(axis=1) - 1) <= TOLERANCE)
