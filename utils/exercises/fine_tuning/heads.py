"""Exercise 1: a new last layer for any network."""

import copy
import functools
from collections import Counter

import torch
from torch import nn
from torch.nn import functional as F
from torchvision import models

from utils.exercises.asking import asked
from utils.exercises.question import Mistake, NotYet, Question
from utils.exercises.values import shown

CLASSES = 7
PICTURES = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
NETWORKS = {
    "shufflenet_v2_x0_5": models.shufflenet_v2_x0_5,
    "mobilenet_v3_small": models.mobilenet_v3_small,
    # A small one: here another number of features goes into the head, and it lies one level deeper.
    "a vision transformer": functools.partial(
        models.VisionTransformer, image_size=32, patch_size=16, num_layers=1, num_heads=2, hidden_dim=32, mlp_dim=64
    ),
}


def replace_head(model, num_classes):
    """The network with its last nn.Linear replaced by a new one for num_classes."""
    name, last = [(name, module) for name, module in model.named_modules() if isinstance(module, nn.Linear)][-1]
    parent, _, own_name = name.rpartition(".")
    setattr(model.get_submodule(parent), own_name, nn.Linear(last.in_features, num_classes))
    return model


def probe_replace_head(answer):
    for name in NETWORKS:
        before = _network(name)
        got = asked(answer, name, copy.deepcopy(before), CLASSES)
        if not isinstance(got, nn.Module):
            raise NotYet(f"expected the network itself, got {shown(got)}.")
        _check_old_tensors(before, got, name)
        weight, bias = _new_layer(before, got, name)
        _check_logits(before, got, weight, bias, name)


@functools.cache
def _network(name):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return NETWORKS[name]().eval()


def _head(model):
    """The name of the last nn.Linear."""
    return [name for name, module in model.named_modules() if isinstance(module, nn.Linear)][-1]


def _key(tensor):
    """Two tensors with the same shape and values have the same key, wherever they stand in a network."""
    return tuple(tensor.shape), hash(tensor.detach().numpy().tobytes())


def _check_old_tensors(before, got, name):
    """The old head is gone, and everything else is still there, wherever it stands now."""
    head, old, now = _head(before), before.state_dict(), got.state_dict()
    left = Counter(map(_key, now.values()))
    in_place = {key for key in old.keys() & now.keys() if _key(old[key]) == _key(now[key])}
    # Those in their place first: tensors of BatchNorms are often equal, and the one that is gone is to be named.
    for tensor_name in sorted(old, key=lambda key: key not in in_place):
        tensor, in_head = old[tensor_name], tensor_name.startswith(f"{head}.")
        if in_head and left[_key(tensor)]:
            raise NotYet(f"{name}: the old head is still in it ({tensor_name}, {tensor.numel():,} numbers that nobody "
                         "needs any more).")  # fmt: skip
        if not in_head and not left[_key(tensor)]:
            raise NotYet(f"{name}: {tensor_name} has been thrown away or changed. Only the last layer was to go: what "
                         "comes before it has learned something.")  # fmt: skip
        left[_key(tensor)] -= 1


def _new_layer(before, got, name):
    """Weight and bias of the one new layer; a layer without bias has None."""
    old = Counter(map(_key, before.state_dict().values()))
    new = {tensor_name: tensor for tensor_name, tensor in got.state_dict().items() if not old[_key(tensor)]}
    weights, biases = ([tensor for tensor in new.values() if tensor.ndim == ndim] for ndim in (2, 1))
    if len(weights) != 1 or len(biases) > 1 or len(new) != len(weights) + len(biases):
        raise NotYet(f"{name}: expected one new layer, with a weight and a bias; new in your network: "
                     f"{', '.join(new) or 'nothing'}.")  # fmt: skip
    out_features, in_features = weights[0].shape
    if in_features != before.get_submodule(_head(before)).in_features:
        raise NotYet(f"{name}: your new layer takes {in_features} features. How many does this network's old one take?")
    if out_features != CLASSES:
        raise NotYet(f"{name}: asked for {CLASSES} classes, your new layer gives {out_features} logits.")
    fixed = [key for key, parameter in got.named_parameters() if key in new and not parameter.requires_grad]
    if fixed:
        raise NotYet(f"{name}: {fixed[0]} does not learn, requires_grad is False.")
    return weights[0], biases[0] if biases else None


def _check_logits(before, got, weight, bias, name):
    """What comes out is the new layer's answer to the features that the old one got."""
    seen = []
    hook = before.get_submodule(_head(before)).register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        before(PICTURES)
        hook.remove()
        logits = got.eval()(PICTURES)
    if not isinstance(logits, torch.Tensor) or logits.shape != (len(PICTURES), CLASSES):
        raise NotYet(f"{name}: {len(PICTURES)} pictures and {CLASSES} classes, and out come {shown(logits)}.")
    if not torch.allclose(logits, F.linear(seen[0], weight, bias), atol=1e-4):
        raise NotYet(f"{name}: the new layer is there, but what comes out is not its answer to the old one's features. "
                     "Is something between, or behind it?")  # fmt: skip


def _whole_classifier(model, num_classes):
    if not hasattr(model, "classifier"):
        return replace_head(model, num_classes)
    model.classifier = nn.Linear(model.classifier[0].in_features, num_classes)
    return model


def _hard_coded(model, num_classes):
    parent, _, name = _head(model).rpartition(".")
    setattr(model.get_submodule(parent), name, nn.Linear(1024, num_classes))
    return model


def _beside(model, num_classes):
    model.head = nn.Linear(model.get_submodule(_head(model)).in_features, num_classes)
    return model


def _fc_only(model, num_classes):
    model.fc = nn.Linear(model.fc.in_features, num_classes)
    return model


def _fc_always(model, num_classes):
    model.fc = nn.Linear(1024, num_classes)
    return model


def _only_the_number(model, num_classes):
    model.get_submodule(_head(model)).out_features = num_classes
    return model


def _with_softmax(model, num_classes):
    return nn.Sequential(replace_head(model, num_classes), nn.Softmax(dim=1))


def _one_picture_only(model, num_classes):
    return nn.Sequential(replace_head(model, num_classes), nn.Flatten(start_dim=0))


def _two_layers(model, num_classes):
    parent, _, name = _head(model).rpartition(".")
    features = model.get_submodule(_head(model)).in_features
    setattr(model.get_submodule(parent), name, nn.Sequential(nn.Linear(features, 64), nn.Linear(64, num_classes)))
    return model


def _without_a_batchnorm(model, num_classes):
    model.conv1[1] = nn.Identity()
    return replace_head(model, num_classes)


def _all_anew(model, num_classes):
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            module.reset_parameters()
    return replace_head(model, num_classes)


q1 = Question(
    number=1,
    reference=replace_head,
    probe=probe_replace_head,
    hints=[
        "Look at the network: `model.named_modules()` gives pairs of a name and a layer, in order. Which is the last "
        "one that is an nn.Linear? It knows its own in_features.",
        "A name such as 'classifier.3' has two parts: the layer it lies in, model.get_submodule('classifier'), and its "
        "own name there, '3'. name.rpartition('.') cuts it. For 'fc' the first part is '', and get_submodule('') is "
        "the model.",
        "setattr(model.get_submodule(parent), own_name, nn.Linear(last.in_features, num_classes)) works for every "
        "network; and the model is returned.",
    ],
    why="Everything before the last layer has learned something that is of use for other pictures too; only the last "
    "layer's answers are about the old classes. Published code replaced MobileNet's whole `classifier` and threw its "
    "pretrained first layer away, or left the old head in and carried it along for ever.",
    mistakes=[
        Mistake(_whole_classifier, "classifier.0.weight has been thrown away"),
        Mistake(_hard_coded, "takes 1024 features"),
        Mistake(_beside, "the old head is still in it (fc.weight"),
        Mistake(_fc_only, "AttributeError"),
        Mistake(_fc_always, "the old head is still in it (classifier.3.weight"),
        Mistake(_only_the_number, "the old head is still in it"),
        Mistake(
            lambda model, num_classes: nn.Sequential(model, nn.Linear(1000, num_classes)), "old head is still in it"
        ),
        Mistake(lambda model, num_classes: replace_head(model, 1000), "gives 1000 logits"),
        Mistake(_with_softmax, "not its answer to the old one's features"),
        Mistake(_two_layers, "expected one new layer"),
        Mistake(_all_anew, "conv1.0.weight has been thrown away or changed"),
        Mistake(_without_a_batchnorm, "conv1.1.weight has been thrown away"),
        Mistake(lambda model, num_classes: nn.Linear(1024, num_classes), "conv1.0.weight has been thrown away"),
        Mistake(lambda model, num_classes: replace_head(model, num_classes).requires_grad_(False), "does not learn"),
        Mistake(_one_picture_only, "and out come"),
        Mistake(lambda model, num_classes: _head(replace_head(model, num_classes)), "the network itself, got 'fc'"),
        Mistake(lambda model, num_classes: None, "returned None"),
    ],
)
