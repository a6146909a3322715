"""Which benchmarks.yaml is meant."""

from pathlib import Path

from severe_bench.core.errors import UserError

FILE_NAME = "benchmarks.yaml"
PACKAGED = Path(__file__).parent.parent / FILE_NAME


def find_config(path: Path | None) -> Path:
    """The given file, else `./benchmarks.yaml`, else the one shipped in the package.

    Raises:
        UserError: the given file does not exist.
    """
    if path is None:
        here = Path(FILE_NAME)
        return here if here.is_file() else PACKAGED
    if not path.is_file():
        raise UserError("no such file", str(path), "pass -c FILE, or leave it out")
    return path
