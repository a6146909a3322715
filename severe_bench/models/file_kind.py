"""Whether a file may be a checkpoint at all, by its first bytes; light, nothing is read further."""

from pathlib import Path

from severe_bench.core.errors import UserError

ZIP = (b"PK\x03\x04", b"PK\x05\x06")
PICKLE = b"\x80"
"""How files of torch before 1.6 begin: a pickle of protocol 2 or later."""
TAR, TAR_AT = b"ustar", 257
SAFETENSORS = ".safetensors"
HEADER_AT = 8
"""Of safetensors: after the header's length."""
READ = 512


def require_checkpoint_file(path: Path) -> None:
    """Refuse an empty file, and one that is no archive of torch's and no safetensors.

    Raises:
        UserError: what it is, or that it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            begin = stream.read(READ)
    except OSError as error:
        mend = "check the path and its permissions"
        raise UserError(f"cannot read: {error.strerror}", str(path), mend) from error
    if not begin:
        raise UserError("an empty file", str(path), "copy or download it again")
    if not _is_known(begin, path.suffix):
        what = "no checkpoint: not an archive of torch's, and no safetensors"
        raise UserError(what, str(path), "copy or download it again")


def _is_known(begin: bytes, suffix: str) -> bool:
    if suffix == SAFETENSORS:
        return begin[HEADER_AT : HEADER_AT + 1] == b"{"
    is_tar = begin[TAR_AT : TAR_AT + len(TAR)] == TAR
    return begin.startswith((*ZIP, PICKLE)) or is_tar
