"""A procedure: how samples of one kind meet a network."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from severe_bench.core.registry import Registry

if TYPE_CHECKING:
    from severe_bench.adapt.inputs import Inputs, Outcome

Way = Callable[["Inputs"], "Outcome"]


@dataclass(frozen=True)
class Procedure:
    """The ways in which samples of one kind are adapted to; None: this way makes no sense.

    Light to import, torch only inside the functions.

    Args:
        name: registry name.
        finetune: backbone and head train together.
        probe: the backbone is frozen and a head trains: on cached features, or on clips where the
            task has no unit of features.
        frozen: nothing trains.
    """

    name: str
    finetune: "Way | None" = None
    probe: "Way | None" = None
    frozen: "Way | None" = None


PROCEDURES: Registry[Procedure] = Registry(
    "procedure",
    {
        "clips": "severe_bench.adapt.clips:CLIPS",
        "retrieval": "severe_bench.adapt.retrieval:RETRIEVAL",
        "clustering": "severe_bench.adapt.clustering:CLUSTERING",
        "boxes": "severe_bench.adapt.boxes.procedure:BOXES",
        "tubes": "severe_bench.adapt.tubes.procedure:TUBES",
        "counting": "severe_bench.adapt.counting.procedure:COUNTING",
        "timeline": "severe_bench.adapt.timeline.procedure:TIMELINE",
    },
    group="severe_bench.procedures",
    of=Procedure,
)
