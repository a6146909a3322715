"""Finding one cell of a results folder by the beginning of its id."""

from dataclasses import dataclass
from pathlib import Path

from severe_bench.core.errors import UserError
from severe_bench.plan.cell import Cell
from severe_bench.store.cells import CorruptError, read_cell, read_failure, read_result
from severe_bench.store.layout import CELL, SHARED
from severe_bench.store.result import Failure, Result


@dataclass(frozen=True)
class FoundCell:
    """A cell's folder and what stands in it."""

    folder: Path
    cell: Cell
    result: Result | None
    failure: Failure | None

    def as_json(self) -> dict[str, object]:
        """Plain data for `severe show --json`."""
        return {
            "folder": str(self.folder),
            "cell": self.cell.model_dump(mode="json"),
            "result": self.result.model_dump(mode="json") if self.result else None,
            "failure": self.failure.model_dump(mode="json") if self.failure else None,
        }


def find_cell(results: Path, beginning: str) -> FoundCell:
    """The one cell whose id begins so, in any suite or among the shared ones.

    Raises:
        UserError: none, several (with their folders), or one whose folder is damaged.
    """
    folders = cell_folders(results, beginning)
    if not folders:
        mend = "`severe plan` lists ids; --results names the folder"
        raise UserError(f"no cell {beginning!r}", str(results), mend)
    ids = {folder.name for folder in folders}
    if len(ids) > 1:
        some = ", ".join(sorted(ids)[:5])
        raise UserError(f"{beginning!r} begins {len(ids)} ids: {some}", mend="type more of the id")
    return _open(folders[0])


def cell_folders(results: Path, beginning: str) -> list[Path]:
    """Folders of all cells whose id begins so, evaluated ones first."""
    if not beginning or not beginning.isalnum():
        return []
    patterns = (f"*/cells/{beginning}*/{CELL}", f"{SHARED}/*/{beginning}*/{CELL}")
    return [found.parent for pattern in patterns for found in sorted(results.glob(pattern))]


def _open(folder: Path) -> FoundCell:
    try:
        return FoundCell(folder, read_cell(folder), read_result(folder), read_failure(folder))
    except CorruptError as error:
        mend = "the next `severe run` sets it aside and computes it again"
        raise UserError(f"damaged cell: {error}", str(folder), mend) from error
