"""What a run would cost: compute, wall time and disk, and what that is based on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from severe_bench.plan.cell import Cell
from severe_bench.plan.expect import Basis, Expectations, Span
from severe_bench.plan.prior import prior_bytes
from severe_bench.plan.schedule import wall_seconds
from severe_bench.plan.state import waiting


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
    expect = Expectations()
    for cell in cells:
        if cell.id in measured:
            expect.learn(cell, measured[cell.id])
    spans = {cell.id: expect.span(cell) for cell in left}
    ends = {end: {cell: getattr(s[0], end) for cell, s in spans.items()} for end in _ENDS}
    return Estimate(
        cells=len(left),
        parallel=parallel,
        compute_seconds=Span(*(sum(ends[end].values()) for end in _ENDS)),
        wall_seconds=Span(*(wall_seconds(left, ends[end], parallel) for end in _ENDS)),
        disk_bytes=sum(prior_bytes(cell.job, cell.places.sizes) for cell in left),
        basis=dict(Counter(basis for _, basis in spans.values())),
    )


_ENDS = ("low", "expected", "high")
