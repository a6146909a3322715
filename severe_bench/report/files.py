"""Tables as files, in every format that readers of papers need."""

import re
from collections.abc import Iterable
from pathlib import Path

from severe_bench.core.atomic import write_text
from severe_bench.core.digest import digest_of
from severe_bench.core.errors import UserError
from severe_bench.report.table import Table
from severe_bench.report.writers import WRITERS

LIST = "files.txt"
"""Beside the page: what was written with it, a line for each file."""
FOLDERS = ("tables", "figures")


def write_tables(folder: Path, tables: Iterable[Table]) -> list[Path]:
    """Write `<name>.csv`, `.md` and `.tex` of each table, the first of those of one name.

    Returns:
        The files.

    Raises:
        UserError: a file cannot be written.
    """
    first: dict[str, Table] = {}
    for table in tables:
        first.setdefault(table.name, table)
    texts = {
        folder / f"{file_stem(table.name)}.{suffix}": write(table)
        for table in first.values()
        for suffix, write in WRITERS.items()
    }
    for path, text in texts.items():
        write_text(path, text)
    return list(texts)


def forget_others(folder: Path, written: Iterable[Path]) -> None:
    """Remove what an earlier report in `folder` wrote and this one did not; nobody else's files.

    Their numbers would be taken for those of the page that they lie beside.

    Raises:
        UserError: one cannot be removed, or the list not be written.
    """
    now = {path.relative_to(folder).as_posix() for path in written}
    try:
        before = (folder / LIST).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        before = []
    for name in set(before) - now:
        parent, _, plain = name.partition("/")
        if parent in FOLDERS and "/" not in plain:
            _remove(folder / parent / plain)
    write_text(folder / LIST, "".join(f"{name}\n" for name in sorted(now)))


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        what = f"cannot remove what an earlier report wrote: {error.strerror or error}"
        raise UserError(what, str(path), "remove it yourself") from error


def file_stem(name: str) -> str:
    """A name that every file system takes: what is no letter, digit, dot or dash becomes `_`.

    Names that had to be changed get a digest, so that two of them stay two files.

    Example:
        >>> file_stem("ranks_domain"), file_stem("a/b")
        ('ranks_domain', 'a_b-f5effa31')
    """
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:80]
    return plain if plain == name else f"{plain}-{digest_of(name)[:8]}"
