"""A mean over fewer seeds than planned, or than another model has, is marked wherever it stands."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from severe_bench.analysis.reading import ResultsReader, harvest
from severe_bench.analysis.study import Study, build_study
from severe_bench.plan.cell import Cell
from severe_bench.report.table import Table
from severe_bench.report.tables.comparisons import pairs, two
from severe_bench.report.tables.scores import long, matrix, places, ranking
from severe_bench.report.terminal import ranking_table
from severe_bench.report.words import warnings
from severe_bench.report.writers import to_csv
from severe_bench.store.layout import Layout
from tests.analysis.builder import Trial, evaluate_cell, write_failed, write_suite

SKILLS = {"a": 0.6, "b": 0.4}
TRIALS = [
    Trial("near", "standard", SKILLS, videos=60, protocol="finetune"),
    Trial("far", "domain", SKILLS, videos=60, protocol="finetune", dataset="far"),
]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path, "demo")


def with_failures(layout: Layout, *failed: tuple[int, str, int]) -> list[Cell]:
    """Three seeds of each, but for failed (trial, model, seed); the plan has them all."""
    cells = []
    for i, trial in enumerate(TRIALS):
        for model in SKILLS:
            one = Trial(**{**vars(trial), "skill": {model: trial.skill[model]}})
            lost = [seed for at, of, seed in failed if (at, of) == (i, model)]
            cells += write_suite(layout, [one], [s for s in range(3) if s not in lost])
            for seed in lost:
                cells.append(evaluate_cell(one, model, seed))
                write_failed(layout, cells[-1], "gone")
    return cells


def study(layout: Layout, planned: list[Cell] | None = None) -> Study:
    return build_study(harvest(layout, planned), ResultsReader(layout).predictions)


def texts(table: Table, model: str) -> list[str]:
    at = [head.key for head in table.heads].index("model")
    return [" ".join(e.text for e in row) for row in table.rows if row[at].text == model]


@pytest.mark.parametrize("by_plan", [True, False])
def test_a_model_whose_third_seed_failed_is_marked(layout: Layout, by_plan: bool) -> None:
    cells = with_failures(layout, (0, "b", 2))
    found = study(layout, cells if by_plan else None)
    assert found.fewer_seeds == {("near", "b"): 3}
    for table in (ranking(found), places(found), matrix(found)):
        assert all("§" in text for text in texts(table, "b"))
        assert not any("§" in text for text in texts(table, "a"))
        assert "§: a mean over fewer seeds" in table.caption
        assert "†" not in table.caption
    marked = {(r[0].text, r[2].text) for r in long(found).rows if r[-1].text == "§"}
    assert marked == {("near", "b")}
    assert "near §" in to_csv(ranking(found))
    (row,) = (row for row in pairs(found).rows if row[0].text == "near")
    assert row[-1].text == "§"
    assert {head.key: e.value for head, e in zip(pairs(found).heads, row, strict=True)}[
        "seeds"
    ] == 2
    assert "§: a mean over fewer seeds" in two(found, "a", "b", ["near"]).caption
    assert "§" not in two(found, "a", "b", ["far"]).caption
    (said,) = (text for text in warnings(found) if "seeds" in text)
    assert "1 mean over fewer seeds" in said
    assert "b on near (2 of 3)" in said


def test_the_terminal_marks_it_too(layout: Layout) -> None:
    cells = with_failures(layout, (1, "a", 0))
    stream = StringIO()
    Console(file=stream, width=80).print(ranking_table(harvest(layout, cells)))
    lines = stream.getvalue().splitlines()
    assert any(line.split()[1] == "a" and "§" in line for line in lines if "§" in line)
    assert "§: a mean over fewer seeds" in " ".join(lines)


def test_a_seed_that_every_model_lacks_is_known_from_the_plan(layout: Layout) -> None:
    cells = with_failures(layout, (0, "a", 2), (0, "b", 2))
    assert study(layout).fewer_seeds == {}
    found = study(layout, cells)
    assert found.fewer_seeds == {("near", "a"): 3, ("near", "b"): 3}
    assert found.columns["near"].signs == {"a": "§", "b": "§"}
    assert found.columns["far"].signs == {}


def test_complete_results_have_no_sign(layout: Layout) -> None:
    found = study(layout, with_failures(layout))
    assert found.fewer_seeds == {}
    assert "§" not in to_csv(ranking(found)) + ranking(found).caption
    assert not any("fewer seeds" in text for text in warnings(found))
