"""What exercise 9 asks of a network with heads: what they begin with, what they share, and whether all of it learns."""

import torch
from torch import nn

from utils.exercises.question import NotYet
from utils.exercises.values import shown

CLASSES = {"document": 2, "screen": 3}
PICTURES = torch.randn(40, 3, 8, 8, generator=torch.Generator().manual_seed(8))


class Pretrained(nn.Module):
    """A network for ten classes: `backbone` gives 6 maps, `last` makes 7 of them, `fc` answers. Pretrained, let us say."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 6, 3, stride=2), nn.BatchNorm2d(6), nn.ReLU())
        self.last = nn.Sequential(nn.Conv2d(6, 7, 1, bias=False), nn.BatchNorm2d(7), nn.ReLU())
        self.fc = nn.Linear(7, 10)
        for norm in (self.backbone[1], self.last[1]):
            nn.init.normal_(norm.running_mean, std=0.3)
            nn.init.uniform_(norm.running_var, 0.2, 2)
            nn.init.uniform_(norm.weight, 0.5, 2)
            nn.init.normal_(norm.bias)

    def forward(self, images):
        return self.fc(self.last(self.backbone(images)).mean(dim=(2, 3)))


def check_heads(model: nn.Module, features: torch.Tensor, in_backbone: int) -> None:
    """Raise NotYet unless each head begins with what was pretrained, learns, and shares the backbone alone.

    Args:
        model: in eval mode; {head: logits (N, K)} of the heads of CLASSES.
        features: (N, F), what the pretrained network has of PICTURES before its classifier.
        in_backbone: how many parameters its backbone has.
    """
    _wake(model)
    reached = {head: _reached(model, head) for head in CLASSES}
    _check_start(model, features)
    _check_no_dead(model, reached)
    _check_own(model, reached, in_backbone)
    _check_memory(model, reached)


def _wake(model):
    """Layers that begin with zeros, as some let the last one do, get other numbers, or nothing could be seen through them."""
    for parameter in model.parameters():
        if not parameter.any():
            nn.init.normal_(parameter)


def _outputs(model):
    outputs = model(PICTURES)
    if not isinstance(outputs, dict) or set(outputs) != set(CLASSES):
        raise NotYet(f"expected logits for each of the heads {list(CLASSES)}, a dictionary, got {shown(outputs)}.")
    for head, count in CLASSES.items():
        if not isinstance(outputs[head], torch.Tensor) or outputs[head].shape != (len(PICTURES), count):
            raise NotYet(
                f"{head}: expected {count} logits for each of {len(PICTURES)} pictures, got {shown(outputs[head])}."
            )
    return outputs


def _reached(model, head):
    """The names of the parameters that one head's logits depend on."""
    model.zero_grad(set_to_none=True)
    logits = _outputs(model)[head]
    if not logits.requires_grad:
        raise NotYet(f"{head}: nothing in this model can learn.")
    _check_found(model, head, logits)
    logits.sum().backward()
    return {name for name, parameter in model.named_parameters() if parameter.grad is not None}


def _check_found(model, head, logits):
    """All that a gradient reaches is among the model's parameters, or no optimiser would be given it."""
    own = {id(parameter) for parameter in model.parameters()}
    hidden = [tensor for tensor in _learning(logits) if id(tensor) not in own]
    if hidden:
        raise NotYet(f"{head}: {sum(tensor.numel() for tensor in hidden)} of the numbers that its logits come from are not among "
                     "model.parameters(): a plain dict or list hides them from the optimiser; nn.ModuleDict does not.")  # fmt: skip


def _learning(logits):
    """The tensors that backward from these logits gives a gradient, in the model's parameters or not."""
    found, seen, waiting = [], set(), [logits.grad_fn]
    while waiting:
        step = waiting.pop()
        if step is not None and step not in seen:
            seen.add(step)
            waiting += [before for before, _ in step.next_functions]
            found += [step.variable] if hasattr(step, "variable") else []  # the end of a way back: a tensor that learns
    return found


def _check_start(model, features):
    """Before any training, a head's logits are a linear layer's of the features that the pretrained network has."""
    rows = torch.cat([features, torch.ones(len(features), 1)], dim=1)
    with torch.no_grad():
        outputs = _outputs(model)
    for head, logits in outputs.items():
        rest = (logits - rows @ torch.linalg.lstsq(rows, logits).solution).abs().max().item()
        if not rest < 1e-3 * logits.std().item():
            raise NotYet(f"{head}: before any training, its logits are no linear layer's answer to the features that the "
                         "pretrained network has behind its last convolution. Where did they come from?")  # fmt: skip


def _check_no_dead(model, reached):
    names = [name for name, parameter in model.named_parameters() if name not in set().union(*reached.values())]
    if names:
        count = sum(dict(model.named_parameters())[name].numel() for name in names)
        raise NotYet(f"{count} numbers never get a gradient from any head: {', '.join(names[:3])}"
                     f"{' and others' if len(names) > 3 else ''}.")  # fmt: skip


def _check_own(model, reached, in_backbone):
    """What both heads depend on is the backbone, and no more."""
    sizes = {name: parameter.numel() for name, parameter in model.named_parameters()}
    shared = set.intersection(*reached.values())
    count = sum(sizes[name] for name in shared)
    if count > in_backbone:
        raise NotYet(f"both heads depend on the same {count} numbers ({', '.join(sorted(shared)[-2:])}, ...), and the backbone has "
                     f"{in_backbone}. What else do they share, that each should have for itself?")  # fmt: skip
    if count < in_backbone:
        raise NotYet(f"the backbone has {in_backbone} numbers, and both heads depend on {count} of them together. One pass of one backbone "
                     "should serve both, and all of it learn.")  # fmt: skip


def _check_memory(model, reached):
    """Two parameters may be two names of the same numbers: what one head learns, the other then has as well."""
    parameters = dict(model.named_parameters())
    one, other = ({parameters[name].data_ptr(): name for name in names} for names in _own_names(reached))
    for place in one.keys() & other.keys():
        raise NotYet(f"{one[place]} and {other[place]} are two names of the same numbers in memory: a step of one head changes the "
                     "other. Nothing but the backbone is to be shared.")  # fmt: skip


def _own_names(reached):
    shared = set.intersection(*reached.values())
    return [sorted(names - shared) for names in reached.values()]
