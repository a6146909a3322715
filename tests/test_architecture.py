"""The rooms import only what docs/architecture.md allows them to."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import severe_bench

PACKAGE = Path(severe_bench.__file__).parent

WORDS = {"core", "config", "plan"}
ALLOWED: dict[str, set[str]] = {
    "core": set(),
    "config": {"core"},
    "plan": {"core", "config"},
    "tasks": {"core"},
    "metrics": {"core"},
    "train": {"core", "config"},
    "models": WORDS,
    "data": {"core", "config", "train"},
    "adapt": {*WORDS, "data", "models", "tasks", "metrics", "train"},
    "pretrain": {*WORDS, "data", "models", "tasks", "train"},
    "store": {"core", "plan"},
    "run": {*WORDS, "adapt", "data", "pretrain", "store", "tasks"},
    "analysis": {*WORDS, "metrics", "store"},
    "published": {"core", "analysis"},
    "report": {*WORDS, "analysis", "metrics", "published", "store"},
    "doctor": {"core", "config", "data", "train"},
}
LIGHT = {
    "adapt.protocol",
    "adapt.unit",
    "data.adapter",
    "data.missing",
    "data.prepared",
    "data.procedural.worlds",
    "models.backbone",
    "models.factory",
    "models.file_kind",
    "models.layout",
    "models.model_folder",
    "pretrain.method",
    "tasks.task",
}
"""Registries and words in working rooms that config and plan look names up in."""


def _name(path: Path) -> str:
    return ".".join(("severe_bench", *path.relative_to(PACKAGE).with_suffix("").parts))


MODULES = {_name(path) for path in PACKAGE.rglob("*.py")}


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_a_room_imports_only_what_it_may(room: str) -> None:
    broken = [
        f"{path.relative_to(PACKAGE)} imports {module}"
        for path in (PACKAGE / room).rglob("*.py")
        for module in _imports(path)
        if module.startswith("severe_bench.") and not _may(room, module)
    ]
    assert broken == []


def _may(room: str, module: str) -> bool:
    inside = module.removeprefix("severe_bench.")
    other = inside.partition(".")[0]
    if other == room or other in ALLOWED[room]:
        return True
    return room in {"config", "plan"} and inside in LIGHT


def test_every_room_is_named_here_and_in_the_plan_of_the_house() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} - {"cli"}
    assert rooms == set(ALLOWED)
    plan = (PACKAGE.parent / "docs" / "architecture.md").read_text()
    assert [room for room in rooms if f"`{room}/`" not in plan] == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Not for types, nor inside functions: two that need each other are one concept, or three."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for path in PACKAGE.rglob("*.py"):
        sorter.add(_name(path), *(module for module in _imports(path) if module in MODULES))
    sorter.prepare()
