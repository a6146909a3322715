"""How long a cell will take: as its kin did, else by a prior that cells of its kind correct."""

from bisect import insort
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from severe_bench.core.digest import canonical_json
from severe_bench.plan.cell import Cell
from severe_bench.plan.job import DatasetJob, FeaturesJob, PretrainJob
from severe_bench.plan.prior import network_known, network_of, prior_seconds

Basis = Literal["measured", "scaled", "prior", "guessed (unknown network)"]
"""`measured`: cells of the same kind, network, data, task and protocol that have as much to do;
`scaled`: the prior, corrected by such cells with more or less to do (longer or larger clips, more
views), else by measured cells of the same kind; `prior`: the prior alone; `guessed`: the prior of
another network, because this one's work is not known before one of its cells was measured."""

MARGIN: dict[Basis, float] = {
    "measured": 1.2,
    "scaled": 2.0,
    "prior": 5.0,
    "guessed (unknown network)": 25.0,
}
"""Low is the expected value divided by this, high is multiplied by it."""

Kin = tuple[str, ...]


@dataclass(frozen=True)
class Span:
    """An expected value with a stated spread."""

    low: float
    expected: float
    high: float


class Expectations:
    """Seconds of cells, learnt from measured ones; medians, because a busy machine has outliers.

    An answer costs the same however much was learnt: a run asks for every waiting cell each second.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[Kin, float]] = {}
        self._alike: defaultdict[Kin, list[float]] = defaultdict(list)
        self._near: defaultdict[Kin, list[float]] = defaultdict(list)
        self._longest: defaultdict[Kin, float] = defaultdict(float)
        self._ratios: defaultdict[str, list[float]] = defaultdict(list)
        self._networks: set[str] = set()

    def learn(self, cell: Cell, seconds: float) -> None:
        """Take a measured duration."""
        kin, prior = self._of(cell)
        insort(self._alike[_and_work(kin, prior)], seconds)
        insort(self._near[kin], seconds / prior)
        self._longest[kin] = max(self._longest[kin], seconds)
        insort(self._ratios[cell.job.kind], seconds / prior)
        self._networks.add(network_of(cell.job))

    def seconds(self, cell: Cell) -> float:
        """Expected duration of a cell, in seconds."""
        return self._expected(cell)[0]

    def span(self, cell: Cell) -> tuple[Span, Basis]:
        """Seconds of a cell with their spread, and what they are based on."""
        expected, basis = self._expected(cell)
        low, high = expected / MARGIN[basis], expected * MARGIN[basis]
        kin, prior = self._of(cell)
        if basis == "measured":
            times = self._alike[_and_work(kin, prior)]
            low, high = min(times[0], low), max(times[-1], high)
        elif kin in self._near:  # reading videos does not get shorter with the clips
            high = max(high, self._longest[kin])
        return Span(low, expected, high), basis

    def _expected(self, cell: Cell) -> tuple[float, Basis]:
        kin, prior = self._of(cell)
        alike = _and_work(kin, prior)
        if alike in self._alike:
            return _median(self._alike[alike]), "measured"
        if kin in self._near:
            return prior * _median(self._near[kin]), "scaled"
        own = network_of(cell.job)
        known = own in self._networks or network_known(own, _reads(cell))
        if cell.job.kind in self._ratios:
            ratio = _median(self._ratios[cell.job.kind])
            return prior * ratio, "scaled" if known else "guessed (unknown network)"
        return prior, "prior" if known else "guessed (unknown network)"

    def _of(self, cell: Cell) -> tuple[Kin, float]:
        """Kin and prior of a cell, remembered."""
        if cell.id not in self._known:
            job = cell.job
            prior = prior_seconds(job, _reads(cell), cell.places.sizes)
            self._known[cell.id] = (_kin(cell), prior)
        return self._known[cell.id]


def _reads(cell: Cell) -> str:
    return "features" if "test_features" in cell.needs else "clips"


def _and_work(kin: Kin, prior: float) -> Kin:
    """Cells of one kin with as much to do take about the same time."""
    return (*kin, f"{prior:.6g}")


def _kin(cell: Cell) -> Kin:
    """Cells of one kin do the same, on clips of whatever size, length and number."""
    job = cell.job
    if isinstance(job, DatasetJob):
        return (job.kind, job.dataset.digest)
    if isinstance(job, FeaturesJob):
        rows = (job.unit, canonical_json(job.unit_options))
        return (job.kind, job.dataset.digest, job.split, job.views, job.network.backbone, *rows)
    work = (job.kind, job.dataset.digest, str(job.budget), str(job.recipe.schedule.epochs))
    if isinstance(job, PretrainJob):
        return (*work, job.backbone, job.method)
    return (*work, job.network.backbone, job.protocol, job.task)


def _median(ascending: Sequence[float]) -> float:
    half = len(ascending) // 2
    return (ascending[half] + ascending[-half - 1]) / 2
