"""The files of one cell folder, read and written."""

from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ValidationError

from severe_bench.core.atomic import TEMPORARY_MARK, write_json, write_text
from severe_bench.core.digest import file_digest, short_id
from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.plan.cell import Cell
from severe_bench.store.layout import BOOKKEEPING, CELL, CHECKPOINT, FAILURE, PROGRESS, RESULT
from severe_bench.store.result import Failure, OutputFile, Result

M = TypeVar("M", bound=Frozen)

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class CorruptError(Exception):
    """A file of a cell folder cannot be what this program wrote."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path}: {reason}")


def write_cell(folder: Path, cell: Cell) -> None:
    """Write `cell.yaml`, fully resolved."""
    content = cell.model_dump(mode="json")
    text = yaml.dump(content, Dumper=Dumper, sort_keys=False, allow_unicode=True)
    write_text(folder / CELL, text)


def read_cell(folder: Path) -> Cell:
    """Read `cell.yaml`.

    Raises:
        CorruptError: it is missing, cannot be parsed, or is another cell's.
    """
    path = folder / CELL
    try:
        cell = Cell.model_validate(yaml.load(_read(path), Loader=Loader))  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValidationError) as error:
        raise CorruptError(path, _first_line(error)) from error
    if cell.id != folder.name or short_id(cell.job) != folder.name:
        raise CorruptError(path, f"holds cell {cell.id}, job {short_id(cell.job)}")
    return cell


def write_result(folder: Path, result: Result) -> None:
    """Write `result.json`: from here on the cell is done."""
    write_json(folder / RESULT, result.model_dump(mode="json"))


def read_result(folder: Path) -> Result | None:
    """Read `result.json`; None when there is none.

    Raises:
        CorruptError: it cannot be parsed or is another cell's.
    """
    return _read_model(folder, RESULT, Result)


def write_failure(folder: Path, failure: Failure) -> None:
    """Write `failure.json`."""
    write_json(folder / FAILURE, failure.model_dump(mode="json", by_alias=True))


def read_failure(folder: Path) -> Failure | None:
    """Read `failure.json`; None when there is none.

    Raises:
        CorruptError: it cannot be parsed or is another cell's.
    """
    return _read_model(folder, FAILURE, Failure)


def clear_failure(folder: Path) -> None:
    """Forget the failure: the next run tries the cell again, from its checkpoint."""
    (folder / FAILURE).unlink(missing_ok=True)


def clean(folder: Path) -> None:
    """Remove what a killed writer left behind; only for whoever holds the cell's claim."""
    (folder / PROGRESS).unlink(missing_ok=True)
    for path in folder.glob(f"*{TEMPORARY_MARK}*"):
        if path.is_file():
            path.unlink(missing_ok=True)


def output_files(folder: Path) -> dict[str, OutputFile]:
    """Digest and size of `cell.yaml` and of each output file directly in the folder."""
    paths = [p for p in sorted(folder.iterdir()) if p.name == CELL or p.name not in BOOKKEEPING]
    return {
        path.name: OutputFile(sha256=file_digest(path), size=path.stat().st_size)
        for path in paths
        if path.is_file() and not _is_transient(path.name)
    }


def check(folder: Path) -> Result | None:
    """The result of a folder whose every listed file is there; None when it is not done.

    `cell.yaml` is parsed only where its digest has changed: an edited comment does no harm.

    Raises:
        CorruptError: `result.json` or `cell.yaml` is damaged, or an output is missing or has
            another size.
    """
    result = read_result(folder)
    if result is None:
        return None
    for name, file in result.files.items():
        path = folder / name
        if name == CELL:
            if file_digest_or_empty(path) != file.sha256:
                read_cell(folder)
        elif not path.is_file() or path.stat().st_size != file.size:
            raise CorruptError(path, "is missing or has another size than when it was written")
    return result


def verify(folder: Path) -> None:
    """Compare the outputs of a finished cell with the digests in its result.

    A process reads each file once, and again when its size or time of change is another.

    Raises:
        CorruptError: as `check` does, or a file has other bytes than when it was written.
        UserError: a file cannot be read.
    """
    result = check(folder)
    for name, file in result.files.items() if result else ():
        path = folder / name
        if name != CELL and _digest(path) != file.sha256:
            raise CorruptError(path, "has other bytes than when it was written")


def _digest(path: Path) -> str:
    try:
        stat = path.stat()
        return _digest_of(path, stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        raise _unreadable(path, error) from error


@lru_cache(maxsize=65536)
def _digest_of(path: Path, size: int, changed: int) -> str:  # noqa: ARG001 - part of the key
    return file_digest(path)


def _is_transient(name: str) -> bool:
    return TEMPORARY_MARK in name or name.startswith(CHECKPOINT)


def file_digest_or_empty(path: Path) -> str:
    """SHA-256 of a file, empty when there is none."""
    return file_digest(path) if path.is_file() else ""


def _read_model(folder: Path, name: str, model: type[M]) -> M | None:
    path = folder / name
    if not path.exists():
        return None
    try:
        content = model.model_validate_json(_read(path))
    except ValidationError as error:
        raise CorruptError(path, _first_line(error)) from error
    if getattr(content, "cell", None) != folder.name:
        raise CorruptError(path, f"is of cell {getattr(content, 'cell', None)}")
    return content


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> CorruptError | UserError:
    if isinstance(error, FileNotFoundError):
        return CorruptError(path, "is missing")
    reason = error.strerror or str(error)
    mend = "mend its permissions or pass another --results folder"
    return UserError(f"cannot read: {reason}", str(path), mend)


def _first_line(error: yaml.YAMLError | ValidationError) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_context=False)[0]
        key = ".".join(str(step) for step in first["loc"])
        return f"{key}: {first['msg']}" if key else first["msg"]
    return " ".join(str(error).split())[:200]
