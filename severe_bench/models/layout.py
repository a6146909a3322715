"""A checkpoint layout: how the names in a released file map to a backbone's; light to import."""

import re
from dataclasses import dataclass

from severe_bench.config.network_input import Input
from severe_bench.core.registry import Registry


@dataclass(frozen=True)
class Layout:
    """From a file's names to the backbone's.

    A file is unwrapped as long as it has one of `wrappers` as a key. Each name then loses the
    `prefixes`, is dropped if it matches one of `leftovers`, must begin with `root`, loses that, and
    is rewritten by `renames`. A name that finds no place is an error, not a warning.

    Args:
        name: registry name.
        backbones: whose tensors such files hold, the usual one first; none: any, which has to be
            named to look for it.
        wrappers: keys under which the tensors may lie.
        prefixes: taken off the front of names that have them, in this order.
        root: where in the file's network the backbone lies.
        leftovers: regular expressions of whole names (without `prefixes`) that may be left over.
        renames: (regular expression, replacement) pairs, applied in order by `re.sub`.
        splits: (regular expression of a whole renamed name, replacements): such a tensor is cut
            along its first dimension into as many equal parts.
        input: how pixels became numbers in pretraining, where that differs from the default; the
            input of a model entry that states none.
        bn_eps: of batch normalisation in pretraining, where that differs from the backbone's; a
            model of one of `backbones` is built with it, unless its entry's `kwargs` say otherwise.
    """

    name: str
    backbones: tuple[str, ...] = ()
    wrappers: tuple[str, ...] = ("state_dict", "model")
    prefixes: tuple[str, ...] = ("module.",)
    root: str = ""
    leftovers: tuple[str, ...] = ()
    renames: tuple[tuple[str, str], ...] = ()
    splits: tuple[tuple[str, tuple[str, ...]], ...] = ()
    input: Input | None = None
    bn_eps: float | None = None


def outside(root: str) -> str:
    """The leftover rule of layouts that keep one part of a larger model: all names outside it.

    Example:
        >>> import re
        >>> bool(re.fullmatch(outside("video."), "audio.conv1.weight"))
        True
    """
    return rf"(?!{re.escape(root)}).*"


LAYOUTS: Registry[Layout] = Registry(
    "checkpoint layout",
    {
        "severe": "severe_bench.models.layouts.severe:SEVERE",
        "plain": "severe_bench.models.layouts.plain:PLAIN",
        "torchvision": "severe_bench.models.layouts.torchvision:TORCHVISION",
        "moco": "severe_bench.models.layouts.moco:MOCO",
        "video_moco": "severe_bench.models.layouts.video_moco:VIDEO_MOCO",
        "selavi": "severe_bench.models.layouts.selavi:SELAVI",
        "pretext_contrast": "severe_bench.models.layouts.pretext_contrast:PRETEXT_CONTRAST",
        "rspnet": "severe_bench.models.layouts.rspnet:RSPNET",
        "avid_cma": "severe_bench.models.layouts.avid_cma:AVID_CMA",
        "avid_cma_public": "severe_bench.models.layouts.avid_cma_public:AVID_CMA_PUBLIC",
        "ctp": "severe_bench.models.layouts.ctp:CTP",
        "svt": "severe_bench.models.layouts.svt:SVT",
        "tclr": "severe_bench.models.layouts.tclr:TCLR",
        "videomae": "severe_bench.models.layouts.videomae:VIDEOMAE",
        "hf": "severe_bench.models.layouts.hf:HF",
        "hf_videomae": "severe_bench.models.layouts.hf:HF_VIDEOMAE",
        "hf_vjepa2": "severe_bench.models.layouts.hf:HF_VJEPA2",
        "hf_timesformer": "severe_bench.models.layouts.hf:HF_TIMESFORMER",
        "hf_vivit": "severe_bench.models.layouts.hf:HF_VIVIT",
        "gdt": "severe_bench.models.layouts.gdt:GDT",
        "tubelet_contrast": "severe_bench.models.layouts.tubelet_contrast:TUBELET_CONTRAST",
        "tubelet_contrast_r3d": "severe_bench.models.layouts.tubelet_contrast_r3d:TUBELET_R3D",
        "tubelet_contrast_i3d": "severe_bench.models.layouts.tubelet_contrast_i3d:TUBELET_I3D",
    },
    group="severe_bench.layouts",
    of=Layout,
)
