"""What a cell was to read: the samples that its budget drew, and those whose video is missing."""

from collections.abc import Iterable, Mapping, Sequence

from severe_bench.core.atomic import write_json, write_text
from severe_bench.core.budget import Budget
from severe_bench.core.record import Dataset, Record
from severe_bench.core.session import Session
from severe_bench.data.budgets import draw, draw_lines
from severe_bench.plan.job import EvaluateJob, PretrainJob

MISSING_FILE = "missing.json"
DRAWN_FILE = "drawn.txt"
"""Lines `sample label` in draw order; `budget: {file: drawn.txt}` draws them again."""


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


def note_drawn(job: EvaluateJob | PretrainJob, records: Sequence[Record], session: Session) -> None:
    """Write `drawn.txt`, unless the budget is the full training set."""
    if job.budget != Budget(rule=job.budget.rule, draw=job.budget.draw):
        write_text(session.folder / DRAWN_FILE, "".join(draw_lines(records, range(len(records)))))
