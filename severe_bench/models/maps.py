"""What a network knows before it pools: maps, tokens, and the vectors of its stages.

One forward pass gives all of it. Gradients flow, in train and eval mode alike; dropout and batch
normalisation do what the mode says.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch import Tensor, nn

from severe_bench.core.errors import UserError
from severe_bench.models.backbone import BACKBONES
from severe_bench.models.stages import Stages

FEATURES = "features"
"""Name in `layers` of what the network itself returns."""


def feature_maps(name: str, network: nn.Module, clips: Tensor) -> Tensor:
    """The last maps (B, C, T', H', W') before the network pools them.

    Args:
        name: of the backbone, or its factory.
        network: built under that name.
        clips: (B, 3, T, H, W), float and normalised.

    Raises:
        UserError: the network does not say where its maps are, or says it of a part that is called
            more than once.
    """
    return both(name, network, clips)[1]


def tokens(name: str, network: nn.Module, clips: Tensor) -> Tensor:
    """The last maps as P = T' * H' * W' tokens (B, P, C), frame after frame; no class token.

    Raises:
        UserError: as `feature_maps`.
    """
    return feature_maps(name, network, clips).flatten(2).transpose(1, 2)


def both(name: str, network: nn.Module, clips: Tensor) -> tuple[Tensor, Tensor]:
    """Features (B, D) and last maps (B, C, T', H', W') of one forward pass.

    A foreign network that has a method `maps` instead of `stages` runs twice.

    Raises:
        UserError: as `feature_maps`.
    """
    own = getattr(network, "maps", None)
    if callable(own) and not isinstance(own, nn.Module):
        return network(clips), _checked(own(clips), name, "maps")
    stages = stages_of(name, network)
    last = stages.names[-1]
    features, outputs = _passed(network, clips, (last,))
    return features, _checked(stages.arrange(outputs[last]), name, last)


def layers(name: str, network: nn.Module, clips: Tensor) -> dict[str, Tensor]:
    """The mean (B, C) of each stage's maps, first stage first, and `features` (B, D) at the end.

    Raises:
        UserError: as `feature_maps`.
    """
    stages = stages_of(name, network)
    features, outputs = _passed(network, clips, stages.names)
    pooled = {
        stage: _checked(stages.arrange(outputs[stage]), name, stage).mean(dim=(2, 3, 4))
        for stage in stages.names
    }
    return {**pooled, FEATURES: features}


def stages_of(name: str, network: nn.Module) -> Stages:
    """Where the maps are: the network says so itself, or its backbone does.

    A foreign network has an attribute `stages`, the names of the submodules whose outputs are maps.

    Raises:
        UserError: neither does, or there is no such submodule.
    """
    own = getattr(network, "stages", None)
    stages = Stages(tuple(own)) if isinstance(own, tuple | list) else own
    if not isinstance(stages, Stages):
        stages = BACKBONES.get(name).maps
    if stages is None or not stages.names:
        mend = (
            "give the network an attribute `stages` (names of the submodules whose outputs are "
            "maps, e.g. ('layer3', 'layer4')) or a method `maps(clips)`"
        )
        raise UserError("it is not known where this network's maps are", name, mend)
    there = dict(network.named_modules())
    unknown = next((stage for stage in stages.names if stage not in there), None)
    if unknown is not None:
        raise UserError(f"there is no submodule {unknown!r}", name, "mend the network's `stages`")
    return stages


def _passed(
    network: nn.Module, clips: Tensor, names: tuple[str, ...]
) -> tuple[Tensor, dict[str, Any]]:
    """What the network returns, and what its submodules do."""
    outputs: dict[str, Any] = {}
    with _watched(network, names, outputs):
        features: Tensor = network(clips)
    return features, outputs


@contextmanager
def _watched(network: nn.Module, names: tuple[str, ...], outputs: dict[str, Any]) -> Iterator[None]:
    """Each submodule's output is put into `outputs` as it comes.

    Raises:
        UserError: one comes twice, so that it is not known which of them is meant.
    """
    # A compiled network that turns out not to compile runs again from its start.
    compiled = any(part._compiled_call_impl is not None for part in network.modules())

    def keep(name: str, _module: nn.Module, _inputs: object, output: object) -> None:
        if name in outputs and not compiled:
            mend = "wrap the call that is meant in a module of its own, and name that in `stages`"
            raise UserError("is called more than once in a forward pass", name, mend)
        outputs[name] = output

    hooks = [
        network.get_submodule(name).register_forward_hook(partial(keep, name)) for name in names
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _checked(maps: object, name: str, stage: str) -> Tensor:
    shape = tuple(getattr(maps, "shape", ()))
    if not isinstance(maps, Tensor) or len(shape) != 5:
        what = f"{stage} gives {shape or type(maps).__name__}, not maps"
        raise UserError(what, name, "maps are (B, C, T', H', W')")
    return maps
