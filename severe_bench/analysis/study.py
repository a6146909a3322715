"""A suite's results put together: experiments as columns, models as rows, and their uncertainty."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from severe_bench.analysis.harvest import Harvest, Measured, column_of
from severe_bench.analysis.intervals import (
    Interval,
    PairedDifference,
    Resampled,
    SeedSummary,
    interval,
    over_seeds,
    paired,
    resample,
)
from severe_bench.analysis.ranking import Column, Standing, ranks, standings
from severe_bench.analysis.scale import metric_named
from severe_bench.analysis.sensitivity import (
    STANDARD,
    Sensitivity,
    sensitivity,
    standard_for,
)
from severe_bench.core.errors import UserError
from severe_bench.metrics.measure import METRICS
from severe_bench.plan.cell import Label
from severe_bench.store.predictions import Predictions

FACTORS = (STANDARD, "domain", "samples", "actions", "task")
ReadPredictions = Callable[[str], Predictions | None]


@dataclass(frozen=True)
class Summary:
    """One model in one experiment, by the headline metric in its own unit.

    Args:
        interval: over test videos, of the seed-averaged metric; None without predictions.
        rank: among the models present, 1 is best, ties share the better rank.
        of: how many models are present.
        n: test videos.
    """

    model: str
    experiment: str
    seeds: SeedSummary
    interval: Interval | None
    rank: int
    of: int
    n: int


@dataclass(frozen=True)
class Study:
    """All numbers of one suite, ready for tables.

    Args:
        experiments: label of one cell per experiment (its seed and model mean nothing), the
            standard ones first.
        models: in order of appearance.
        resampled: experiment -> model -> resampled headline metric, where predictions are kept.
        notes: why an experiment has no intervals.
    """

    harvest: Harvest
    experiments: tuple[Label, ...]
    models: tuple[str, ...]
    resampled: Mapping[str, Mapping[str, Resampled]]
    notes: tuple[str, ...] = ()

    @cached_property
    def columns(self) -> dict[str, Column]:
        """Experiment -> headline values, mean over seeds."""
        return {column_of(label): self._column(label) for label in self.experiments}

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Model -> ssl, supervised, teacher-supervised or none."""
        return {cell.label.model: cell.label.model_kind for cell in self.harvest.measured}

    @cached_property
    def summaries(self) -> dict[tuple[str, str], Summary]:
        """(experiment, model) -> mean, spread, interval and rank."""
        every = (self._summaries_of(label) for label in self.experiments)
        return {(s.experiment, s.model): s for summaries in every for s in summaries}

    @cached_property
    def standings(self) -> list[Standing]:
        """Overall ranking over the experiments that all models share, best first."""
        return standings(list(self.columns.values()), self.models)

    @cached_property
    def standards(self) -> list[Label]:
        """The experiments of the factor `standard`."""
        return [label for label in self.experiments if label.factor == STANDARD]

    @cached_property
    def sensitivities(self) -> list[Sensitivity]:
        """Every experiment of another factor against the standard experiment most like it."""
        found = []
        for label in self.experiments:
            standard = standard_for(label, self.standards)
            if label.factor != STANDARD and standard is not None:
                before, here = self.columns[column_of(standard)], self.columns[column_of(label)]
                found.append(sensitivity(before, here, self.difference))
        return found

    def difference(self, experiment: str, a: str, b: str) -> PairedDifference | None:
        """Model `a` minus `b` in points of score (0-100, higher is better), paired.

        None where either has no predictions, or no seed is common.
        """
        present = self.resampled.get(experiment, {})
        if a not in present or b not in present:
            return None
        n = self.summaries[experiment, a].n
        found = paired(present[a], present[b], n)
        metric = self.columns[experiment].metric
        return found.scaled(100.0 / (metric.best - metric.worst)) if found else None

    def seed_values(self, experiment: str, model: str) -> list[float]:
        """The headline metric of each seed, in its own unit."""
        cells = self._cells(experiment).get(model, [])
        return [cell.values[cell.label.headline] for cell in cells]

    def _cells(self, experiment: str) -> dict[str, list[Measured]]:
        by_model: dict[str, list[Measured]] = {}
        for cell in self._by_experiment.get(experiment, ()):
            by_model.setdefault(cell.label.model, []).append(cell)
        return by_model

    @cached_property
    def _by_experiment(self) -> dict[str, list[Measured]]:
        return group(self.harvest.measured)

    def _column(self, label: Label) -> Column:
        cells = self._cells(column_of(label))
        values = {model: _seeds(cells[model]).mean for model in self.models if model in cells}
        metric = metric_named(label.headline)
        return Column(column_of(label), label.factor, metric, values)

    def _summaries_of(self, label: Label) -> list[Summary]:
        cells = self._cells(column_of(label))
        order = ranks(self.columns[column_of(label)])
        present = self.resampled.get(column_of(label), {})
        return [
            Summary(
                model,
                column_of(label),
                _seeds(cells[model]),
                interval(present[model]) if model in present else None,
                int(rank),
                len(order),
                cells[model][0].n,
            )
            for model, rank in order.items()
        ]


def build_study(harvest: Harvest, read: ReadPredictions) -> Study:
    """Order what was harvested and resample the test videos of each experiment.

    Args:
        harvest: the cells; at most one per model, experiment and seed.
        read: a cell's predictions by its id, or None where they are missing.
    """
    by_experiment = group(harvest.measured)
    labels = sorted(
        (cells[0].label for cells in by_experiment.values()),
        key=lambda label: FACTORS.index(label.factor) if label.factor in FACTORS else len(FACTORS),
    )
    models = tuple(dict.fromkeys(cell.label.model for cell in harvest.measured))
    resampled: dict[str, dict[str, Resampled]] = {}
    notes = []
    for name, cells in by_experiment.items():
        try:
            resampled[name] = _resample(cells, read)
        except UserError as error:
            notes.append(f"{name} has no intervals: {error}")
    return Study(harvest, tuple(labels), models, resampled, tuple(notes))


def group(cells: Iterable[Measured]) -> dict[str, list[Measured]]:
    """Cells by experiment, in order of appearance."""
    found: dict[str, list[Measured]] = {}
    for cell in cells:
        found.setdefault(cell.column, []).append(cell)
    return found


def _seeds(cells: Sequence[Measured]) -> SeedSummary:
    return over_seeds([cell.values[cell.label.headline] for cell in cells])


def _resample(cells: Sequence[Measured], read: ReadPredictions) -> dict[str, Resampled]:
    runs: dict[str, dict[int, Predictions]] = {}
    for cell in cells:
        predictions = read(cell.cell)
        if predictions is not None:
            runs.setdefault(cell.label.model, {})[cell.label.seed] = predictions
    return resample(METRICS.get(cells[0].label.headline), runs)
