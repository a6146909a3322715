"""Supervised pretraining: the classes of the source set, a linear head that is thrown away."""

from typing import TYPE_CHECKING

from severe_bench.core.extras import LABEL
from severe_bench.core.frozen import Frozen
from severe_bench.pretrain.method import Method

if TYPE_CHECKING:
    from severe_bench.pretrain.setting import Setting
    from severe_bench.train.batch import BatchSource
    from severe_bench.train.objective import Objective


class SupervisedOptions(Frozen):
    """None: the recipe says it all."""


def _objective(setting: "Setting", options: SupervisedOptions) -> "Objective":  # noqa: ARG001
    from severe_bench.pretrain.classification import classification

    return classification(setting)


def _source(setting: "Setting", options: SupervisedOptions) -> "BatchSource":  # noqa: ARG001
    from severe_bench.pretrain.classification import labelled_clips

    return labelled_clips(setting)


SUPERVISED = Method(
    "supervised", "supervised", SupervisedOptions, _objective, _source, needs=(LABEL,)
)
