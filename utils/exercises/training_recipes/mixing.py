"""Exercise 12: MixUp whose pictures and targets have met different others."""

import torch
from torch.nn import functional as F

from utils.exercises.asking import asked, unchanged
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import shown

PICTURES, CLASSES = 12, 6  # in a batch
# A picture's own share, and how many classes there are: more than a batch shows, but for the first.
ASKED = [(0.7, CLASSES), (0.2, CLASSES + 2), (0.9, CLASSES + 1)]


def mixed_up(images, targets, share, num_classes):
    """Each picture laid over another one of the batch, and its target: shares of classes (N, K)."""
    order = torch.randperm(len(images))
    ones = F.one_hot(targets, num_classes).float()
    return share * images + (1 - share) * images[order], share * ones + (1 - share) * ones[order]


def mixed_up_as_found(images, targets, share, num_classes):
    """Each picture laid over another one of the batch, and its target: shares of classes (N, K)."""
    images *= share
    images += (1 - share) * images[torch.randperm(len(images))]
    ones = F.one_hot(targets, num_classes).float()
    targets = share * ones + (1 - share) * ones[torch.randperm(len(images))]
    return images, targets


def probe_mixed_up(answer):
    for seed, (share, classes) in enumerate(ASKED):
        torch.manual_seed(seed)
        images, targets = _made(seed)
        case, given = f"share {share}, {classes} classes", {"images": images.clone(), "targets": targets.clone()}
        with unchanged(case, given):
            got = asked(answer, case, given["images"], given["targets"], share, classes)
            if not isinstance(got, (tuple, list)) or len(got) != 2:
                raise NotYet(f"expected pictures and shares of classes, got {shown(got)}.")
            others = _others(_as_tensor(got[0], images.shape, f"{case}: pictures"), images, share, case)
            shares = _as_tensor(got[1], (PICTURES, classes), f"{case}: shares of classes")
            _check_targets(shares, F.one_hot(targets, classes).float(), others, share, case)


def _made(seed):
    """Each picture has a pixel of its own, by which it is known again; each class has two pictures."""
    order = torch.randperm(PICTURES, generator=torch.Generator().manual_seed(seed))
    return torch.eye(PICTURES).reshape(PICTURES, 3, 2, 2), torch.arange(PICTURES)[order] % CLASSES


def _as_tensor(value, shape, what):
    try:
        tensor = torch.as_tensor(value).detach().float()
    except (TypeError, ValueError, RuntimeError):
        raise NotYet(f"{what} of shape {tuple(shape)} expected, got {shown(value)}.") from None
    if tensor.shape != shape:
        raise NotYet(f"{what} of shape {tuple(shape)} expected, got {tuple(tensor.shape)}.")
    return tensor


def _others(mixed, images, share, case):
    """Which picture each one has met, (N,)."""
    rows, own = mixed.flatten(1), images.flatten(1)
    rest = (rows - share * own) / (1 - share)  # of each the other picture: one pixel with a 1
    others = rest.argmax(dim=1)
    if not torch.allclose(rest, own[others], atol=1e-4):
        raise NotYet(f"{case}: {_which_pictures(rows, own, share)}")
    if torch.equal(others, torch.arange(PICTURES)):
        raise NotYet(f"{case}: each picture was laid over itself.")
    return others


def _which_pictures(rows, own, share):
    rolled = [own.flatten().roll(by).reshape(own.shape) for by in (1, -1)]
    if any(torch.allclose(rows, share * own + (1 - share) * other, atol=1e-4) for other in rolled):
        return "the pixels have moved on, from each picture into the next: of all dimensions only that of the pictures may be rolled."
    for words, (first, second) in {
        "the second picture of each pair is too dark: it was taken after all had been made darker.":
            (share, share * (1 - share)),
        "the shares of the pictures are the other way round: `share` is each picture's own.": (1 - share, share),
        "the pictures are too bright: the two shares are to add up to 1.": (1.0, 1 - share),
        "the pictures are the plain mean of two.": (0.5, 0.5),
        "the second picture of each pair is missing.": (share, 0.0),
    }.items():  # fmt: skip
        rest = rows - first * own
        others = rest.argmax(dim=1)
        pairs = first * own + second * own[others]
        if torch.allclose(rows, pairs, atol=1e-4):
            return words
    total = rows.sum(dim=1)[(rows.sum(dim=1) - 1).abs().argmax()].item()
    if abs(total - 1) < 1e-4:
        return "a picture is not made of two of the batch by these shares."
    return f"the pixels of one picture add up to {total:.3g}, where each of the two had 1 in all."


def _check_targets(shares, ones, others, share, case):
    if torch.allclose(shares, share * ones + (1 - share) * ones[others], atol=1e-4):
        return
    for words, wrong in {
        "the shares in the targets are the other way round.": (1 - share) * ones + share * ones[others],
        "the pictures are mixed and the targets are not.": ones,
        "in the targets is the other picture's class alone.": ones[others],
        "the targets are half and half, whatever the share.": (ones + ones[others]) / 2,
    }.items():  # fmt: skip
        if torch.allclose(shares, wrong, atol=1e-4):
            raise NotYet(f"{case}: {words}")
    total = shares.sum(dim=1)[(shares.sum(dim=1) - 1).abs().argmax()].item()
    if abs(total - 1) > 1e-4:
        raise NotYet(f"{case}: the shares of a picture's classes add up to {total:.3g}.")
    row = int((shares - share * ones - (1 - share) * ones[others]).abs().sum(dim=1).argmax())
    own, other = (ones[each].argmax().item() for each in (row, others[row]))
    raise NotYet(f"{case}: a picture of class {own} was mixed with one of class {other}, and "
                 f"its target is {shown([round(each, 3) for each in shares[row].tolist()])}.")  # fmt: skip


def _mixing(first=None, second=None, own=None, other=None, same=True):
    """A mixed_up with other shares, of the pictures (first, second) and of the targets (own, other), or two orders."""

    def mixed_up(images, targets, share, num_classes):
        orders = [torch.randperm(len(images)) for _ in range(2)]
        ones = F.one_hot(targets, num_classes).float()
        parts = [given(share) if given else usual for given, usual in
                 zip((first, second, own, other), (share, 1 - share, share, 1 - share))]  # fmt: skip
        met = orders[0] if same else orders[1]
        return parts[0] * images + parts[1] * images[orders[0]], parts[2] * ones + parts[3] * ones[met]

    return mixed_up


def _in_place(images, targets, share, num_classes):
    order = torch.randperm(len(images))
    images *= share
    images += (1 - share) * images[order]
    ones = F.one_hot(targets, num_classes).float()
    return images, share * ones + (1 - share) * ones[order]


def _into_the_batch(images, targets, share, num_classes):
    new, shares = mixed_up(images, targets, share, num_classes)
    return images.copy_(new), shares


def _one_label_where_both_are_alike(images, targets, share, num_classes):
    order = (targets[:, None] == targets).float().fill_diagonal_(0).argmax(dim=1)  # the other one of the same class
    shares = torch.zeros(len(images), num_classes)
    rows = torch.arange(len(images))
    shares[rows, targets] = share
    shares[rows, targets[order]] = 1 - share
    return share * images + (1 - share) * images[order], shares


def _as_many_as_seen(images, targets, share, num_classes):
    return mixed_up(images, targets, share, int(targets.max()) + 1)


def _rolled(images, targets, share, num_classes):
    ones = F.one_hot(targets, num_classes).float()
    return share * images + (1 - share) * torch.roll(images, 1), share * ones + (1 - share) * ones.roll(1, 0)


def _back_to_front(images, targets, share, num_classes):
    order = torch.randperm(len(images))
    ones = F.one_hot(targets, num_classes).float()
    return share * images + (1 - share) * images[order], share * ones + (1 - share) * ones[order.argsort()]


def _as_numbers(images, targets, share, num_classes):
    order = torch.arange(len(images)).roll(1)
    return share * images + (1 - share) * images[order], share * targets + (1 - share) * targets[order]


def _with_itself(images, targets, share, num_classes):
    return images, F.one_hot(targets, num_classes).float()


q12 = Question(
    number=12,
    reference=mixed_up,
    probe=probe_mixed_up,
    starter=mixed_up_as_found,
    hints=[
        "Each call of torch.randperm is another order. How many are there, and how many may there be?",
        "After `images *= share` all pictures are darker, also those that are taken as the others in the next line.",
        "One order, kept under a name; and share * images + (1 - share) * images[order] makes new pictures of the old ones.",
    ],
    why="With two orders a target names a class that is not in the picture: wrong labels for every picture, which look like "
    "strong regularisation. And whoever changes a batch in place reads what he has just written.",
    mistakes=[
        Mistake(_mixing(same=False), "and its target is"),
        Mistake(_in_place, "the second picture of each pair is too dark"),
        Mistake(_into_the_batch, "your function changed `images`"), Mistake(_rolled, "the pixels have moved on"),
        Mistake(_as_many_as_seen, "8 classes: shares of classes of shape (12, 8) expected, got (12, 6)"),
        Mistake(_back_to_front, "and its target is"),
        Mistake(_mixing(lambda share: 1 - share, lambda share: share), "the shares of the pictures are the other way round"),
        Mistake(_mixing(None, None, lambda share: 1 - share, lambda share: share), "in the targets are the other way round"),
        Mistake(_mixing(None, None, lambda share: 1, lambda share: 0), "the targets are not"),
        Mistake(_mixing(None, None, lambda share: 0, lambda share: 1), "the other picture's class alone"),
        Mistake(_mixing(None, None, lambda share: 0.5, lambda share: 0.5), "half and half"),
        Mistake(_mixing(None, None, lambda share: share, lambda share: 1), "classes add up to"),
        Mistake(_mixing(lambda share: 1), "too bright"),
        Mistake(_mixing(lambda share: 0.5, lambda share: 0.5), "the plain mean of two"),
        Mistake(_mixing(None, lambda share: 0), "is missing"),
        Mistake(_mixing(lambda share: 3), "the pixels of one picture add up to"),
        Mistake(_mixing(lambda share: 0.7, lambda share: 0.3), "share 0.2, 8 classes: a picture is not made of two"),
        Mistake(_one_label_where_both_are_alike, "the shares of a picture's classes add up to"),
        Mistake(_with_itself, "each picture was laid over itself"), Mistake(_as_numbers, "shares of classes of shape (12, 6)"),
        Mistake(lambda images, *_: images, "expected pictures and shares"),
        Mistake(lambda images, targets, share, num_classes: (images, "no"), "each picture was laid over itself"),
        Mistake(lambda images, *_: (images[:3], images), "pictures of shape (12, 3, 2, 2) expected, got (3, 3, 2, 2)"),
    ],
)  # fmt: skip
