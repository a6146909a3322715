"""Tables as files, in every format that readers of papers need."""

import re
from collections.abc import Iterable
from pathlib import Path

from severe_bench.core.atomic import write_text
from severe_bench.core.digest import digest_of
from severe_bench.report.table import Table
from severe_bench.report.writers import WRITERS


def write_tables(folder: Path, tables: Iterable[Table]) -> None:
    """Write `<name>.csv`, `.md` and `.tex` of each table, the first of those of one name.

    Raises:
        UserError: a file cannot be written.
    """
    written: set[str] = set()
    for table in tables:
        if table.name in written:
            continue
        written.add(table.name)
        for suffix, write in WRITERS.items():
            write_text(folder / f"{file_stem(table.name)}.{suffix}", write(table))


def file_stem(name: str) -> str:
    """A name that every file system takes: what is no letter, digit, dot or dash becomes `_`.

    Names that had to be changed get a digest, so that two of them stay two files.

    Example:
        >>> file_stem("ranks_domain"), file_stem("a/b")
        ('ranks_domain', 'a_b-f5effa31')
    """
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:80]
    return plain if plain == name else f"{plain}-{digest_of(name)[:8]}"
