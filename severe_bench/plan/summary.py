"""A plan in a few lines: by experiment, by factor, and what is missing, each once."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from severe_bench.plan.build import Refused
from severe_bench.plan.cell import Cell, Label
from severe_bench.plan.expect import Expectations
from severe_bench.plan.prior import GPU, prior_seconds, size_known
from severe_bench.plan.state import IMPOSSIBLE, state_of

RUNG = re.compile(r"-\d+(x\d+)?$")
"""Ends the names of the experiments that a ladder or a sweep makes."""


@dataclass(frozen=True)
class Group:
    """Cells that are told of in one line.

    Args:
        name: of an experiment, with `-*` for those of a ladder or a sweep; a factor; or the kind of
            cells that others need.
        factor, protocol: of evaluated cells.
        experiments, presets, models, seeds: how many different ones.
        states: number of cells by state.
        compute_seconds: expected on one worker here, of the cells that are not done, whether they
            can run here or not; of those that can run nowhere, or cannot run here and read a
            dataset of unknown size, nothing.
        gpu_seconds: by the prior, of those on one GPU.
    """

    name: str
    factor: str
    protocol: str
    experiments: int
    presets: int
    models: int
    seeds: int
    states: Mapping[str, int]
    compute_seconds: float
    gpu_seconds: float

    @property
    def cells(self) -> int:
        """Number of cells."""
        return sum(self.states.values())


@dataclass(frozen=True)
class Summary:
    """Of a plan: evaluated cells by experiment and by factor, and the cells that they need."""

    experiments: tuple[Group, ...]
    factors: tuple[Group, ...]
    needed: tuple[Group, ...]


def summarised(
    cells: Sequence[Cell],
    states: Mapping[str, str],
    measured: Mapping[str, float],
    refused: Sequence[Refused] = (),
) -> Summary:
    """Group a plan's cells.

    Args:
        cells: of the plan.
        states: by cell id, as the store says.
        measured: seconds that finished cells took, by id.
        refused: of the plan.
    """
    count = _Counting(cells, states, measured, frozenset(why.what for why in refused))
    labelled = [cell for cell in cells if cell.label]
    return Summary(
        count.groups(labelled, lambda label: RUNG.sub("-*", label.experiment)),
        count.groups(labelled, lambda label: label.factor),
        count.kinds(cell for cell in cells if not cell.label),
    )


class _Counting:
    def __init__(
        self,
        cells: Sequence[Cell],
        states: Mapping[str, str],
        measured: Mapping[str, float],
        refused: frozenset[str],
    ) -> None:
        self.states, self.refused = states, refused
        self.expect = Expectations()
        for cell in cells:
            if cell.id in measured:
                self.expect.learn(cell, measured[cell.id])

    def groups(self, cells: Sequence[Cell], name_of: Callable[[Label], str]) -> tuple[Group, ...]:
        found: dict[str, list[Cell]] = {}
        for cell in cells:
            if cell.label is not None:
                found.setdefault(name_of(cell.label), []).append(cell)
        return tuple(self._group(name, members) for name, members in found.items())

    def kinds(self, cells: Iterable[Cell]) -> tuple[Group, ...]:
        found: dict[str, list[Cell]] = {}
        for cell in cells:
            found.setdefault(cell.job.kind, []).append(cell)
        return tuple(self._group(kind, members) for kind, members in found.items())

    def _has_cost(self, cell: Cell) -> bool:
        state = state_of(cell, self.states)
        if state == "done" or cell.problem in self.refused:
            return False
        return state != IMPOSSIBLE or _of_known_size(cell)

    def _group(self, name: str, cells: Sequence[Cell]) -> Group:
        labels = [cell.label for cell in cells if cell.label]
        states = Counter(state_of(cell, self.states) for cell in cells)
        left = [cell for cell in cells if self._has_cost(cell)]
        return Group(
            name=name,
            factor="/".join(sorted({label.factor for label in labels})),
            protocol="/".join(sorted({label.protocol for label in labels})),
            experiments=len({label.experiment for label in labels}),
            presets=len({label.preset for label in labels}),
            models=len({label.model for label in labels}),
            seeds=len({label.seed for label in labels}),
            states=states,
            compute_seconds=sum(self.expect.seconds(cell) for cell in left),
            gpu_seconds=sum(_on_gpu(cell) for cell in left),
        )


def _of_known_size(cell: Cell) -> bool:
    return size_known(cell.job.dataset, cell.places.sizes)


def _on_gpu(cell: Cell) -> float:
    reads = "features" if "test_features" in cell.needs else "clips"
    return prior_seconds(cell.job, reads, cell.places.sizes, GPU)
