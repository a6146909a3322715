"""What a cell did without: samples of its data whose video is missing or unreadable."""

from collections.abc import Iterable, Mapping

from severe_bench.core.atomic import write_json
from severe_bench.core.record import Dataset, Record
from severe_bench.core.session import Session
from severe_bench.data.budgets import draw
from severe_bench.plan.job import EvaluateJob, PretrainJob

MISSING_FILE = "missing.json"


def note_missing(
    dataset: Dataset, records: Mapping[str, Iterable[Record]], session: Session
) -> dict[str, int]:
    """Write `missing.json`, sample and video by split, and count them; nothing where all is there.

    Args:
        dataset: loaded.
        records: by split, those that the cell would have read of a complete dataset.
        session: of the cell.
    """
    if not dataset.missing:
        return {}
    lost = {
        split: [record for record in wanted if record.sample in dataset.missing]
        for split, wanted in records.items()
    }
    plain = {s: [{"sample": r.sample, "path": r.path} for r in found] for s, found in lost.items()}
    write_json(session.folder / MISSING_FILE, plain)
    return {split: len(found) for split, found in lost.items()}


def drawn(job: EvaluateJob | PretrainJob, dataset: Dataset) -> list[Record]:
    """The training records that the job's budget draws from the official list."""
    listed = dataset.listed("train")
    chosen = draw(job.budget, listed, len(dataset.classes), job.seed)
    return [listed[index] for index in chosen]
