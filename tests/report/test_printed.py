"""The page of printed tables."""

from pathlib import Path

import pandas as pd
import pytest
from scipy.stats import kendalltau

from severe_bench.core.errors import UserError
from severe_bench.published.columns import printed_column, severe_table
from severe_bench.published.read import rows, tables
from severe_bench.report.printed import write_printed_page
from severe_bench.report.table import MISSING
from severe_bench.report.tables.printed import coloured
from tests.report.parsing import Node, parse


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_printed_page("severe2022", tmp_path_factory.mktemp("printed"))


@pytest.fixture(scope="module")
def tree(page: Path) -> Node:
    return parse(page.read_text())


def read(page: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(page.parent / "tables" / f"{name}.csv", keep_default_na=False)


@pytest.mark.parametrize("number", ["4.1", "4.2", "4.3", "4.4", "B.3", "B.4", "5.8"])
def test_every_table_of_the_chapter_is_coloured_by_rank(tree: Node, number: str) -> None:
    cells = tree.by_id(f"table-coloured_{number}").every("td")
    classes = {name for cell in cells for name in cell.attributes.get("class", "").split()}
    assert {"blue4", "red4"} <= classes


def test_colours_follow_the_direction_of_the_metric(tree: Node) -> None:
    """Repetition counting: GDT has the least error (blue), None the largest (red)."""
    rows = tree.by_id("table-coloured_4.3").every("tr")
    shown = {
        cells[0].text.strip(): cells[3].attributes["class"]
        for row in rows[1:]
        if (cells := row.every("td"))
    }
    assert "blue4" in shown["GDT"]
    assert "red4" in shown["None"]
    assert "↓" in rows[0].text


def test_correlations_agree_with_scipy(page: Path) -> None:
    tables = list((page.parent / "tables").glob("agreement_UCF101*.csv"))
    assert len(tables) == 1
    frame = pd.read_csv(tables[0]).set_index("column")
    ucf = printed_column(severe_table("4.1"), "Finetuning / UCF101").column.values
    counting = printed_column(severe_table("4.3"), "Within domain / Repetition Counting").column
    expected = kendalltau([ucf[m] for m in ucf], [-counting.values[m] for m in ucf]).statistic
    row = frame.loc["Within domain: Repetition Counting"]
    assert row["tau_b"] == pytest.approx(expected)
    assert row["models"] == 11


def test_the_summary_says_where_and_why_it_differs_from_print(page: Path, tree: Node) -> None:
    text = tree.by_id("summary").text
    assert "14 of 15 means agree with print" in text
    assert "VideoMAE 58.8 (printed 58.1)" in text
    assert "higher-is-better" in text
    summary = read(page, "severe_summary").set_index("model")
    assert summary.loc["Supervised", "average_rank"] == 2.375
    assert summary.loc["CtP", "average_rank"] == summary.loc["TCLR", "average_rank"] == 6.375


def test_printed_ranks_only_by_a_labelled_switch(tmp_path: Path) -> None:
    page = write_printed_page("severe2022", tmp_path, ranks_as_printed=True)
    assert (
        read(page, "severe_summary").set_index("model").loc["Supervised", "average_rank"] == 3.875
    )
    assert "as printed: the UCF-RC error ranked as if higher were better" in page.read_text()


def test_figures_of_the_chapter(page: Path, tree: Node) -> None:
    figures = {path.stem.partition("-")[0] for path in (page.parent / "figures").glob("*.svg")}
    for reference in ("UCF101_finetuning", "K400_linear"):
        for factor in ("domain", "samples", "actions", "task"):
            assert f"correlation_{reference}_{factor}" in figures
    assert {"samples", "attributes"} <= figures
    for picture in tree.every("svg"):
        assert len(picture.attributes["aria-label"]) > 20


def test_nothing_is_loaded_and_nothing_is_measured(page: Path, tree: Node) -> None:
    assert "none of them measured here" in tree.text
    for node in tree.every():
        for key in ("src", "href", "action"):
            assert node.attributes.get(key, "#").startswith(("#", "data:,"))


def test_a_source_without_the_severe_tables_has_its_own_page(tmp_path: Path) -> None:
    page = write_printed_page("dave2024finepseudo", tmp_path)
    assert "Semi-Supervised Fine-Grained" in page.read_text()
    with pytest.raises(UserError, match="no published source"):
        write_printed_page("nobody", tmp_path)


@pytest.mark.parametrize("name", tables())
def test_every_printed_cell_is_in_the_table_of_the_page(name: str) -> None:
    """Rows of one model in two settings are two rows; settings and counts have columns too."""
    found, cells = coloured(name, "x"), rows(name)
    assert len(found.rows) == len({cell.row for cell in cells})
    shown = [entry for row in found.rows for entry in row[1:] if entry.text != MISSING]
    assert len(shown) == len([cell for cell in cells if cell.printed != MISSING])
    values = sorted(entry.value for entry in shown if isinstance(entry.value, float))
    assert values == sorted(cell.value for cell in cells if cell.value is not None)
    labels = [row[0].text for row in found.rows]
    assert len(set(labels)) == len(labels)
