"""What a run would cost: compute, wall time and disk, and what that is based on."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from severe_bench.adapt.protocol import PROTOCOLS
from severe_bench.plan.cell import Cell
from severe_bench.plan.job import DatasetJob, EvaluateJob, FeaturesJob, PretrainJob
from severe_bench.plan.prior import prior_bytes, prior_seconds
from severe_bench.plan.schedule import wall_seconds
from severe_bench.plan.state import waiting

Basis = Literal["measured", "scaled", "prior"]
"""`measured`: cells of the same kind, network, data and protocol; `scaled`: the prior, corrected by
measured cells of the same kind; `prior`: the prior alone."""

MARGIN: dict[Basis, float] = {"measured": 1.2, "scaled": 2.0, "prior": 5.0}
"""Low is the expected value divided by this, high is multiplied by it."""


@dataclass(frozen=True)
class Span:
    """An expected value with a stated spread."""

    low: float
    expected: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """What is left to do.

    Args:
        cells: how many a run would compute.
        parallel: workers side by side.
        compute_seconds: of all workers together.
        wall_seconds: until the last cell is done.
        disk_bytes: that the cells will take, expected.
        basis: number of cells by what their time is based on.
    """

    cells: int
    parallel: int
    compute_seconds: Span
    wall_seconds: Span
    disk_bytes: int
    basis: Mapping[Basis, int]


def estimate(
    cells: Sequence[Cell],
    states: Mapping[str, str],
    measured: Mapping[str, float],
    parallel: int,
) -> Estimate:
    """What computing the waiting cells would take.

    Args:
        cells: of the plan, in its order.
        states: by cell id, as the store says; unknown ones are to run, or impossible.
        measured: seconds that finished cells took, by id.
        parallel: number of workers, at least 1.
    """
    left = waiting(cells, states)
    clock = _Clock(cells, measured)
    spans = {cell.id: clock.span(cell) for cell in left}
    ends = {end: {cell: getattr(s[0], end) for cell, s in spans.items()} for end in _ENDS}
    return Estimate(
        cells=len(left),
        parallel=parallel,
        compute_seconds=Span(*(sum(ends[end].values()) for end in _ENDS)),
        wall_seconds=Span(*(wall_seconds(left, ends[end], parallel) for end in _ENDS)),
        disk_bytes=sum(prior_bytes(cell.job) for cell in left),
        basis=dict(Counter(basis for _, basis in spans.values())),
    )


_ENDS = ("low", "expected", "high")


class _Clock:
    """Seconds of a cell from those of its like."""

    def __init__(self, cells: Sequence[Cell], measured: Mapping[str, float]) -> None:
        self._reads: dict[str, str] = {}
        alike: dict[tuple[str, ...], list[float]] = defaultdict(list)
        ratios: dict[str, list[float]] = defaultdict(list)
        for cell in cells:
            if cell.id in measured:
                alike[_group(cell)].append(measured[cell.id])
                ratios[cell.job.kind].append(measured[cell.id] / self._prior(cell))
        self._alike = {group: _spread(times) for group, times in alike.items()}
        self._factor = {kind: median(values) for kind, values in ratios.items()}

    def span(self, cell: Cell) -> tuple[Span, Basis]:
        """Seconds of one cell, and what they are based on."""
        known = self._alike.get(_group(cell))
        if known is not None:
            return known, "measured"
        factor = self._factor.get(cell.job.kind)
        if factor is not None:
            return _around(factor * self._prior(cell), "scaled"), "scaled"
        return _around(self._prior(cell), "prior"), "prior"

    def _prior(self, cell: Cell) -> float:
        protocol = cell.job.protocol if isinstance(cell.job, EvaluateJob) else ""
        if protocol not in self._reads:
            self._reads[protocol] = PROTOCOLS.get(protocol).reads if protocol else ""
        return prior_seconds(cell.job, self._reads[protocol])


def _group(cell: Cell) -> tuple[str, ...]:
    """Cells of one group take about the same time."""
    job = cell.job
    if isinstance(job, DatasetJob):
        return (job.kind, job.dataset.digest)
    if isinstance(job, PretrainJob):
        return (job.kind, job.backbone, job.dataset.digest, job.method)
    if isinstance(job, FeaturesJob):
        return (job.kind, job.network.backbone, job.dataset.digest, job.split)
    budget = str(job.budget)
    return (job.kind, job.network.backbone, job.dataset.digest, job.protocol, budget)


def _spread(times: list[float]) -> Span:
    around = _around(median(times), "measured")
    return Span(min(*times, around.low), around.expected, max(*times, around.high))


def _around(expected: float, basis: Basis) -> Span:
    return Span(expected / MARGIN[basis], expected, expected * MARGIN[basis])
