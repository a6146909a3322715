"""From a results folder to what the analyses work on; the files themselves are the store's."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from severe_bench.analysis.cka import Features, MergedViews
from severe_bench.analysis.harvest import Harvest, Measured, Problem, SharedWork, column_of
from severe_bench.analysis.one_setting import one_metric, one_setting
from severe_bench.analysis.quick_arrays import read_arrays
from severe_bench.core.budget import Budget
from severe_bench.core.errors import UserError
from severe_bench.core.shards import read_shards
from severe_bench.plan.cell import Cell, Label
from severe_bench.plan.job import EvaluateJob
from severe_bench.store.cells import CorruptError, check, read_cell, read_failure, verify
from severe_bench.store.layout import CELL, PREDICTIONS, Layout
from severe_bench.store.predictions import Predictions, read_predictions
from severe_bench.store.result import Result
from severe_bench.store.states import state_of
from severe_bench.store.status import CellStatus, status

DRAWN = "drawn.txt"
"""As `run.kinds.incomplete` calls it: a line for each training video that the budget drew."""
FULL = str(Budget())
REASONS = {
    "pending": "not run yet",
    "idle": "not run yet",
    "running": "a worker has it now",
    "corrupt": "its folder is damaged",
}
HINTS = {
    "pending": "`severe run` goes on with it",
    "failed": "`severe run --retry failed` tries it again",
    "corrupt": "`severe run` sets the damaged folder aside and repeats the cell",
}


@dataclass(frozen=True)
class ResultsReader:
    """Reads the large files of one suite's cells, and what cells are: that once for each."""

    layout: Layout
    _known: dict[str, Cell | None] = field(default_factory=dict, init=False, repr=False)

    def predictions(self, cell: str) -> Predictions | None:
        """Predictions of an evaluated cell, None where they are missing or damaged."""
        folder = self.layout.cells / cell
        try:
            return Predictions(**read_arrays(folder / PREDICTIONS))
        except (OSError, ValueError, TypeError):
            return _predictions_as_stored(folder)

    def needs(self, cell: str) -> Mapping[str, str]:
        """Role -> id of what an evaluated cell needed; empty where its file is damaged."""
        known = self._cell(cell)
        return known.needs if known else {}

    def job(self, cell: str) -> EvaluateJob | None:
        """What an evaluated cell computes; None where its file is damaged."""
        known = self._cell(cell)
        return known.job if known and isinstance(known.job, EvaluateJob) else None

    def drawn(self, cell: str) -> int | None:
        """How many training videos its budget drew; of the full set, as many as the plan knew."""
        try:
            return (self.layout.cells / cell / DRAWN).read_bytes().count(b"\n")
        except OSError:
            return self._full_set(cell)

    def features(self, cell: str) -> Features | None:
        """Features of a features cell, views merged; None where there are none.

        They stay on disk and are read block by block.

        Raises:
            UserError: they are damaged.
        """
        folder = self.layout.group("features") / cell
        try:
            verify(folder)
        except CorruptError as error:
            mend = "remove this folder and what was computed from it, and run again"
            raise UserError(f"{error.path.name} {error.reason}", str(folder), mend) from error
        try:
            samples = json.loads((folder / "samples.json").read_bytes())
            arrays = read_shards(folder)
            values, weights = arrays["features"], arrays["weights"][:]
        except (OSError, ValueError, KeyError, EOFError):
            return None
        if values.ndim != 3 or weights.shape != values.shape[:2] or len(samples) != len(values):
            return None
        return Features(np.asarray(samples, np.str_), MergedViews(values, weights))

    def _full_set(self, cell: str) -> int | None:
        """Training videos of a cell whose budget is all of them; None where that is not known."""
        job, known = self.job(cell), self._cell(cell)
        if job is None or known is None or str(job.budget) != FULL:
            return None
        return known.places.sizes.get("train")

    def _cell(self, cell: str) -> Cell | None:
        if cell not in self._known:
            try:
                self._known[cell] = read_cell(self.layout.cells / cell)
            except CorruptError:
                self._known[cell] = None
        return self._known[cell]


def _predictions_as_stored(folder: Path) -> Predictions | None:
    """What is not in the plain form is the store's to read, or to find damaged."""
    try:
        return read_predictions(folder)
    except CorruptError:
        return None


def harvest(layout: Layout, planned: Sequence[Cell] | None = None) -> Harvest:
    """All results of a suite, and every cell without one with its reason.

    Args:
        layout: where to look.
        planned: the suite's cells as planned now. Cells of earlier plans are then left out, names
            are the plan's, and cells not begun are listed. None: whatever the folder holds; of
            cells of the same name those of one setting and metric, see `one_setting`.

    Raises:
        UserError: the results folder cannot be read.
    """
    return _harvest_folder(layout) if planned is None else _harvest_plan(layout, planned)


def _harvest_plan(layout: Layout, planned: Sequence[Cell]) -> Harvest:
    rows = {row.id: row for row in status(layout, planned).cells}
    evaluated = [cell for cell in planned if cell.label is not None]
    done = [cell for cell in evaluated if rows[cell.id].state == "done"]
    measured, broken = _gather((layout.folder(cell), cell.label) for cell in done)
    problems = [
        _problem_of(layout.folder(cell), rows[cell.id])
        for cell in planned
        if _is_missing(rows[cell.id])
    ]
    shared = _shared(layout, {cell.id for cell in planned})
    labels = [cell.label for cell in evaluated if cell.label is not None]
    seeds = Counter((column_of(label), label.model) for label in labels)
    return Harvest(layout.suite, measured, (*problems, *broken), shared, seeds)


def _harvest_folder(layout: Layout) -> Harvest:
    folders = [path for path in _folders(layout.cells) if (path / CELL).exists()]
    found = {folder: state_of(folder) for folder in folders}
    done = [folder for folder, state in found.items() if state == "done"]
    measured, broken = _gather((folder, None) for folder in done)
    apart = one_setting(measured, ResultsReader(layout).job)
    problems = [
        _problem_of(folder, CellStatus(id=folder.name, title=_title_in(folder), kind="", state=s))
        for folder, s in found.items()
        if s != "done"
    ]
    ranked = one_metric(apart.kept)
    problems += [*broken, *apart.left_out, *ranked.left_out]
    return Harvest(layout.suite, ranked.kept, tuple(problems), _shared(layout, None))


def _is_missing(row: CellStatus) -> bool:
    if row.kind == "evaluate":
        return row.state != "done"
    return row.state in ("failed", "corrupt", "impossible")


def _problem_of(folder: Path, row: CellStatus) -> Problem:
    reason, hint = row.reason or REASONS.get(row.state, ""), HINTS.get(row.state, "")
    if row.state == "failed":
        try:
            failure = read_failure(folder)
        except CorruptError as error:
            reason = str(error)
        else:
            reason = failure.told if failure else reason
            hint = failure.hint if failure and failure.hint else hint
    return Problem(row.id, row.title, row.state, reason, hint)


def _title_in(folder: Path) -> str:
    try:
        return read_cell(folder).title
    except CorruptError:
        return folder.name


def _gather(
    cells: Iterable[tuple[Path, Label | None]],
) -> tuple[tuple[Measured, ...], tuple[Problem, ...]]:
    """Results of done cells, and a problem for each whose files are not what they should be."""
    measured, problems = [], []
    for folder, planned in cells:
        try:
            result = check(folder)
        except CorruptError as error:
            problems.append(
                Problem(folder.name, folder.name, "corrupt", str(error), HINTS["corrupt"])
            )
            continue
        label = planned or (result.label if result else None)
        if result is None or label is None:
            continue
        if label.headline in {metric.name for metric in result.metrics}:
            measured.append(_measured(result, label))
        else:
            reason = f"its result lacks the headline metric {label.headline}"
            problems.append(
                Problem(folder.name, _title(label), "corrupt", reason, HINTS["corrupt"])
            )
    return tuple(measured), tuple(problems)


def _measured(result: Result, label: Label) -> Measured:
    values = {metric.name: metric.value for metric in result.metrics}
    n = max((metric.n for metric in result.metrics), default=0)
    return Measured(
        cell=result.cell,
        label=label,
        values=values,
        n=n,
        seconds=result.cost.seconds,
        peak_bytes=result.cost.peak_memory_bytes,
        provenance=result.provenance,
        clips=result.cost.clips,
        missing=result.missing,
        selected_on=result.selected_on,
        predictions=written.sha256 if (written := result.files.get(PREDICTIONS)) else "",
    )


def _title(label: Label) -> str:
    return f"{label.model} / {column_of(label)} / seed {label.seed}"


def _shared(layout: Layout, ids: set[str] | None) -> tuple[SharedWork, ...]:
    return tuple(
        work
        for kind in _folders(layout.shared)
        for folder in _folders(kind)
        if ids is None or folder.name in ids
        if (work := _shared_work(kind.name, folder)) is not None
    )


def _shared_work(kind: str, folder: Path) -> SharedWork | None:
    try:
        result = check(folder)
        if result is None:
            return None
        cost = result.cost
        return SharedWork(kind, read_cell(folder).title, cost.seconds, cost.peak_memory_bytes)
    except CorruptError:
        return None


def _folders(path: Path) -> list[Path]:
    """Folders in `path`, by name; none where it does not exist.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return sorted(child for child in path.iterdir() if child.is_dir())
    except FileNotFoundError:
        return []
    except OSError as error:
        reason = error.strerror or str(error)
        mend = "mend its permissions or pass another --results folder"
        raise UserError(f"cannot read: {reason}", str(path), mend) from error
