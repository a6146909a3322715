"""Entries of other packages: what works is named, what does not says why, and what to do."""

from pathlib import Path

import pytest

from severe_bench.core.registry import Registry
from severe_bench.doctor.finding import Finding
from severe_bench.doctor.plugins import check_plugins

pytestmark = pytest.mark.usefixtures("forgotten")
POINTS = """[severe_bench.tasks]
{tasks}
[severe_bench.task]
lost = {name}.shapes:ROUND
[severe_bench.models]
ours = {name}.nowhere:build
"""


def found(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *tasks: str, source: str = "ROUND = 1\n"
) -> list[Finding]:
    """With a package whose tasks these are."""
    name = f"lab_{folder.name}"
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = "\n".join(f"{task} = {name}.shapes:ROUND" for task in tasks)
    (info / "entry_points.txt").write_text(POINTS.format(tasks=lines, name=name))
    (folder / name).mkdir()
    (folder / name / "shapes.py").write_text(source)
    monkeypatch.syspath_prepend(folder)
    tasks_read: Registry[object] = Registry("task", {"taken": "os:sep"}, "severe_bench.tasks", int)
    return list(check_plugins([tasks_read], ["severe_bench.models"]))


def test_a_group_that_nothing_reads_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings = found(tmp_path, monkeypatch, "round")
    assert [finding.verdict for finding in findings] == ["ok", "problem"]
    works, lost = findings
    name = f"lab_{tmp_path.name}"
    assert (works.check, works.seen) == ("task", f"round = {name}.shapes:ROUND of {name} 1.0")
    assert "is in the group severe_bench.task, which nothing reads" in lost.seen
    assert lost.mend.startswith("did you mean severe_bench.tasks")


def test_two_of_one_name_are_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = found(tmp_path, monkeypatch, "taken")[0]
    assert first.verdict == "problem"
    assert first.seen.startswith("two packages register the task 'taken'")
    assert first.mend == "rename or uninstall one of them"


def test_what_does_not_import_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = found(tmp_path, monkeypatch, "round", source="import nowhere_to_be_found\n")[0]
    assert first.verdict == "problem"
    assert "nowhere_to_be_found" in first.seen
    assert first.mend == "mend or uninstall that package"
