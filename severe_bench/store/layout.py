"""Where everything lies in a results folder."""

from dataclasses import dataclass
from pathlib import Path

from severe_bench.core.errors import UserError
from severe_bench.plan.cell import Cell

CELL = "cell.yaml"
RESULT = "result.json"
FAILURE = "failure.json"
EVENTS = "events.jsonl"
PROGRESS = "progress.json"
PREDICTIONS = "predictions.npz"
CHECKPOINT = "checkpoint.pt"
BEST = "parts/best.pt"
"""As `train.best` calls it, whose import would bring torch."""
LOG = "log.txt"
LOCK = "lock"
CLAIM = "claim.json"

BOOKKEEPING = frozenset({CELL, RESULT, FAILURE, EVENTS, PROGRESS, CHECKPOINT, LOG, LOCK, CLAIM})
"""Files that every cell folder may hold; all others are the cell's outputs."""

SHARED = "shared"
"""Folder of the cells that suites share; hence no suite's name."""
DIGESTS = "digests.json"
"""In the shared folder: digests of checkpoint files that plans remember."""


@dataclass(frozen=True)
class Layout:
    """The paths of one suite in one results folder.

    Args:
        results: the results folder, absolute.
        suite: name of the suite.

    Raises:
        UserError: the suite's name is no folder name.

    Example:
        >>> Layout(Path("/r"), "demo").table
        PosixPath('/r/demo/results.csv')
    """

    results: Path
    suite: str

    def __post_init__(self) -> None:
        if self.suite in {"", ".", "..", SHARED} or "/" in self.suite:
            raise UserError(f"a suite cannot be called {self.suite!r}", mend="choose another name")

    @property
    def cells(self) -> Path:
        """Folder of the evaluated cells."""
        return self.results / self.suite / "cells"

    @property
    def shared(self) -> Path:
        """Folder of the cells that other cells, of any suite, need."""
        return self.results / SHARED

    @property
    def table(self) -> Path:
        """The derived table of all results."""
        return self.results / self.suite / "results.csv"

    @property
    def report(self) -> Path:
        """Folder of the report."""
        return self.results / self.suite / "report"

    @property
    def quarantine(self) -> Path:
        """Folder that damaged cell folders are moved to."""
        return self.results / self.suite / "quarantine"

    def group(self, kind: str) -> Path:
        """Folder of all cells of one kind."""
        return self.cells if kind == "evaluate" else self.shared / kind

    def folder(self, cell: Cell) -> Path:
        """Folder of one cell."""
        return self.group(cell.job.kind) / cell.id

    def needed(self, cell_id: str) -> Path:
        """Folder of a shared cell of whatever kind.

        Raises:
            UserError: no such cell was made yet.
        """
        for folder in sorted(self.shared.glob(f"*/{cell_id}")):
            if (folder / RESULT).exists():
                return folder
        mend = f"run it with `severe run {self.suite}`"
        raise UserError(f"the needed cell {cell_id} is not done", str(self.shared), mend)
