"""Names of classes in figures, tables and files."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pandas as pd

from severe_bench.report.build import build_report
from severe_bench.store.layout import Layout
from tests.analysis.builder import Trial, write_suite

NAMES = ("None", "NA", "run, sit", "<script>alert(1)</script>", "Übung & Müsli", "")
TURNED = {"a": 0.9, "b": 0.3}


def report(results: Path, classes: tuple[str, ...]) -> Path:
    trials = [
        Trial("near", "standard", {"a": 0.3, "b": 0.9}, videos=80, classes=classes),
        Trial("far", "domain", TURNED, dataset="far", videos=80, classes=classes),
    ]
    write_suite(Layout(results, "s"), trials)
    return build_report(results, "s").parent


def test_names_survive_page_figures_and_tables(tmp_path: Path) -> None:
    folder = report(tmp_path, NAMES)
    page = (folder / "index.html").read_text()
    assert NAMES[3] not in page
    assert "&lt;script&gt;alert(1)" in page
    for name in ("classes_far", "confusion_far"):
        frame = pd.read_csv(folder / "tables" / f"{name}.csv", keep_default_na=False)
        assert frame["class"].tolist() == list(range(6))
        assert frame["name"].tolist() == list(NAMES)
        for form in ("md", "tex"):
            assert "Übung" in (folder / "tables" / f"{name}.{form}").read_text()
    words = set(ET.parse(folder / "figures" / "confusion_far.svg").getroot().itertext())  # noqa: S314
    assert {*NAMES[:5], "class 5"} <= words
    assert {*NAMES[:5], "class 5"} <= set(
        ET.parse(folder / "figures" / "classes_far_a_b.svg").getroot().itertext()  # noqa: S314
    )


def test_a_store_without_names_shows_ids(tmp_path: Path) -> None:
    folder = report(tmp_path, ())
    frame = pd.read_csv(folder / "tables" / "classes_far.csv")
    assert list(frame) == ["class", "videos", "difference"]
    assert "class 3" in (folder / "figures" / "confusion_far.svg").read_text()
