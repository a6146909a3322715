"""Tubelet contrast: clips of different videos belong together if they carry the same tubelets.

Thesis of Thoker, chapter 5.4 ("Tubelet-Contrastive Self-Supervision for Video-Efficient
Generalization", ICCV 2023).
"""

from typing import TYPE_CHECKING

from severe_bench.pretrain.contrast_options import ContrastOptions
from severe_bench.pretrain.method import Method
from severe_bench.pretrain.tubelet_options import TubeletOptions

if TYPE_CHECKING:
    from severe_bench.pretrain.setting import Setting
    from severe_bench.train.batch import BatchSource
    from severe_bench.train.objective import Objective


class TubeletContrastOptions(ContrastOptions):
    """The contrast and the tubelets."""

    tubelets: TubeletOptions = TubeletOptions()


def _objective(setting: "Setting", options: TubeletContrastOptions) -> "Objective":
    from severe_bench.pretrain.moco import ContrastObjective

    return ContrastObjective.of(setting, options)


def _source(setting: "Setting", options: TubeletContrastOptions) -> "BatchSource":
    from severe_bench.pretrain.tubelet_pairs import TubeletPairs

    return TubeletPairs(setting, options.tubelets)


TUBELET_CONTRAST = Method("tubelet_contrast", "ssl", TubeletContrastOptions, _objective, _source)
