"""Temporal contrast: two temporal crops of one video belong together.

The baseline of the thesis of Thoker, chapter 5, eq. 5.1.
"""

from typing import TYPE_CHECKING

from severe_bench.pretrain.contrast_options import ContrastOptions
from severe_bench.pretrain.method import Method

if TYPE_CHECKING:
    from severe_bench.pretrain.setting import Setting
    from severe_bench.train.batch import BatchSource
    from severe_bench.train.objective import Objective


def _objective(setting: "Setting", options: ContrastOptions) -> "Objective":
    from severe_bench.pretrain.moco import ContrastObjective

    return ContrastObjective.of(setting, options)


def _source(setting: "Setting", options: ContrastOptions) -> "BatchSource":  # noqa: ARG001
    from severe_bench.pretrain.temporal_pairs import TemporalPairs

    return TemporalPairs(setting)


TEMPORAL_CONTRAST = Method("temporal_contrast", "ssl", ContrastOptions, _objective, _source)
