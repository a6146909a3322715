"""Beside the page lies what belongs to it, and what is somebody else's."""

import shutil
from pathlib import Path

import pytest

from severe_bench.core.errors import UserError
from severe_bench.report.build import build_report
from severe_bench.report.files import LIST, forget_others
from severe_bench.store.layout import Layout
from tests.analysis.builder import Trial, write_suite


def files(folder: Path) -> set[str]:
    found = (path for kind in ("tables", "figures") for path in (folder / kind).iterdir())
    return {path.relative_to(folder).as_posix() for path in found}


def test_what_an_earlier_report_wrote_and_this_one_has_not_is_gone(tmp_path: Path) -> None:
    layout = Layout(tmp_path, "s")
    near = Trial("near", "standard", {"a": 0.5, "b": 0.7}, videos=40)
    far = Trial("far", "domain", {"a": 0.6, "b": 0.2}, videos=40, dataset="far")
    kept = write_suite(layout, [near], (0,))
    more = write_suite(layout, [far], (0,))
    folder = build_report(tmp_path, "s").parent
    before = files(folder)
    assert "tables/swaps_domain.csv" in before
    assert "figures/ranks_domain.svg" in before
    (folder / "tables" / "mine.csv").write_text("x\n")
    for cell in more:
        if cell not in kept:
            shutil.rmtree(layout.folder(cell))
    build_report(tmp_path, "s")
    after = files(folder)
    assert not any("domain" in name or "far" in name for name in after)
    assert "tables/mine.csv" in after, "files of others stay"
    assert after - {"tables/mine.csv"} < before
    assert set((folder / LIST).read_text().splitlines()) == after - {"tables/mine.csv"}


def test_a_list_that_names_files_elsewhere_removes_none_of_them(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside.csv", tmp_path / "report"
    folder.mkdir()
    outside.write_text("x")
    names = ["../outside.csv", "tables/../../outside.csv", str(outside), "index.html", "", "tables"]
    (folder / LIST).write_text("\n".join(names))
    (folder / "index.html").write_text("x")
    forget_others(folder, [])
    assert outside.exists()
    assert (folder / "index.html").exists()
    assert (folder / LIST).read_text() == ""


def test_what_cannot_be_removed_is_said(tmp_path: Path) -> None:
    (tmp_path / "tables" / "old.csv").mkdir(parents=True)
    (tmp_path / LIST).write_text("tables/old.csv\n")
    with pytest.raises(UserError, match="cannot remove what an earlier report wrote"):
        forget_others(tmp_path, [])
