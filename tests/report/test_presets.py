"""No mean is over presets: each has a ranking of its own, on the page and on the terminal."""

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from severe_bench.analysis.reading import ResultsReader, harvest
from severe_bench.analysis.study import Study, build_study
from severe_bench.report import words
from severe_bench.report.build import build_report
from severe_bench.report.table import Table
from severe_bench.report.tables.factors import factor_agreements
from severe_bench.report.tables.scores import matrix, places, ranking
from severe_bench.report.terminal import ranking_table
from severe_bench.store.layout import Layout
from tests.analysis.builder import Trial, write_suite

GOOD, BAD = {"a": 0.9, "b": 0.5, "c": 0.2}, {"a": 0.2, "b": 0.5, "c": 0.9}


def trials(*presets: str) -> list[Trial]:
    """By the preset `paper` the models are in the other order."""
    return [
        Trial(name, factor, BAD if preset == "paper" else GOOD, videos=80, preset=preset)
        for preset in presets
        for name, factor in (("near", "standard"), ("far", "domain"))
    ]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    found = Layout(tmp_path, "demo")
    write_suite(found, trials("default", "paper"), (0, 1))
    return found


@pytest.fixture
def study(layout: Layout) -> Study:
    return build_study(harvest(layout), ResultsReader(layout).predictions)


def column(table: Table, key: str) -> list[object]:
    index = [head.key for head in table.heads].index(key)
    return [row[index].value for row in table.rows]


@pytest.mark.parametrize("make", [ranking, places])
def test_each_preset_has_a_ranking_of_its_own(study: Study, make: object) -> None:
    table = make(study)  # type: ignore[operator]
    assert column(table, "preset") == ["default"] * 3 + ["paper"] * 3
    assert column(table, "model") == ["a", "b", "c", "c", "b", "a"]
    assert column(table, "place") == [1, 2, 3, 1, 2, 3]
    assert "Each preset has a ranking" in table.caption


def test_means_are_over_one_preset(study: Study) -> None:
    expected = [
        np.mean([study.columns[name].values[model] for name in names])
        for names, order in ((("near", "far"), "abc"), (("near (paper)", "far (paper)"), "cba"))
        for model in order
    ]
    assert column(ranking(study), "mean_score") == pytest.approx(expected)
    assert set(column(ranking(study), "experiments")) == {2}


def test_the_number_of_a_factor_is_of_one_preset(study: Study) -> None:
    against = {one.experiment: one.standard for one in study.sensitivities}
    assert against == {"far": "near", "far (paper)": "near (paper)"}
    table = factor_agreements(study)
    assert column(table, "preset") == ["default", "paper"]
    assert column(table, "experiments") == [1, 1]


def test_words_and_terminal_name_the_preset(study: Study, layout: Layout) -> None:
    said = words.rankings(study)
    assert [text.partition(":")[0] for text in said] == ["Preset default", "Preset paper"]
    stream = io.StringIO()
    Console(file=stream, width=80).print(ranking_table(harvest(layout)))
    lines = [line.split() for line in stream.getvalue().splitlines() if line.strip()]
    assert [" ".join(line) for line in lines if line[0] == "Preset"] == [
        "Preset default",
        "Preset paper",
    ]
    assert [line[1] for line in lines if line[0].isdigit()] == ["a", "b", "c", "c", "b", "a"]
    assert build_report(layout.results, "demo").is_file()


def test_a_model_of_one_preset_alone_is_not_ranked_in_the_other(tmp_path: Path) -> None:
    layout = Layout(tmp_path, "demo")
    only = Trial("near", "standard", {"d": 0.7, "c": 0.3}, videos=80, preset="paper")
    write_suite(layout, [*trials("default"), only], (0,))
    study = build_study(harvest(layout), lambda _: None)
    assert column(ranking(study), "model") == ["a", "b", "c", "d", "c"]
    assert column(ranking(study), "experiments") == [2, 2, 2, 1, 1]
    assert [row[0].value for row in matrix(study).rows] == ["a", "b", "c", "d"]


def test_one_preset_has_no_column_of_presets(tmp_path: Path) -> None:
    layout = Layout(tmp_path, "demo")
    write_suite(layout, trials("paper"), (0,))
    study = build_study(harvest(layout), lambda _: None)
    assert "preset" not in [head.key for head in ranking(study).heads]
    assert study.by_preset == {"paper": study}
