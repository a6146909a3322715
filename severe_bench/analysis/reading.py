"""From a results folder to what the analyses work on; the files themselves are the store's."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from severe_bench.analysis.cka import Features, merge_views
from severe_bench.analysis.harvest import Harvest, Measured, Problem, SharedWork, column_of
from severe_bench.plan.cell import Cell, Label
from severe_bench.store.cells import CorruptError, check, read_cell, read_failure
from severe_bench.store.layout import CELL, Layout
from severe_bench.store.lock import owner
from severe_bench.store.predictions import Predictions, read_predictions
from severe_bench.store.result import Result

UNREADABLE = "run `severe run` again; it sets the damaged folder aside and repeats the cell"


@dataclass(frozen=True)
class ResultsReader:
    """Reads the large files of one suite's cells."""

    layout: Layout

    def predictions(self, cell: str) -> Predictions | None:
        """Predictions of an evaluated cell, None where they are missing or damaged."""
        try:
            return read_predictions(self.layout.cells / cell)
        except CorruptError:
            return None

    def needs(self, cell: str) -> Mapping[str, str]:
        """Role -> id of what an evaluated cell needed; empty where its file is damaged."""
        try:
            return read_cell(self.layout.cells / cell).needs
        except CorruptError:
            return {}

    def features(self, cell: str) -> Features | None:
        """Features of a features cell, views merged; None where they are missing or damaged."""
        folder = self.layout.group("features") / cell
        try:
            samples = json.loads((folder / "samples.json").read_bytes())
            values = np.load(folder / "features.npy", allow_pickle=False)
            weights = np.load(folder / "weights.npy", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        return Features(np.asarray(samples, np.str_), merge_views(values, weights))


def harvest(layout: Layout, planned: Sequence[Cell] | None = None) -> Harvest:
    """All results of a suite, and every cell without one with its reason.

    Args:
        layout: where to look.
        planned: the suite's cells as planned now. Cells of earlier plans are then left out, names
            are the plan's, and cells not begun are listed. None: whatever the folder holds; of two
            cells of the same name the one finished last counts.
    """
    if planned is None:
        folders = [path for path in sorted(_folders(layout.cells)) if (path / CELL).exists()]
        measured, problems = _gather((folder, None) for folder in folders)
        measured, superseded = _newest(measured)
        return Harvest(layout.suite, measured, problems + superseded, _shared(layout, None))
    pairs = [(layout.folder(cell), cell) for cell in planned]
    evaluated = [pair for pair in pairs if pair[1].job.kind == "evaluate"]
    measured, problems = _gather(evaluated)
    shared = _shared(layout, {cell.id for cell in planned})
    others = [_problem(folder, cell) for folder, cell in pairs if cell.job.kind != "evaluate"]
    waiting = tuple(p for p in others if p is not None and p.state in ("failed", "unreadable"))
    return Harvest(layout.suite, measured, problems + waiting, shared)


def _gather(
    cells: Iterable[tuple[Path, Cell | None]],
) -> tuple[tuple[Measured, ...], tuple[Problem, ...]]:
    measured, problems = [], []
    for folder, cell in cells:
        problem = _problem(folder, cell)
        if problem is not None:
            problems.append(problem)
            continue
        result = check(folder)
        label = cell.label if cell else result.label if result else None
        if result is None or label is None:
            continue
        if label.headline in {metric.name for metric in result.metrics}:
            measured.append(_measured(result, label))
        else:
            reason = f"its result lacks the headline metric {label.headline}"
            problems.append(Problem(folder.name, _title(label), "unreadable", reason, UNREADABLE))
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
    )


def _problem(folder: Path, cell: Cell | None) -> Problem | None:
    """Why there is no result, None where there is one."""
    name = folder.name
    try:
        if check(folder) is not None:
            return None
        known = cell or read_cell(folder)
        failure = read_failure(folder)
    except CorruptError as error:
        return Problem(name, cell.title if cell else name, "unreadable", str(error), UNREADABLE)
    if known.problem:
        return Problem(name, known.title, "impossible", known.problem)
    if failure is not None:
        reason = f"{failure.failure_class.replace('_', ' ')}: {failure.message}"
        return Problem(name, known.title, "failed", reason, failure.hint)
    if owner(folder) is not None:
        return Problem(name, known.title, "running", "a worker has it now")
    return Problem(name, known.title, "not run", "not finished yet", "run `severe run` to go on")


def _newest(
    measured: tuple[Measured, ...],
) -> tuple[tuple[Measured, ...], tuple[Problem, ...]]:
    kept: dict[tuple[str, str, int], Measured] = {}
    older = []
    for cell in sorted(measured, key=lambda cell: cell.provenance.finished):
        key = (column_of(cell.label), cell.label.model, cell.label.seed)
        if key in kept:
            older.append(kept[key])
        kept[key] = cell
    reason = "an older cell of the same name; a newer one with other settings counts"
    problems = [Problem(c.cell, _title(c.label), "superseded", reason) for c in older]
    return tuple(kept[key] for key in sorted(kept)), tuple(problems)


def _title(label: Label) -> str:
    return f"{label.model} / {column_of(label)} / seed {label.seed}"


def _shared(layout: Layout, ids: set[str] | None) -> tuple[SharedWork, ...]:
    return tuple(
        work
        for kind in sorted(_folders(layout.shared))
        for folder in sorted(_folders(kind))
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


def _folders(path: Path) -> Iterator[Path]:
    return (child for child in path.iterdir() if child.is_dir()) if path.is_dir() else iter(())
