"""Everything that a report says about one suite, computed and in one place."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from severe_bench.analysis.cka import Features, Similarity, similarity
from severe_bench.analysis.harvest import Harvest, Measured, column_of
from severe_bench.analysis.lesson import Verdict, judge
from severe_bench.analysis.sensitivity import STANDARD
from severe_bench.analysis.study import ReadPredictions, Study, build_study
from severe_bench.config.claims import Claim
from severe_bench.core.errors import UserError

TEST_FEATURES = "test_features"
ReadFeatures = Callable[[str], Features | None]
"""Id of a features cell -> its features, or None where they are missing."""


@dataclass(frozen=True)
class Findings:
    """A study, the claims about it, and how alike its models' features are.

    Args:
        similarity: None where no two models have features of the standard dataset.
        similarity_of: the dataset whose test videos were compared.
        notes: what could not be computed, and why.
    """

    study: Study
    verdicts: tuple[Verdict, ...]
    similarity: Similarity | None
    similarity_of: str
    notes: tuple[str, ...]


def find(
    harvest: Harvest, predictions: ReadPredictions, features: ReadFeatures, claims: Iterable[Claim]
) -> Findings:
    """Compute all findings.

    Args:
        harvest: the finished cells and the troubles.
        predictions: reads one cell's predictions.
        features: reads one features cell.
        claims: what the suite was expected to show.
    """
    study = build_study(harvest, predictions)
    verdicts = judge(claims, study.difference)
    dataset, ids = standard_features(harvest.measured)
    read = {model: features(cell) for model, cell in ids.items()}
    present = {model: value for model, value in read.items() if value is not None}
    notes = list(study.notes)
    alike = None
    if len(present) > 1:
        try:
            alike = similarity(present)
        except (UserError, ValueError) as error:
            notes.append(f"no CKA: {error}")
    return Findings(study, verdicts, alike, dataset, tuple(notes))


def standard_features(measured: Iterable[Measured]) -> tuple[str, dict[str, str]]:
    """Dataset name and model -> features cell of the standard experiment that most models probe.

    Each model is represented by its first such cell. Empty where no standard experiment reads
    cached features.
    """
    by_column: dict[tuple[str, str], dict[str, str]] = {}
    for cell in measured:
        if cell.label.factor == STANDARD and TEST_FEATURES in cell.cell.needs:
            ids = by_column.setdefault((column_of(cell.label), cell.label.dataset), {})
            ids.setdefault(cell.label.model, cell.cell.needs[TEST_FEATURES])
    if not by_column:
        return "", {}
    (_, dataset), ids = max(by_column.items(), key=lambda item: len(item[1]))
    return dataset, ids
