"""Commands that only look must not load what only work needs."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import TINY

HEAVY = ("torch", "torchvision", "pandas", "matplotlib", "decord", "scipy", "sklearn")

CODE = """
import sys
from severe_bench.cli.main import app
try:
    app(sys.argv[1:], standalone_mode=False)
except SystemExit:
    pass
loaded = [name for name in {heavy!r} if name in sys.modules]
assert not loaded, loaded
"""


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["run", "--help"], ["plan"], ["plan", "--json"], ["status"], ["status", "--json"],
     ["run", "--dry-run"]],
)  # fmt: skip
def test_nothing_heavy_is_imported(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "benchmarks.yaml").write_text(TINY)
    code = CODE.format(heavy=HEAVY)
    found = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
