"""A backbone: a network that turns clips into one feature vector each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from severe_bench.config.network_input import Input
from severe_bench.core.registry import Registry
from severe_bench.models.factory import SEPARATOR, find_factory
from severe_bench.models.stages import Stages

if TYPE_CHECKING:
    from torch import nn

FACTORY_GROUP = "severe_bench.models"


@dataclass(frozen=True)
class Backbone:
    """How to build a network without its classifier; light to import.

    Args:
        name: registry name.
        width: of the feature vector; None: not known before the network is built.
        build: keyword arguments -> module mapping clips (B, 3, T, H, W), float and normalised, to
            features (B, width). Randomly initialised from torch's global generator.
        modality: what it reads.
        frames, size: fixed by the architecture, or None where any value works.
        input: how the released weights of this architecture read pixels; None: as the layout of
            the checkpoint says, else ImageNet's mean and deviation, red first.
        maps: the submodules whose outputs are maps; None: it has none, or the network itself says.
        norm_eps: of its batch normalisations where `kwargs` have no `bn_eps`; None: not known, or
            it has none.
        requires: package of an optional extra that it needs; empty: none.
        describe: where the architecture follows from arguments and a checkpoint's folder.
    """

    name: str
    width: int | None
    build: "Callable[..., nn.Module]"
    modality: str = "rgb"
    frames: int | None = None
    size: int | None = None
    input: Input | None = None
    maps: Stages | None = None
    norm_eps: float | None = None
    requires: str = ""
    describe: "Callable[[Mapping[str, Any], Path | None], Described] | None" = None

    @property
    def installed(self) -> bool:
        """Whether what it needs beyond this package's own requirements is here."""
        return not self.requires or find_spec(self.requires) is not None


@dataclass(frozen=True)
class Described:
    """A backbone whose architecture is known from its arguments and its checkpoint's folder.

    Args:
        backbone: with frames, size and input as the architecture says.
        kwargs: arguments that build it anywhere, without the folder.
        layout: of the folder's weights.
    """

    backbone: Backbone
    kwargs: dict[str, Any]
    layout: str


def described(backbone: Backbone, kwargs: Mapping[str, Any], checkpoint: Path | None) -> Described:
    """What is known of a backbone with these arguments and this checkpoint.

    Raises:
        UserError: the checkpoint's folder does not say what it has to.
    """
    if backbone.describe is None:
        return Described(backbone, dict(kwargs), "")
    folder = checkpoint if checkpoint is not None and checkpoint.is_dir() else None
    return backbone.describe(kwargs, folder)


class Backbones(Registry[Backbone]):
    """Registered backbones, and factories of other packages.

    A factory goes by `module:function`, or by its name as an entry point of `severe_bench.models`.
    """

    def names(self) -> list[str]:
        """All names but those of factories that are no entry points, sorted."""
        return sorted({*super().names(), *self._factories})

    def get(self, name: str, where: str = "") -> Backbone:
        """The backbone called `name`; a factory's comes back with the digest of its source.

        Raises:
            UserError: an unknown name, or a factory that is not on this machine.
        """
        place = self._factories.get(name, name)
        if SEPARATOR not in place:
            return super().get(name, where)
        factory = find_factory(place)
        return Backbone(factory.name, None, factory.build)

    @cached_property
    def _factories(self) -> dict[str, str]:
        own = super().names()
        points = entry_points(group=FACTORY_GROUP)
        return {point.name: point.value for point in points if point.name not in own}


BACKBONES = Backbones(
    "backbone",
    {
        "r2plus1d_18": "severe_bench.models.backbones.torchvision_resnets:R2PLUS1D_18",
        "r3d_18": "severe_bench.models.backbones.torchvision_resnets:R3D_18",
        "mc3_18": "severe_bench.models.backbones.torchvision_resnets:MC3_18",
        "r2plus1d_34": "severe_bench.models.backbones.torchvision_resnets:R2PLUS1D_34",
        "tclr_r2plus1d_18": "severe_bench.models.backbones.tclr:TCLR_R2PLUS1D_18",
        "avid_r2plus1d_18": "severe_bench.models.backbones.avid:AVID_R2PLUS1D_18",
        "s3d": "severe_bench.models.backbones.s3d:S3D",
        "c3d": "severe_bench.models.backbones.c3d:C3D",
        "resnet3d_18": "severe_bench.models.backbones.resnet3d:RESNET3D_18",
        "resnet3d_50": "severe_bench.models.backbones.resnet3d:RESNET3D_50",
        "mvit_v1_b": "severe_bench.models.backbones.torchvision_transformers:MVIT_V1_B",
        "mvit_v2_s": "severe_bench.models.backbones.torchvision_transformers:MVIT_V2_S",
        "swin3d_t": "severe_bench.models.backbones.torchvision_transformers:SWIN3D_T",
        "swin3d_s": "severe_bench.models.backbones.torchvision_transformers:SWIN3D_S",
        "swin3d_b": "severe_bench.models.backbones.torchvision_transformers:SWIN3D_B",
        "svt_vit_b": "severe_bench.models.backbones.svt:SVT_VIT_B",
        "i3d": "severe_bench.models.backbones.i3d:I3D",
        "videomae_vit_s": "severe_bench.models.backbones.videomae:VIDEOMAE_VIT_S",
        "videomae_vit_b": "severe_bench.models.backbones.videomae:VIDEOMAE_VIT_B",
        "hf_video": "severe_bench.models.backbones.hf_video:HF_VIDEO",
        "r2plus1d_narrow": "severe_bench.models.backbones.r2plus1d_narrow:R2PLUS1D_NARROW",
    },
    group="severe_bench.backbones",
    of=Backbone,
)
