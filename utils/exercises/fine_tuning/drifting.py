"""Exercise 7: a frozen backbone whose BatchNorm stays where it is."""

import copy

import torch
from torch import nn

from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import shown


class Classifier(nn.Module):
    """A frozen backbone, and a head that learns."""

    def __init__(self, backbone, head):
        super().__init__()
        self.backbone = backbone.requires_grad_(False)
        self.head = head

    def forward(self, images):
        return self.head(self.backbone(images))

    def train(self, mode=True):
        super().train(mode)
        self.backbone.eval()
        return self


class ClassifierThatDrifts(nn.Module):
    """A frozen backbone, and a head that learns."""

    def __init__(self, backbone, head):
        super().__init__()
        self.backbone = backbone.requires_grad_(False)
        self.head = head

    def forward(self, images):
        return self.head(self.backbone(images))


PICTURES = 3 + 2 * torch.randn(8, 3, 6, 6, generator=torch.Generator().manual_seed(3))


def probe_classifier(answer):
    _check_features(answer)
    _check_head(answer)
    _check_gradients(answer)


def _made(answer, head):
    """The answer's model around a backbone with BatchNorm and dropout, and the backbone as it was."""
    torch.manual_seed(4)  # dropout's dice, and no backbone whose features are all 0
    pooled = [nn.Dropout(0.3), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), *pooled)
    nn.init.uniform_(backbone[0].weight, 0, 0.1)
    before = copy.deepcopy(backbone).eval()
    model = answer(backbone, head)
    if not isinstance(model, nn.Module):
        raise NotYet(f"expected an nn.Module, got {shown(model)}.")
    return model, before


def _switched(model, mode):
    """model.train(mode), which gives the model back."""
    if model.train(mode) is not model:
        raise NotYet(
            "model.train() gives something else back than the model, and people write model.train().to(device)."
        )


def _check_features(answer):
    """In train mode too, the backbone gives what it gave, and BatchNorm stays."""
    model, before = _made(answer, nn.Flatten())
    for mode in (True, False, True):
        _switched(model, mode)
        with torch.no_grad():
            got, wanted = model(PICTURES), before(PICTURES)
        moved = [name for key, value in model.named_buffers() if (name := key.rpartition(".")[2]).startswith("running")
                 and not torch.equal(value, getattr(before[1], name))]  # fmt: skip
        if moved:
            raise NotYet(f"after a pass in train mode, BatchNorm's {moved[0]} in the frozen backbone has moved.")
        if not isinstance(got, torch.Tensor) or got.shape != wanted.shape:
            raise NotYet(f"8 pictures came out as {shown(got)}; the backbone gives {tuple(wanted.shape)}.")
        if not torch.allclose(got, wanted, atol=1e-5):
            raise NotYet(f"in {'train' if mode else 'eval'} mode the frozen backbone gives other features than it gave "
                         "before: by its dropout, or by the other pictures of the batch.")  # fmt: skip


def _check_head(answer):
    """The head follows the mode: its dropout drops in train mode, and in eval mode it does not."""
    model, _ = _made(answer, nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 3)))
    for mode in (True, False, True):
        _switched(model, mode)
        with torch.no_grad():
            changes = not torch.equal(model(PICTURES), model(PICTURES))
        if changes != mode:
            told = "does nothing any more" if mode else "still drops"
            raise NotYet(
                f"in {'train' if mode else 'eval'} mode the head's dropout {told}. Only the backbone is frozen."
            )


def _check_gradients(answer):
    model, _ = _made(answer, nn.Linear(4, 3))
    _switched(model, True)
    learning = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    if len(learning) != 2:
        raise NotYet(
            f"two parameters should learn, the head's weight and bias; yours: {', '.join(learning) or 'none'}."
        )
    logits = model(PICTURES)
    if not logits.requires_grad:
        raise NotYet("the loss does not reach the head any more: nothing can learn.")


class _EvalOnce(ClassifierThatDrifts):
    def __init__(self, backbone, head):
        super().__init__(backbone, head)
        self.backbone.eval()


class _NoMomentum(ClassifierThatDrifts):
    def __init__(self, backbone, head):
        super().__init__(backbone, head)
        for module in backbone.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 0.0


class _NoGradient(ClassifierThatDrifts):
    def forward(self, images):
        with torch.no_grad():
            features = self.backbone(images)
        return self.head(features)


class _AlwaysEval(ClassifierThatDrifts):
    def train(self, mode=True):
        return super().train(False)


class _HeadAlwaysTrains(ClassifierThatDrifts):
    def train(self, mode=True):
        self.backbone.eval()
        self.head.train()
        return self


class _ReturnsNothing(ClassifierThatDrifts):
    def train(self, mode=True):
        super().train(mode)
        self.backbone.eval()


class _OnlyBatchNorm(ClassifierThatDrifts):
    def train(self, mode=True):
        super().train(mode)
        for module in self.backbone.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self


class _Learning(Classifier):
    def __init__(self, backbone, head):
        super().__init__(backbone, head)
        backbone.requires_grad_(True)


class _NothingLearns(Classifier):
    @torch.no_grad()
    def forward(self, images):
        return super().forward(images)


q7 = Question(
    number=7,
    reference=Classifier,
    probe=probe_classifier,
    starter=ClassifierThatDrifts,
    hints=[
        "requires_grad_(False) is for what an optimiser changes. BatchNorm's running averages are changed by something "
        "else: by a pass in train mode. Which mode should the backbone always be in?",
        "Once is not enough: the loop calls model.train() at each epoch, and that reaches everything in the model. "
        "Give the class a `train` of its own.",
        "def train(self, mode=True): first super().train(mode), then the backbone to eval mode, and `return self`, as "
        "nn.Module's does.",
    ],
    why="requires_grad stops gradients, and BatchNorm's averages move without any. Left alone, a \"frozen\" backbone "
    "drifts to other features while the head learns, and the weights you share are no longer those you loaded. "
    "`freeze` of this course keeps frozen parts in eval mode.",
    mistakes=[
        Mistake(_EvalOnce, "running_mean in the frozen backbone has moved"),
        Mistake(_NoGradient, "running_mean in the frozen backbone has moved"),
        Mistake(_NoMomentum, "gives other features"),
        Mistake(_OnlyBatchNorm, "gives other features"),
        Mistake(_AlwaysEval, "dropout does nothing any more"),
        Mistake(_HeadAlwaysTrains, "dropout still drops"),
        Mistake(_ReturnsNothing, "something else back than the model"),
        Mistake(_Learning, "two parameters should learn"),
        Mistake(_NothingLearns, "nothing can learn"),
        Mistake(lambda backbone, head: nn.Sequential(backbone, head), "has moved"),
        Mistake(lambda backbone, head: head, "came out as"),
        Mistake(lambda backbone, head: (Classifier(backbone, head), head), "expected an nn.Module"),
    ],
)  # fmt: skip
