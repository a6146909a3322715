"""Sections that other packages add to the page."""

from pathlib import Path

import pytest

from severe_bench.core.registry import Registry
from severe_bench.report import further
from severe_bench.report.build import build_report
from severe_bench.report.page import PAGE
from severe_bench.store.layout import Layout
from tests.analysis.builder import Trial, write_suite
from tests.report.parsing import parse

THEIRS = """
from severe_bench.report.page import Section
from severe_bench.report.table import Head, Table, words

def models(findings):
    rows = tuple((words(model),) for model in findings.study.models)
    table = Table("theirs", "Theirs", "", (Head("model", "Model"),), rows)
    return Section("theirs", "Their section", tables=[table])

def silent(findings):
    return None

def broken(findings):
    raise KeyError("<b>nothing</b>")

NONE = 3
"""


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("models", "silent", "broken", "NONE")
    entries = {name: f"sections_of_theirs:{name}" for name in names}
    sections: Registry[further.Maker] = Registry("section", entries, group="no.such.group")
    monkeypatch.setattr(further, "SECTIONS", sections)


@pytest.mark.usefixtures("registered")
def test_they_stand_on_the_page_with_their_files_and_one_that_fails_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sections_of_theirs.py").write_text(THEIRS)
    monkeypatch.syspath_prepend(tmp_path)
    layout = Layout(tmp_path / "results", "demo")
    write_suite(layout, (Trial("near", "standard", {"a": 0.4, "b": 0.6}),))
    text = build_report(layout.results, "demo").read_text()
    ids = [node.attributes["id"] for node in parse(text).every() if "id" in node.attributes]
    assert ids.index("cka") < ids.index("theirs") < ids.index("cost")
    assert (layout.report / "tables" / "theirs.csv").read_text().split() == ["model", "a", "b"]
    assert "KeyError: &#39;&lt;b&gt;nothing&lt;/b&gt;&#39;" in text
    assert "added-NONE" in ids
    assert (layout.report / PAGE).is_file()
