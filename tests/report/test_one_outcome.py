"""Seeds with the very same predictions are one outcome: no deviation is printed as if measured."""

from itertools import product
from pathlib import Path

import pytest

from severe_bench.analysis.intervals import over_seeds
from severe_bench.analysis.reading import ResultsReader, harvest
from severe_bench.analysis.study import Study, build_study
from severe_bench.report.tables.comparisons import pairs, power
from severe_bench.report.tables.scores import long, matrix
from severe_bench.store.layout import Layout
from tests.analysis.builder import Trial, evaluate_cell, predictions, write_done, write_suite

SKILLS = {"retrieved": 0.5, "trained": 0.6}
FIXED = ("retrieved", "also_retrieved")


def study_of(tmp_path: Path, *, same: bool) -> Study:
    """Three seeds; with `same`, those of two models have the predictions of seed 0."""
    layout = Layout(tmp_path, "demo")
    trial = Trial(
        "near", "standard", {**SKILLS, "also_retrieved": 0.4}, videos=60, protocol="finetune"
    )
    write_suite(layout, [trial])
    for seed, model in product((0, 1, 2), FIXED) if same else ():
        cell = evaluate_cell(trial, model, seed)
        write_done(layout, cell, predictions(trial, model, trial.skill[model], 0))
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


def test_the_spread_over_seeds_of_two_such_models_is_not_known(tmp_path: Path) -> None:
    study = study_of(tmp_path, same=True)
    table = pairs(study)
    index = [head.key for head in table.heads].index("seed_se")
    known = {frozenset(e.text for e in row[1:3]): row[index].value for row in table.rows}
    assert known.pop(frozenset(FIXED)) is None
    assert len(known) == 2
    assert all(isinstance(value, float) and value > 0 for value in known.values())
    (row,) = power(study).rows
    assert row[5].value == pytest.approx(sum(map(float, known.values())) / 2)


def test_different_predictions_have_a_deviation(tmp_path: Path) -> None:
    study = study_of(tmp_path, same=False)
    assert all("±" in row[1].text for row in matrix(study).rows)
    assert "same predictions" not in matrix(study).caption


def test_equal_values_of_different_predictions_are_a_measured_zero() -> None:
    assert over_seeds([50.0, 50.0], ["a0", "b1"]).std == 0.0
    assert over_seeds([50.0, 50.0], ["", ""]).std == 0.0
    assert over_seeds([50.0, 50.0], ["a0", "a0"]).std is None
    assert not over_seeds([50.0], ["a0"]).one_outcome
