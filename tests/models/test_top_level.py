"""Names that a module has, seen without running it."""

import re
from pathlib import Path

import pytest

from severe_bench.core.errors import UserError
from severe_bench.models.top_level import require_name

SOURCE = "raise RuntimeError('imported')\n"


@pytest.mark.parametrize(
    "text",
    [
        "def build(): ...",
        "async def build(): ...",
        "class build: ...",
        "build = 3",
        "build: int = 3",
        "first, (build, *rest) = 1, (2, 3)",
        "from .other import build",
        "from other import made as build",
        "import build.blocks",
        "from other import *",
        "if True:\n    def build(): ...",
        "try:\n    import build\nexcept ImportError:\n    pass",
        "def __getattr__(name): ...",
        "globals()['build'] = 3",
        "def make():\n    global build\n    build = 3",
    ],
)
def test_what_may_be_there_is_believed(tmp_path: Path, text: str) -> None:
    file = tmp_path / "m.py"
    file.write_text(SOURCE + text)
    require_name(file, "m", "build")


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("def build(): ...", "did you mean build?"),
        ("class Net:\n    def biuld(self): ...", "valid names: Net"),
        ("def outer():\n    biuld = 3", "valid names: outer"),
        ("", "valid names: (none)"),
    ],
)
def test_what_is_not_there_is_answered_with_the_nearest(
    tmp_path: Path, text: str, mend: str
) -> None:
    file = tmp_path / "m.py"
    file.write_text(SOURCE + text)
    expected = f"m: there is no function 'biuld'; {mend}"
    with pytest.raises(UserError, match=re.escape(expected)):
        require_name(file, "m", "biuld")


def test_what_is_no_python_is_said(tmp_path: Path) -> None:
    file = tmp_path / "m.py"
    file.write_text("def (")
    with pytest.raises(UserError, match="is no Python"):
        require_name(file, "m", "build")


def test_compiled_modules_are_believed(tmp_path: Path) -> None:
    require_name(tmp_path / "m.so", "m", "build")
