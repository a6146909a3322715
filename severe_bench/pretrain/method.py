"""A pretraining method: from clips of a source set to a checkpoint."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from severe_bench.core.frozen import Frozen
from severe_bench.core.registry import Registry

if TYPE_CHECKING:
    from severe_bench.pretrain.setting import Setting
    from severe_bench.train.batch import BatchSource
    from severe_bench.train.objective import Objective

Options = TypeVar("Options", bound=Frozen)


@dataclass(frozen=True)
class Method(Generic[Options]):
    """Light to import; torch only inside the functions.

    Args:
        name: registry name.
        kind: provenance of the result: `ssl`, `supervised` or `teacher-supervised`.
        options: schema of the method's own options.
        objective: (setting, options) -> what the one training loop minimises; the part of its
            module called `backbone` is kept.
        source: (setting, options) -> batches, a pure function of (epoch, step).
        needs: the targets that records must have, by name, as of a task.
    """

    name: str
    kind: str
    options: type[Options]
    objective: "Callable[[Setting, Options], Objective]"
    source: "Callable[[Setting, Options], BatchSource]"
    needs: tuple[str, ...] = ()


METHODS: Registry[Method[Frozen]] = Registry(
    "pretraining method",
    {
        "supervised": "severe_bench.pretrain.supervised:SUPERVISED",
        "temporal_contrast": "severe_bench.pretrain.temporal_contrast:TEMPORAL_CONTRAST",
        "tubelet_contrast": "severe_bench.pretrain.tubelet_contrast:TUBELET_CONTRAST",
    },
    group="severe_bench.pretraining",
    of=Method,
)
