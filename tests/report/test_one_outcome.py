"""Seeds with the very same predictions are one outcome: no deviation is printed as if measured."""

from pathlib import Path

from severe_bench.analysis.intervals import over_seeds
from severe_bench.analysis.reading import ResultsReader, harvest
from severe_bench.analysis.study import Study, build_study
from severe_bench.report.tables.scores import long, matrix
from severe_bench.store.layout import Layout
from tests.analysis.builder import Trial, evaluate_cell, predictions, write_done, write_suite

SKILLS = {"retrieved": 0.5, "trained": 0.6}


def study_of(tmp_path: Path, *, same: bool) -> Study:
    """Three seeds; with `same`, those of one model have the predictions of seed 0."""
    layout = Layout(tmp_path, "demo")
    trial = Trial("near", "standard", SKILLS, videos=60, protocol="finetune")
    write_suite(layout, [trial])
    for seed in (0, 1, 2) if same else ():
        cell = evaluate_cell(trial, "retrieved", seed)
        write_done(layout, cell, predictions(trial, "retrieved", 0.5, 0))
    return build_study(harvest(layout), ResultsReader(layout).predictions)


def test_no_deviation_of_seeds_that_are_one_outcome(tmp_path: Path) -> None:
    study = study_of(tmp_path, same=True)
    shown = {row[0].text: row[1] for row in matrix(study).rows}
    assert "±" not in shown["retrieved"].text
    assert shown["retrieved"].detail.startswith("one outcome")
    assert "±" in shown["trained"].text
    assert "one outcome" not in shown["trained"].detail
    assert "same predictions" in matrix(study).caption
    table = long(study)
    keys = [head.key for head in table.heads]
    rows = {row[2].text: dict(zip(keys, row, strict=True)) for row in table.rows}
    assert rows["retrieved"]["std"].value is None
    assert rows["retrieved"]["seeds"].value == 3
    assert [rows[m]["one_outcome"].value for m in ("retrieved", "trained")] == ["yes", "no"]


def test_different_predictions_have_a_deviation(tmp_path: Path) -> None:
    study = study_of(tmp_path, same=False)
    assert all("±" in row[1].text for row in matrix(study).rows)
    assert "same predictions" not in matrix(study).caption


def test_equal_values_of_different_predictions_are_a_measured_zero() -> None:
    assert over_seeds([50.0, 50.0], ["a0", "b1"]).std == 0.0
    assert over_seeds([50.0, 50.0], ["", ""]).std == 0.0
    assert over_seeds([50.0, 50.0], ["a0", "a0"]).std is None
    assert not over_seeds([50.0], ["a0"]).one_outcome
