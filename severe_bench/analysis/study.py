"""A suite's results put together: experiments as columns, models as rows, and their uncertainty."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from severe_bench.analysis.comparison import Comparison, Pair, compare_all
from severe_bench.analysis.harvest import (
    FEWER_SEEDS,
    Harvest,
    Measured,
    column_of,
    preset_of,
    signs_of,
)
from severe_bench.analysis.intervals import (
    Interval,
    PairedDifference,
    SeedSummary,
    intervals_of,
    over_seeds,
    resample,
)
from severe_bench.analysis.ranking import Column, Standing, common, ranks, standings
from severe_bench.analysis.redrawn import (
    Overall,
    Redrawn,
    agreement_of_each,
    overall,
    rank_intervals,
    redraw,
)
from severe_bench.analysis.scale import metric_named
from severe_bench.analysis.sensitivity import (
    STANDARD,
    FactorSensitivity,
    Sensitivity,
    by_factor,
    sensitivity,
    standard_for,
    with_interval,
)
from severe_bench.core.errors import UserError
from severe_bench.metrics.few_groups import all_agree, standard_errors
from severe_bench.metrics.measure import METRICS
from severe_bench.plan.cell import Label
from severe_bench.store.predictions import Predictions

Array = NDArray[np.float64]
FACTORS = (STANDARD, "domain", "samples", "actions", "task")
ReadPredictions = Callable[[str], Predictions | None]


@dataclass(frozen=True)
class Summary:
    """One model in one experiment, by the headline metric in its own unit.

    Args:
        interval: over test videos, of the seed-averaged metric; None without predictions.
        rank: among the models present, 1 is best, ties share the better rank.
        ranks: between which ranks 95 % of the draws of test videos and seeds put it; None unless
            every model present has predictions.
        best_or_equal: it is the best, or not separable from the best (see `comparison`); None where
            that could not be tested.
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
    ranks: Interval | None = None
    best_or_equal: bool | None = None


@dataclass(frozen=True)
class Uncertainty:
    """What resampling says of one experiment.

    Args:
        intervals: model -> of its seed-averaged metric, over test videos.
        video_se: model -> standard error of the same; absent where all resamples agree, so that it
            is not known.
        comparisons: (model, model) -> their difference, in the metric's unit.
        redrawn: scores of all models with videos and seeds drawn again.
        groups: how many groups of test videos were drawn from.
    """

    intervals: Mapping[str, Interval | None]
    video_se: Mapping[str, float]
    comparisons: Mapping[Pair, Comparison]
    redrawn: Redrawn
    groups: int

    def comparison(self, a: str, b: str) -> Comparison | None:
        """Model `a` minus model `b`; None where they were not compared."""
        turned = self.comparisons.get((b, a))
        return turned.turned() if turned else self.comparisons.get((a, b))


@dataclass(frozen=True)
class Study:
    """All numbers of one suite, ready for tables.

    Args:
        experiments: label of one cell per experiment (its seed and model mean nothing), the
            standard ones first.
        models: in order of appearance.
        uncertainties: by experiment, where predictions are kept.
        notes: why an experiment has no intervals.
    """

    harvest: Harvest
    experiments: tuple[Label, ...]
    models: tuple[str, ...]
    uncertainties: Mapping[str, Uncertainty]
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
        """Overall ranking over the experiments that all models share, best first.

        Of a study with several presets take each of `by_preset`: no mean is over presets.
        """
        return standings(list(self.columns.values()), self.models)

    @cached_property
    def by_preset(self) -> "dict[str, Study]":
        """Preset -> what was measured by it alone; the study itself where there is one preset."""
        presets = list(dict.fromkeys(map(preset_of, self.experiments)))
        return (
            dict.fromkeys(presets, self)
            if len(presets) == 1
            else {preset: self._of_preset(preset) for preset in presets}
        )

    def _of_preset(self, preset: str) -> "Study":
        cells = tuple(c for c in self.harvest.measured if preset_of(c.label) == preset)
        labels = tuple(label for label in self.experiments if preset_of(label) == preset)
        models = {cell.label.model for cell in cells}
        known = {column_of(label) for label in labels} & set(self.uncertainties)
        return replace(
            self,
            harvest=replace(self.harvest, measured=cells),
            experiments=labels,
            models=tuple(model for model in self.models if model in models),
            uncertainties={name: self.uncertainties[name] for name in known},
        )

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
                one = sensitivity(before, here, self.difference)
                draws = self._agreement_draws(one)
                found.append(one if draws is None else with_interval(one, draws))
        return found

    def _agreement_draws(self, one: Sensitivity) -> Array | None:
        known = [self.uncertainties.get(name) for name in (one.standard, one.experiment)]
        redrawn = [found.redrawn for found in known if found is not None]
        models = {move.model for move in one.moves}
        if len(models) < 2 or len(redrawn) < 2:
            return None
        if not all(models <= set(each.models) for each in redrawn):
            return None
        return agreement_of_each(*redrawn)

    def difference(self, experiment: str, a: str, b: str) -> PairedDifference | None:
        """Model `a` minus `b` in points of score (0-100, higher is better), paired.

        None where either has no predictions, or no seed is common.
        """
        present = self.uncertainties.get(experiment)
        if present is None:
            return None
        metric = self.columns[experiment].metric
        scale = 100.0 / (metric.best - metric.worst)
        found = present.comparison(a, b)
        return found.difference.scaled(scale) if found else None

    @cached_property
    def factors(self) -> dict[str, list[FactorSensitivity]]:
        """Preset -> one number per factor."""
        found: dict[str, list[Sensitivity]] = {}
        presets = {column_of(label): preset_of(label) for label in self.experiments}
        for one in self.sensitivities:
            found.setdefault(presets[one.experiment], []).append(one)
        return {preset: by_factor(each, self._agreement_draws) for preset, each in found.items()}

    @cached_property
    def overall(self) -> Overall | None:
        """Intervals of the overall ranking; None where an experiment has no predictions."""
        models = [standing.model for standing in self.standings]
        columns = common(list(self.columns.values()), models)
        known = [self.uncertainties.get(column.experiment) for column in columns]
        redrawn = [found.redrawn for found in known if found is not None]
        complete = redrawn and len(redrawn) == len(columns)
        if not complete or not all(set(models) <= set(each.models) for each in redrawn):
            return None
        return overall(redrawn, models)

    def seed_values(self, experiment: str, model: str) -> list[float]:
        """The headline metric of each seed, in its own unit."""
        return [cell.values[cell.label.headline] for cell in self.cells_of(experiment, model)]

    def cells_of(self, experiment: str, model: str) -> list[Measured]:
        """The cells of one model in one experiment, a seed each."""
        return self._cells.get(experiment, {}).get(model, [])

    @cached_property
    def fewer_seeds(self) -> dict[tuple[str, str], int]:
        """(experiment, model) that lacks seeds -> how many it should have.

        These are as many as the plan has, or as another model has of the experiment.
        """
        found: dict[tuple[str, str], int] = {}
        for experiment, cells in self._cells.items():
            most = max(map(len, cells.values()))
            for model, own in cells.items():
                wanted = max(most, self.harvest.seeds.get((experiment, model), 0))
                found |= {(experiment, model): wanted} if len(own) < wanted else {}
        return found

    @cached_property
    def _cells(self) -> dict[str, dict[str, list[Measured]]]:
        found: dict[str, dict[str, list[Measured]]] = {}
        for experiment, cells in self._by_experiment.items():
            by_model = found.setdefault(experiment, {})
            for cell in cells:
                by_model.setdefault(cell.label.model, []).append(cell)
        return found

    @cached_property
    def _by_experiment(self) -> dict[str, list[Measured]]:
        return group(self.harvest.measured)

    def _column(self, label: Label) -> Column:
        cells = self._cells.get(column_of(label), {})
        values = {model: _seeds(cells[model]).mean for model in self.models if model in cells}
        metric = metric_named(label.headline)
        signs = {model: self._signs(column_of(label), model) for model in values}
        behind = {model: sign for model, sign in signs.items() if sign}
        return Column(column_of(label), label.factor, metric, values, behind)

    def _signs(self, experiment: str, model: str) -> str:
        fewer = FEWER_SEEDS if (experiment, model) in self.fewer_seeds else ""
        return signs_of(self.cells_of(experiment, model)) + fewer

    def _summaries_of(self, label: Label) -> list[Summary]:
        cells = self._cells.get(column_of(label), {})
        order = ranks(self.columns[column_of(label)])
        found = self.uncertainties.get(column_of(label))
        whole = found is not None and set(order) <= set(found.redrawn.models)
        rank_ranges = rank_intervals(found.redrawn) if found and whole else {}
        return [
            Summary(
                model,
                column_of(label),
                _seeds(cells[model]),
                found.intervals.get(model) if found else None,
                int(rank),
                len(order),
                cells[model][0].n,
                rank_ranges.get(model),
                _best_or_equal(model, order, found),
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
    uncertainties: dict[str, Uncertainty] = {}
    notes = []
    for name, cells in by_experiment.items():
        try:
            found = _uncertainty(cells, read)
        except UserError as error:
            notes.append(f"{name} has no intervals: {error}")
        else:
            uncertainties |= {name: found} if found else {}
    return Study(harvest, tuple(labels), models, uncertainties, tuple(notes))


def group(cells: Iterable[Measured]) -> dict[str, list[Measured]]:
    """Cells by experiment, in order of appearance."""
    found: dict[str, list[Measured]] = {}
    for cell in cells:
        found.setdefault(cell.column, []).append(cell)
    return found


def _seeds(cells: Sequence[Measured]) -> SeedSummary:
    values = [cell.values[cell.label.headline] for cell in cells]
    return over_seeds(values, [cell.predictions for cell in cells])


def _best_or_equal(
    model: str, order: Mapping[str, float], found: Uncertainty | None
) -> bool | None:
    first = [other for other, rank in order.items() if rank == 1]
    if model in first:
        return True
    compared = [found.comparison(model, other) for other in first] if found else []
    known = [one for one in compared if one is not None]
    return any(not one.separable for one in known) if known else None


def _uncertainty(cells: Sequence[Measured], read: ReadPredictions) -> Uncertainty | None:
    runs: dict[str, dict[int, Predictions]] = {}
    for cell in cells:
        predictions = read(cell.cell)
        if predictions is not None:
            runs.setdefault(cell.label.model, {})[cell.label.seed] = predictions
    if not runs:
        return None
    measure = METRICS.get(cells[0].label.headline)
    resampled = resample(measure, runs)
    groups = next(iter(resampled.values())).groups
    averaged = np.stack([one.replicates.mean(axis=0) for one in resampled.values()])
    unknown = all_agree(averaged, averaged[:, 0])
    spread = zip(resampled, standard_errors(averaged, groups), unknown, strict=True)
    return Uncertainty(
        dict(zip(resampled, intervals_of(list(resampled.values())), strict=True)),
        {model: float(deviation) for model, deviation, alike in spread if not alike},
        compare_all(resampled, cells[0].n),
        redraw(resampled, measure.metric),
        groups,
    )
