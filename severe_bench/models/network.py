"""From a model as data to a network in memory."""

from pathlib import Path

import torch
from torch import nn

from severe_bench.core.errors import UserError
from severe_bench.models.backbone import BACKBONES
from severe_bench.models.factory import SEPARATOR
from severe_bench.models.weights import load_checkpoint, load_into
from severe_bench.plan.job import NetworkRef

LOOK = "look at it with: severe models check"
OF_FACTORY = "save it under the names that your network has, then try: severe models mock-run NAME"


def build_network(ref: NetworkRef, weights_file: Path | None) -> nn.Module:
    """Build the backbone of a model with its weights, on the CPU.

    Args:
        ref: backbone and weights. Source `none` draws the weights from `init_seed` and leaves
            torch's global random state as it was.
        weights_file: the file of the sources `file` and `pretrain`.

    Raises:
        UserError: unknown backbone or arguments, or a file that does not fit in every tensor.
    """
    if ref.weights.source == "none":
        return init_backbone(ref.backbone, ref.kwargs, ref.weights.init_seed or 0)
    if weights_file is None:
        raise UserError("no weights file is given", ref.backbone, "set its path in the model entry")
    network = init_backbone(ref.backbone, ref.kwargs, 0)
    checkpoint = load_checkpoint(weights_file, ref.weights.layout or "severe")
    look = OF_FACTORY if SEPARATOR in ref.backbone else f"{LOOK} {weights_file}"
    load_into(network, checkpoint.tensors, str(weights_file), checkpoint.strays, look)
    return network


def feature_width(name: str, network: nn.Module, frames: int, size: int) -> int:
    """Width of a network's features: as its backbone declares, else of the features of one clip.

    Args:
        name: of the backbone.
        network: built; its mode and statistics are left as they were.
        frames: of a clip that it can read.
        size: of that clip, in pixels.

    Raises:
        UserError: what comes out is not one vector per clip.
    """
    declared = BACKBONES.get(name).width
    if declared is not None:
        return declared
    was_training = network.training
    network.eval()
    with torch.no_grad():
        features = network(torch.zeros(1, 3, frames, size, size))
    network.train(was_training)
    shape = tuple(getattr(features, "shape", ()))
    if len(shape) != 2 or shape[0] != 1:
        what = f"clips (1, 3, {frames}, {size}, {size}) became {shape or type(features).__name__}"
        raise UserError(what, name, "return features (B, D), without classifier, pooled")
    return int(shape[1])


def init_backbone(name: str, kwargs: dict[str, object], seed: int) -> nn.Module:
    """Build a backbone with weights drawn from `seed`.

    Raises:
        UserError: unknown backbone, or arguments that it does not take.
    """
    backbone = BACKBONES.get(name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            return backbone.build(**kwargs)
        except TypeError as error:
            raise UserError(f"backbone {name}: {error}", mend="check its kwargs") from error
