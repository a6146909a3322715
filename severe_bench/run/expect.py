"""How long a cell will take, learnt while a run goes on."""

from collections import defaultdict
from statistics import fmean

from severe_bench.adapt.protocol import PROTOCOLS
from severe_bench.plan.cell import Cell
from severe_bench.plan.job import EvaluateJob, FeaturesJob, PretrainJob
from severe_bench.plan.prior import prior_seconds

Kin = tuple[str, ...]


class Expectations:
    """Seconds of a cell: the mean of its kin, else its prior, corrected by cells of its kind."""

    def __init__(self) -> None:
        self._measured: dict[Kin, list[float]] = defaultdict(list)
        self._corrections: dict[str, list[float]] = defaultdict(list)

    def learn(self, cell: Cell, seconds: float) -> None:
        """Take a measured duration."""
        self._measured[_kin(cell)].append(seconds)
        self._corrections[cell.job.kind].append(seconds / _prior(cell))

    def seconds(self, cell: Cell) -> float:
        """Expected duration of a cell, in seconds."""
        measured = self._measured.get(_kin(cell))
        if measured:
            return fmean(measured)
        corrections = self._corrections.get(cell.job.kind)
        return _prior(cell) * (fmean(corrections) if corrections else 1.0)


def _prior(cell: Cell) -> float:
    job = cell.job
    reads = PROTOCOLS.get(job.protocol).reads if isinstance(job, EvaluateJob) else ""
    return prior_seconds(job, reads)


def _kin(cell: Cell) -> Kin:
    """Cells of one kin take about the same time."""
    job = cell.job
    if isinstance(job, EvaluateJob):
        return (job.kind, job.protocol, job.dataset.digest, str(job.budget), job.network.backbone)
    if isinstance(job, PretrainJob):
        return (job.kind, job.method, job.dataset.digest, str(job.recipe.schedule.epochs))
    if isinstance(job, FeaturesJob):
        return (job.kind, job.dataset.digest, job.split, job.views, job.network.backbone)
    return (job.kind, job.dataset.digest)
