"""What runs a cell of each kind, and what it hands back."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

from severe_bench.core.errors import UserError
from severe_bench.core.registry import nearest
from severe_bench.core.session import Session
from severe_bench.plan.cell import Cell
from severe_bench.store.predictions import Predictions
from severe_bench.store.result import MetricValue


@dataclass(frozen=True)
class Work:
    """A cell and its surroundings."""

    cell: Cell
    session: Session


@dataclass(frozen=True)
class Outputs:
    """What a cell measured; files that it made lie in its folder already.

    Args:
        clips: that went through the network.
        decoders: clips read by each, by name and version; empty where no video was read.
        seeds: by role.
        weights, split, dataset: digests, empty where they do not apply.
        missing: samples without a readable video that the cell did without, by split.
        selected_epoch: 1-based epoch of a state chosen on the test split; None: the last one.
        leftovers: names in the cell's folder that only an unfinished cell needs.
    """

    metrics: tuple[MetricValue, ...] = ()
    predictions: Predictions | None = None
    clips: int = 0
    decoders: Mapping[str, int] = field(default_factory=dict)
    seeds: Mapping[str, int] = field(default_factory=dict)
    weights: str = ""
    split: str = ""
    dataset: str = ""
    missing: Mapping[str, int] = field(default_factory=dict)
    selected_epoch: int | None = None
    leftovers: tuple[str, ...] = ()


Runner = Callable[[Work], Outputs]

RUNNERS: dict[str, str] = {
    "dataset": "severe_bench.run.kinds.dataset:run_dataset",
    "pretrain": "severe_bench.run.kinds.pretraining:run_pretraining",
    "features": "severe_bench.run.kinds.extraction:run_extraction",
    "evaluate": "severe_bench.run.kinds.evaluation:run_evaluation",
}
"""Job kind -> "module:function", imported by the worker when the first such cell comes."""


def runner_of(kind: str, runners: Mapping[str, str]) -> Runner:
    """The function that runs cells of this kind.

    Raises:
        UserError: no such kind.
    """
    if kind not in runners:
        raise UserError(f"no cell of kind {kind!r} can be run", mend=nearest(kind, list(runners)))
    module, _, name = runners[kind].partition(":")
    return cast(Runner, getattr(importlib.import_module(module), name))
