"""Everything that a report says about one suite, computed and in one place."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from severe_bench.analysis.alike import Setting, setting_of
from severe_bench.analysis.cka import Features, Similarity, biased_cka_matrix, similarity
from severe_bench.analysis.cka_intervals import with_intervals
from severe_bench.analysis.harvest import Harvest, Measured, column_of
from severe_bench.analysis.lesson import Verdict, judge
from severe_bench.analysis.per_class import (
    ClassDifference,
    Confusion,
    class_difference,
    confusion,
    single_lists,
)
from severe_bench.analysis.ranking import ranks
from severe_bench.analysis.sensitivity import STANDARD
from severe_bench.analysis.study import ReadPredictions, Study, build_study
from severe_bench.config.claims import Claim
from severe_bench.core.errors import UserError
from severe_bench.plan.job import EvaluateJob
from severe_bench.store.predictions import Predictions

Estimator = Literal["debiased", "biased"]
TEST_FEATURES = "test_features"
MOST_CONFUSIONS = 6
"""Experiments whose best model's confusions are shown, in table order."""
MOST_CLASSES = 60


class Reader(Protocol):
    """Reads what is too large to be harvested; None where it is missing."""

    def predictions(self, cell: str) -> Predictions | None:
        """Of an evaluated cell, by id."""

    def job(self, cell: str) -> EvaluateJob | None:
        """What an evaluated cell computes."""

    def drawn(self, cell: str) -> int | None:
        """How many training videos an evaluated cell had; None where that is not known."""

    def features(self, cell: str) -> Features | None:
        """Of a features cell, by id, views merged; UserError where they are damaged."""

    def needs(self, cell: str) -> Mapping[str, str]:
        """Role -> id of what an evaluated cell needed."""


@dataclass(frozen=True)
class Findings:
    """A study, the claims about it, and how alike its models' features are.

    Args:
        similarity: None where no two models have features of the standard dataset.
        similarity_of: the dataset whose test videos were compared.
        estimator: by which the similarity was estimated.
        class_differences: of each factor's most telling pair of models.
        confusions: of the best model of some experiments.
        settings: (experiment, model) -> what its cells compute, where that is known.
        backbones: model -> name of its network.
        notes: what could not be computed, and why.
    """

    study: Study
    verdicts: tuple[Verdict, ...]
    similarity: Similarity | None
    similarity_of: str
    notes: tuple[str, ...]
    class_differences: tuple[ClassDifference, ...] = ()
    confusions: tuple[Confusion, ...] = ()
    estimator: Estimator = "debiased"
    settings: Mapping[tuple[str, str], Setting] = field(default_factory=dict)
    backbones: Mapping[str, str] = field(default_factory=dict)


def find(
    harvest: Harvest, reader: Reader, claims: Iterable[Claim], estimator: Estimator = "debiased"
) -> Findings:
    """Compute all findings.

    Args:
        harvest: the finished cells and the troubles.
        reader: of the large files.
        claims: what the suite was expected to show.
        estimator: of CKA; `biased` is that of the original paper, without intervals.
    """
    study = build_study(harvest, reader.predictions)
    verdicts = judge(claims, study.difference)
    dataset, ids = standard_features(harvest.measured, reader.needs)
    notes = list(study.notes)
    present = _features(reader, ids, notes)
    alike = None
    if len(present) > 1:
        try:
            alike = estimated(present, estimator)
        except (UserError, ValueError) as error:
            notes.append(f"no CKA: {error}")
    settings = _settings(study, reader)
    notes += _short(study, settings)
    differences = tuple(_class_differences(study, reader.predictions))
    confusions = tuple(_confusions(study, reader.predictions))
    return Findings(
        study,
        verdicts,
        alike,
        dataset,
        tuple(notes),
        differences,
        confusions,
        estimator,
        settings,
        _backbones(study, reader),
    )


def _features(reader: Reader, ids: Mapping[str, str], notes: list[str]) -> dict[str, Features]:
    """Features by model; which are damaged is added to the notes."""
    present = {}
    for model, cell in ids.items():
        try:
            found = reader.features(cell)
        except UserError as error:
            notes.append(f"no CKA of {model}: {error}")
            continue
        if found is not None:
            present[model] = found
    return present


def _settings(study: Study, reader: Reader) -> dict[tuple[str, str], Setting]:
    """Of one cell of each experiment and model: its seeds differ in nothing else."""
    cells = {(cell.column, cell.label.model): cell.cell for cell in study.harvest.measured}
    jobs = {key: (reader.job(cell), reader.drawn(cell)) for key, cell in cells.items()}
    return {key: setting_of(job, drawn) for key, (job, drawn) in jobs.items() if job is not None}


def _short(study: Study, settings: Mapping[tuple[str, str], Setting]) -> Iterator[str]:
    """Budgets that name more videos than there were; curves have the number that was drawn."""
    for label in study.experiments:
        name = column_of(label)
        drawn = {one.labelled for (of, _), one in settings.items() if of == name and one.labelled}
        if label.budget.isdigit() and drawn and min(drawn) < int(label.budget):
            few = min(drawn)
            yield f"{name}: the budget names {label.budget} labelled videos, {few} were drawn"


def _backbones(study: Study, reader: Reader) -> dict[str, str]:
    cells = {cell.label.model: cell.cell for cell in study.harvest.measured}
    jobs = {model: reader.job(cell) for model, cell in cells.items()}
    return {model: job.network.backbone for model, job in jobs.items() if job is not None}


def estimated(present: Mapping[str, Features], estimator: Estimator) -> Similarity:
    """CKA of all pairs by one of the two estimators; the debiased one with intervals.

    Raises:
        UserError: features of different videos.
    """
    if estimator == "biased":
        return similarity(present, biased_cka_matrix)
    return with_intervals(similarity(present), [found.values for found in present.values()])


def _class_differences(study: Study, read: ReadPredictions) -> Iterator[ClassDifference]:
    """Of the pair of models that changes its order most surely, factor by factor."""
    told: set[str] = set()
    for one in study.sensitivities:
        if one.factor in told or not one.swaps or not one.swaps[0].separable:
            continue
        swap = one.swaps[0]
        found = class_difference_of(study, one.experiment, swap.after, swap.before, read)
        if found is not None:
            told.add(one.factor)
            yield found


def class_difference_of(
    study: Study, experiment: str, a: str, b: str, read: ReadPredictions
) -> ClassDifference | None:
    """Two models class by class; None where their predictions cannot be compared so."""
    ours, theirs = (_runs(study, experiment, model, read) for model in (a, b))
    return class_difference(experiment, (a, ours), (b, theirs))


def _confusions(study: Study, read: ReadPredictions) -> Iterator[Confusion]:
    for name, column in list(study.columns.items())[:MOST_CONFUSIONS]:
        order = ranks(column)
        best = min(order, key=lambda model: order[model], default=None)
        runs = _runs(study, name, best, read) if best is not None else []
        lists = [single_lists(run) for run in runs]
        for of in lists[0] if best is not None and lists else ():
            each = [found[of] for found in lists if of in found]
            if best is not None and each[0].scores.shape[1] <= MOST_CLASSES:
                yield confusion(name, best, each, of)


def _runs(study: Study, experiment: str, model: str, read: ReadPredictions) -> list[Predictions]:
    """Predictions of all seeds; none where some are missing."""
    found = [read(cell.cell) for cell in study.cells_of(experiment, model)]
    runs = [run for run in found if run is not None]
    return runs if len(runs) == len(found) else []


def standard_features(
    measured: Iterable[Measured], needs: Callable[[str], Mapping[str, str]]
) -> tuple[str, dict[str, str]]:
    """Dataset name and model -> features cell of the standard experiment that most models probe.

    Each model is represented by its first cell of an experiment. Empty where no standard
    experiment reads cached features.
    """
    by_column: dict[tuple[str, str], dict[str, str]] = {}
    first: dict[tuple[str, str], Measured] = {}
    for cell in measured:
        if cell.label.factor == STANDARD:
            first.setdefault((cell.column, cell.label.model), cell)
    for (column, model), cell in first.items():
        needed = needs(cell.cell).get(TEST_FEATURES)
        ids = by_column.setdefault((column, cell.label.dataset), {})
        ids |= {model: needed} if needed else {}
    (_, dataset), ids = max(by_column.items(), key=lambda i: len(i[1]), default=(("", ""), {}))
    return (dataset, ids) if ids else ("", {})
