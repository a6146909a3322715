"""How long a cell will take, from finished cells like it."""

from collections import defaultdict

from severe_bench.plan.cell import Cell
from severe_bench.plan.job import EvaluateJob, FeaturesJob, PretrainJob

PRIOR_SECONDS = {"dataset": 30.0, "pretrain": 150.0, "features": 5.0, "evaluate": 15.0}
PROBE_SECONDS = 1.0
"""Prior of evaluations that read cached features."""

Kin = tuple[str, ...]


class Expectations:
    """Seconds by kind of cell: means of what was measured, priors before.

    The closest kin that was measured counts: same kind, method, data and size; else same kind and
    method; else the prior.
    """

    def __init__(self) -> None:
        self._seconds: dict[Kin, list[float]] = defaultdict(list)

    def learn(self, cell: Cell, seconds: float) -> None:
        """Take a measured duration."""
        for kin in _kin(cell):
            self._seconds[kin].append(seconds)

    def seconds(self, cell: Cell) -> float:
        """Expected duration of a cell, in seconds."""
        for kin in _kin(cell):
            if kin in self._seconds:
                measured = self._seconds[kin]
                return sum(measured) / len(measured)
        if "test_features" in cell.needs:
            return PROBE_SECONDS
        return PRIOR_SECONDS.get(cell.job.kind, PRIOR_SECONDS["evaluate"])


def _kin(cell: Cell) -> tuple[Kin, Kin]:
    """Close and distant kin."""
    job = cell.job
    distant: Kin = (job.kind,)
    if isinstance(job, EvaluateJob):
        distant = (job.kind, job.protocol)
        return (*distant, job.dataset.digest, str(job.budget), job.network.backbone), distant
    if isinstance(job, PretrainJob):
        distant = (job.kind, job.method)
        return (*distant, job.dataset.digest, str(job.recipe.schedule.epochs)), distant
    if isinstance(job, FeaturesJob):
        return (*distant, job.dataset.digest, job.split, job.views), distant
    return (*distant, job.dataset.digest), distant
