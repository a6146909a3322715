"""Entries of other packages: what they must be, and what stands for them in a cell's identity."""

from pathlib import Path

import pytest

from severe_bench.core.errors import UserError
from severe_bench.core.registry import Registry
from severe_bench.core.source import source_of

THEIRS = """
class Shape:
    def __init__(self, name):
        self.name = name

ROUND, SQUARE, NUMBER = Shape("round"), Shape("oblong"), 3
"""
pytestmark = pytest.mark.usefixtures("forgotten")
POINTS = """[shapes]
round = theirs.shapes:ROUND
square = theirs.shapes:SQUARE
number = theirs.shapes:NUMBER
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a package of its own name in each test: Python remembers what it imported."""
    name = f"theirs_{tmp_path.name}"
    info = tmp_path / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS.replace("theirs", name))
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("")
    (tmp_path / name / "shapes.py").write_text(THEIRS)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / name


def shapes(of: type = object) -> Registry[object]:
    return Registry("shape", {"path": "os.path:sep"}, group="shapes", of=of)


def test_a_foreign_name_is_stamped_with_the_source_of_its_package(package: Path) -> None:
    registry = shapes()
    assert registry.stamped("path") == "path"
    assert registry.stamped("unheard-of") == "unheard-of"
    before = registry.stamped("round")
    assert before == f"round@{source_of(package.name).digest[:16]}"
    assert registry.get(before) is registry.get("round")
    (package / "helpers.py").write_text("WIDTH = 3\n")
    assert registry.stamped("round") == before, "as Python would not import it again either"
    changed = shapes()
    assert changed.stamped("round") != before
    with pytest.raises(UserError, match="the source of the shape 'round' has changed since"):
        changed.get(before)


@pytest.mark.usefixtures("package")
def test_a_stamp_makes_no_name_of_our_own() -> None:
    with pytest.raises(UserError, match="unknown shape 'path@0123456789abcdef'"):
        shapes().get("path@0123456789abcdef")


@pytest.mark.usefixtures("package")
def test_an_entry_that_is_none_is_refused_in_a_line() -> None:
    for name, words in (("number", "is of type int, not str"), ("square", "calls itself 'oblong'")):
        with pytest.raises(UserError, match=f"the shape '{name}' of another package {words}"):
            shapes(str if name == "number" else object).get(name)
