"""Files that the user names with --output."""

from errno import EACCES, EDQUOT, ENOSPC, EPERM, EROFS
from pathlib import Path

from severe_bench.core.atomic import write_bytes
from severe_bench.core.errors import UserError

ELSEWHERE = frozenset({EACCES, EPERM, EROFS, ENOSPC, EDQUOT})


def write_output(path: Path, content: bytes) -> None:
    """Write a file atomically.

    Raises:
        UserError: it cannot be written there.
    """
    if path.is_dir():
        raise UserError("is a folder", str(path), "name a file with --output")
    try:
        write_bytes(path, content)
    except UserError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno in ELSEWHERE:
            raise UserError(error.what, error.where, "name another file with --output") from cause
        raise
