"""Plan says of which models the ids of cells do not hold the whole source."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from severe_bench.core import source
from severe_bench.core.errors import UserError
from severe_bench.models.factory import find_factory
from severe_bench.plan.build import plan_suite
from severe_bench.tasks.task import TASKS
from tests.plan.fixtures import Study

FACTORY = ("none: {backbone: net}", 'none: {factory: "ours.nets:build"}')


pytestmark = pytest.mark.usefixtures("forgotten")


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "path" / "ours").mkdir(parents=True)
    for name in ("__init__.py", "nets.py"):
        (tmp_path / "path" / "ours" / name).write_text("def build(): ...\n")
    monkeypatch.syspath_prepend(tmp_path / "path")
    find_factory.cache_clear()
    yield
    find_factory.cache_clear()


def test_a_library_is_named_with_its_version(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    assert plan_suite(study(FACTORY), "demo").notes == ()
    monkeypatch.setattr(source, "FILES", 1)
    find_factory.cache_clear()
    (note,) = plan_suite(study(FACTORY), "demo").notes
    assert note.endswith(
        ": ours.nets:build is in a library: of its source, cells know the one module and the "
        "version (ours, of no version), not changes of other files"
    )
    assert "benchmarks.yaml:" in note


def test_a_library_of_plug_ins_is_named_with_those_that_are_used(
    study: Study, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "path" / "ours" / "tasks.py").write_text(
        "from dataclasses import replace\n"
        "from tests.plan.fakes import TASK\n"
        "GRADED = replace(TASK, name='graded')\n"
    )
    points = {
        name: EntryPoint(name, "ours.tasks:GRADED", TASKS.group) for name in ("graded", "unused")
    }
    monkeypatch.setitem(vars(TASKS), "foreign", points)
    monkeypatch.setattr(TASKS, "_sources", {})
    graded = ("task: recognition", "task: graded")
    assert plan_suite(study(graded), "demo").notes == ()
    monkeypatch.setattr(source, "FILES", 1)
    monkeypatch.setattr(TASKS, "_sources", {})
    assert plan_suite(study(graded), "demo").notes == (
        "plug-ins in a library, task graded: of its source, cells know the module of each and the "
        "version (ours, of no version), not changes of other files",
    )


def test_a_factory_that_is_not_here_is_no_library(study: Study) -> None:
    elsewhere = ("none: {backbone: net}", 'none: {factory: "theirs.nets:build"}')
    with pytest.raises(UserError, match="there is no module theirs here"):
        plan_suite(study(elsewhere), "demo")
