"""From an image of any shape to what a model sees: resized, augmented, normalised; and back, for plotting.

Words: *preprocessing* (resize, normalise) is the same in training and serving, so it travels with the model;
*augmentation* is chance, and for training only. How pictures come to one size is in `resizing`.
Conventions: images are RGB. One image is a Pillow image or uint8 (H, W, 3); a batch is (N, 3, H, W), either
uint8 from 0 to 255 or float from 0 to 1: the type decides, nothing is guessed. Introduced in lesson 01.
"""

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import v2

from utils.data.resizing import FILL, INTERPOLATIONS, POLICIES, as_colour, as_size, decode_size, one_of, resize
from utils.errors import CourseError, named

# --- normalisation ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Normalisation:
    """(image - mean) / std for each of red, green and blue, on the scale where black is 0 and white is 1."""

    name: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __post_init__(self):
        for values in (self.mean, self.std):
            if len(values) != 3 or not all(math.isfinite(value) for value in values) or min(self.std) <= 0:
                raise CourseError("Expected a mean and a std above 0 for each of red, green and blue, on the scale "
                                  f"from 0 to 1, but got mean {self.mean} and std {self.std}.")  # fmt: skip
        object.__setattr__(self, "mean", tuple(map(float, self.mean)))  # JSON makes lists of tuples
        object.__setattr__(self, "std", tuple(map(float, self.std)))

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """uint8 or float (N, 3, H, W), or (3, H, W), as normalised float32 of the same shape, channels last in memory.

        Raises:
            CourseError: another shape or type, or float images that go up to 255.
        """
        scale = _white(images) * torch.tensor(self.std)
        shift = -torch.tensor(self.mean) / torch.tensor(self.std)
        width = images.shape[-1]
        # A row of pixels is one run of numbers in memory. Scaled row by row, instead of colour by colour, a batch
        # takes an eighth of the time: the processor works on many neighbours at once.
        scale, shift = ((1 / scale).repeat(width).to(images.device), shift.repeat(width).to(images.device))
        rows = images.movedim(-3, -1).flatten(-2).float()  # (N, H, 3 W)
        return torch.addcmul(shift, rows, scale).unflatten(-1, (width, 3)).movedim(-1, -3)

    def inverse(self, images: torch.Tensor) -> np.ndarray:
        """Normalised (N, 3, H, W), or (3, H, W), as float32 (N, H, W, 3) from 0 to 1: what `imshow` draws."""
        pixels = images.detach().cpu().float().movedim(-3, -1)
        return (pixels * torch.tensor(self.std) + torch.tensor(self.mean)).clamp(0, 1).numpy()

    def describe(self) -> str:
        mean, std = (" ".join(f"{value:g}" for value in values) for values in (self.mean, self.std))
        return f"{self.name}: (0 to 1, minus {mean}, over {std})"


# What most weights pre-trained on ImageNet were trained with.
IMAGENET = Normalisation("imagenet", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
# From -1 to 1. The same thing under other names: mean 0.5 and std 0.5; 2 x - 1; the "advprop" weights of EfficientNet.
SYMMETRIC = Normalisation("symmetric", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
# From 0 to 1, as it is.
UNIT = Normalisation("unit", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
NORMALISATIONS = {preset.name: preset for preset in (IMAGENET, SYMMETRIC, UNIT)}


def as_normalisation(wanted) -> Normalisation:
    """A preset by its name; a Normalisation, or its values as a dict, is taken as it is."""
    if isinstance(wanted, Normalisation):
        return wanted
    if isinstance(wanted, dict) and set(wanted) == {"name", "mean", "std"}:
        return Normalisation(**wanted)
    return one_of(NORMALISATIONS, wanted, "normalisation")


def _white(images):
    """The number that stands for white; a CourseError where the images are no batch."""
    if images.ndim not in (3, 4) or images.shape[-3] != 3:
        raise CourseError(f"Expected images of shape (N, 3, H, W) or (3, H, W), but got {tuple(images.shape)}. "
                          "With the colours last, as in a stored image: images.movedim(-1, -3)")  # fmt: skip
    if images.dtype == torch.uint8:
        return 255
    if not images.is_floating_point():
        raise CourseError(f"Expected images as uint8 (0 to 255) or float (0 to 1), but got {images.dtype}.")
    if images.numel() and images.max() > 2:  # resizing may overshoot 1 a little
        raise CourseError(f"Expected float images from 0 to 1, but they go up to {images.max():g}. "
                          "Divide by 255, or give them as uint8: images.to(torch.uint8)")  # fmt: skip
    return 1


# --- what travels with a model ---------------------------------------------------------------------


@dataclass(frozen=True)
class Preprocessing:
    """What must be done to every picture, in training and in serving alike. Keep it with the model's weights.

    Raises:
        CourseError: on creation, for an unknown policy, normalisation or interpolation, a size or colour that is none.
    """

    size: int | tuple[int, int] = 224  # pixels; kept as (height, width)
    policy: str = "squash"  # of POLICIES
    normalisation: Normalisation | str = IMAGENET  # or the name of a preset
    fill: tuple[int, int, int] = FILL  # colour beside the picture, for "pad"
    interpolation: str = "bilinear"  # of INTERPOLATIONS; always antialiased

    def __post_init__(self):
        object.__setattr__(self, "size", as_size(self.size))
        object.__setattr__(self, "normalisation", as_normalisation(self.normalisation))
        object.__setattr__(self, "fill", as_colour(self.fill))
        one_of(POLICIES, self.policy, "policy")
        one_of(INTERPOLATIONS, self.interpolation, "interpolation")

    @property
    def decode_size(self) -> int:
        """Pixels that the shorter side of a reduced JPEG needs (`size` of `open_image`), whatever the policy."""
        return decode_size(self.size)

    def store(self, image: Image.Image) -> np.ndarray:
        """The image at its size, as uint8 (H, W, 3): what is cached, 3 bytes a pixel."""
        return np.array(resize(image, self.size, self.policy, self.fill, self.interpolation))

    def normalise(self, images: torch.Tensor) -> torch.Tensor:
        """A batch (N, 3, H, W) of stored images as float32, channels last in memory: what a model takes."""
        return self.normalisation(images)

    def inverse(self, images: torch.Tensor) -> np.ndarray:
        """Back from what a model takes, (N, 3, H, W), to what `imshow` draws: float32 (N, H, W, 3) from 0 to 1."""
        return self.normalisation.inverse(images)

    def __call__(self, image: Image.Image, *others: Image.Image) -> torch.Tensor:
        """Pillow images of any shape as one batch for a model, (N, 3, H, W): for a few pictures, without a loader."""
        stored = np.stack([self.store(each) for each in (image, *others)])
        return self.normalise(torch.from_numpy(stored).movedim(-1, -3))

    def to_dict(self) -> dict:
        """As what JSON knows."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "Preprocessing":
        """The preprocessing that `to_dict` was called on, also after a way through JSON."""
        known = {field.name for field in dataclasses.fields(cls)}
        if set(values) != known:
            raise CourseError(f"Expected the values of a Preprocessing, {named(sorted(known))}, but got "
                              f"{named(sorted(values))}. Was it saved by another version of the course?")  # fmt: skip
        return cls(**values)

    def describe(self) -> str:
        """In words."""
        size = "{} x {} pixels (height x width)".format(*self.size)
        return f"{self.policy} to {size}, {self.interpolation}; then {self.normalisation.describe()}"


# --- augmentation ----------------------------------------------------------------------------------

# field -> (least, most, in words)
RANGES = {
    "least_area": (0.01, 1, "cut out anew, from {:.0%} of the area up, and enlarged to the same size"),
    "flip": (0, 1, "mirrored left to right, {:.0%} of the time"),
    "vertical_flip": (0, 1, "turned upside down, {:.0%} of the time"),
    "rotation": (0, 180, "turned by up to {:g} degrees either way"),
    "shift": (0, 1, "moved by up to {:.0%} of each side"),
    "brightness": (0, 1, "brightness changed by up to {:.0%}"),
    "contrast": (0, 1, "contrast changed by up to {:.0%}"),
    "saturation": (0, 1, "saturation changed by up to {:.0%}"),
    "erase": (0, 1, "a rectangle covered, {:.0%} of the time"),
}


def _is_between(value, least, most):
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool) and least <= value <= most


@dataclass(frozen=True)
class Augmentation:
    """Changes at random that leave the label true, another one for each picture and epoch. Default: none.

    All of it comes after resizing. To rotate before shrinking costs twice the time, and to crop a resized image
    makes it a little soft. Ask of each one whether the label survives: a mirrored 3 is no 3, an upside-down 6
    is a 9, and a logo in a corner is wholly outside of most crops of 8 % and more of the area.

    Raises:
        CourseError: on creation, naming all values out of range at once.
    """

    least_area: float = 1.0  # random resized crop: least share of the area; 1 is off
    flip: float = 0.0  # probability
    vertical_flip: float = 0.0  # probability
    rotation: float = 0.0  # degrees, at most
    shift: float = 0.0  # share of each side, at most
    brightness: float = 0.0  # share, at most
    contrast: float = 0.0
    saturation: float = 0.0
    erase: float = 0.0  # probability; a rectangle of 2 to 33 % of the area
    fill: tuple[int, int, int] = FILL  # colour of what rotation, shift and erase leave free

    def __post_init__(self):
        object.__setattr__(self, "fill", as_colour(self.fill))
        wrong = [f"{name}={getattr(self, name)!r} (from {least:g} to {most:g})"
                 for name, (least, most, _) in RANGES.items() if not _is_between(getattr(self, name), least, most)]  # fmt: skip
        if wrong:
            raise CourseError(f"Expected augmentations in their range, but got {', '.join(wrong)}.")

    @property
    def is_off(self) -> bool:
        """Whether it changes nothing."""
        return self == Augmentation(fill=self.fill)

    def transform(self, size) -> v2.Transform:
        """A torchvision pipeline from uint8 (3, H, W) to uint8 (3, height, width), its chance from torch's generator."""
        steps = [*self._geometry(as_size(size)), *self._colours()]
        return v2.Compose(steps) if steps else v2.Identity()

    def _geometry(self, size):
        height, width = size
        bilinear = v2.InterpolationMode.BILINEAR
        if self.least_area < 1:
            shapes = (3 / 4 * width / height, 4 / 3 * width / height)  # so that it is stretched by a third at most
            yield v2.RandomResizedCrop(size, scale=(self.least_area, 1), ratio=shapes, antialias=True)
        if self.flip:
            yield v2.RandomHorizontalFlip(self.flip)
        if self.vertical_flip:
            yield v2.RandomVerticalFlip(self.vertical_flip)
        if self.rotation or self.shift:  # in one step: each one blurs a little
            shift = (self.shift, self.shift) if self.shift else None
            yield v2.RandomAffine(self.rotation, shift, interpolation=bilinear, fill=list(self.fill))

    def _colours(self):
        if self.brightness or self.contrast or self.saturation:
            yield v2.ColorJitter(self.brightness, self.contrast, self.saturation)
        if self.erase:
            yield v2.RandomErasing(self.erase, value=list(map(float, self.fill)))

    def describe(self) -> str:
        """In words, in the order in which it is done."""
        off = Augmentation()
        done = [words.format(getattr(self, name)) for name, (_, _, words) in RANGES.items()
                if getattr(self, name) != getattr(off, name)]  # fmt: skip
        return "; ".join(done) or "nothing"


NONE = Augmentation()
LIGHT = Augmentation(flip=0.5)
STRONG = Augmentation(least_area=0.5, flip=0.5, rotation=15, brightness=0.2, contrast=0.2, saturation=0.2, erase=0.25)
AUGMENTATIONS = {"none": NONE, "light": LIGHT, "strong": STRONG}


def as_augmentation(wanted) -> Augmentation:
    """A preset by its name; anything that is no name is taken as it is."""
    return one_of(AUGMENTATIONS, wanted, "augmentation") if isinstance(wanted, str) else wanted


def describe(preprocessing: Preprocessing, augmentation: Augmentation = NONE) -> str:
    """The whole way of a picture in words, a line a step: in training, and in validation, test and serving."""
    resized = "{} to {} x {}".format(preprocessing.policy, *preprocessing.size)
    first, *more = augmentation.describe().split("; ")
    shape = "(N, 3, {}, {}) float32".format(*preprocessing.size)
    lines = [("step", "training", "validation, test, serving"), ("resize", resized, resized)]
    lines += [("augment", first, "nothing"), *(("", step, "") for step in more)]
    lines += [("normalise", *[preprocessing.normalisation.name] * 2), ("batch", shape, shape)]
    wide = max(len(line[1]) for line in lines)
    return "\n".join(f"{step:9}  {train:{wide}}  {other}".rstrip() for step, train, other in lines)
