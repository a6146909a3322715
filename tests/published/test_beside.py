"""Measured models among the printed ones."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy.stats import rankdata

from severe_bench.analysis.ranking import Column
from severe_bench.core.errors import UserError
from severe_bench.core.metric import Metric
from severe_bench.published.beside import OURS, QUOTED, beside, places, plain
from severe_bench.published.columns import printed_column, printed_columns, severe_table
from severe_bench.published.read import name_of, rows
from severe_bench.published.table_5_8 import lines

TOP1 = Metric("top1", "top-1", "%", 0.0, 100.0)
PER_CLASS = Metric("mean_per_class", "", "%", 0.0, 100.0)
ERROR = Metric("counting_error", "", "", 1.0, 0.0)
MAP = Metric("map", "", "", 0.0, 1.0)  # measured as a fraction, printed in per cent
EIGHT = {
    "ssv2": TOP1,
    "gym99": TOP1,
    "ucf-1k": TOP1,
    "gym_1k": TOP1,
    "fx_s1": PER_CLASS,
    "UB_S1": PER_CLASS,
    "ucf_rc": ERROR,
    "charades (paper)": MAP,
}
VALUES = (60.0, 90.0, 70.0, 35.0, 65.0, 85.0, 0.14, 0.1)


def measured(**models: float) -> list[Column]:
    """Columns of all eight experiments; each model's values are scaled by its factor."""
    return [
        Column(name, "", metric, {m: value * factor for m, factor in models.items()})
        for (name, metric), value in zip(EIGHT.items(), VALUES, strict=True)
    ]


def test_every_place_is_a_printed_column() -> None:
    known = places()
    for name, place in known.experiments.items():
        column = printed_column(name_of(known.source, place.table), place.column)
        assert len(column.column.values) >= 10, name
        if place.std is not None:
            assert printed_column(name_of(known.source, "B.3"), place.std).stds


def test_a_model_takes_its_place_in_the_table() -> None:
    found = beside(measured(mine=1.0))
    assert found.shared == tuple(places().experiments)[:8]
    assert len(found.rows) == 16
    (mine,) = [row for row in found.rows if row.kind == OURS]
    assert mine.values["charades"] == pytest.approx(10.0)
    scores = [60, 90, 70, 35, 65, 85, 86, 10]
    assert mine.standing.mean_score == pytest.approx(np.mean(scores))
    ranks = [
        rankdata(
            [row.values[name] * (1 if name == "ucf_rc" else -1) for row in found.rows],
            method="min",
        )[found.rows.index(mine)]
        for name in found.shared
    ]
    assert mine.standing.average_rank == pytest.approx(np.mean(ranks))
    means = {line.model: line.mean for line in lines()}
    for row in found.rows:
        if row.kind == QUOTED:
            assert row.standing.mean_score == pytest.approx(means[row.name])


def test_a_printed_model_run_again_stands_beside_itself() -> None:
    found = beside(measured(rsp_net=1.0, None_=1.0, mine=1.0))
    assert {gap.printed_model for gap in found.gaps} == {"RSPNet", "None"}
    (gap,) = [g for g in found.gaps if (g.model, g.experiment) == ("rsp_net", "ucf_rc")]
    assert (gap.ours, gap.printed, gap.std) == (pytest.approx(0.14), 0.145, 0.01)
    assert gap.difference == pytest.approx(-0.005)
    assert gap.better == "ours"
    (other,) = [g for g in found.gaps if (g.model, g.experiment) == ("rsp_net", "ucf_1k")]
    assert other.better == "printed"


@pytest.mark.parametrize("experiment", ["ucf_rc", "ssv2"])
def test_a_value_equal_to_the_printed_one_is_not_called_worse(experiment: str) -> None:
    (printed,) = (g for g in beside(measured(rsp_net=1.0)).gaps if g.experiment == experiment)
    columns = [replace(c, values={"rsp_net": printed.printed}) for c in measured(rsp_net=1.0)]
    (gap,) = (g for g in beside(columns).gaps if g.experiment == experiment)
    assert gap.better == "equal"


def test_models_of_the_shipped_study_stand_beside_their_printed_rows() -> None:
    shipped = yaml.safe_load(Path("severe_bench/suites/severe-models.yaml").read_text())["models"]
    found = beside(measured(**dict.fromkeys(shipped, 1.0)))
    printed = {gap.model: gap.printed_model for gap in found.gaps}
    assert set(printed) == set(shipped)
    named = ("scratch", "supervised_k400", "tubelet_contrast_k400", "rspnet")
    assert [printed[name] for name in named] == ["None", "Supervised", "Tubelet", "RSPNet"]


def test_signs_behind_measured_values_stay_with_them() -> None:
    columns = measured(None_=1.0, **{"None": 0.9})
    columns[0] = replace(columns[0], signs={"None": "‡"})
    found = beside(columns)
    signs = {row.name: row.signs for row in found.rows if row.signs}
    assert signs == {"None (ours)": {"ssv2": "‡"}}
    assert {(g.model, g.experiment) for g in found.gaps if g.signs} == {("None", "ssv2")}


def test_a_measured_model_of_a_printed_name_is_another_row() -> None:
    found = beside(measured(None_=1.0, **{"None": 0.9}))
    names = [row.name for row in found.rows]
    assert {"None", "None (ours)", "None_"} <= set(names)
    assert len(names) == len(set(names))


def test_a_partial_grid_is_ranked_over_what_is_common_and_said_so() -> None:
    found = beside(measured(mine=1.0)[:2])
    assert found.shared == ("ssv2", "gym99")
    assert {row.standing.experiments for row in found.rows} == {2}
    assert any("no result of ucf_1k" in note for note in found.notes)


def test_columns_of_several_presets_are_said_to_mix_them() -> None:
    columns = [Column(f"ssv2 ({p})", "", TOP1, {"mine": 50.0}) for p in ("as-run", "as-written")]
    gym = Column("gym99 (as-run)", "", TOP1, {"mine": 80.0})
    found = beside([columns[0], gym])
    assert not any("mix presets" in note for note in found.notes)
    found = beside([columns[1], gym])
    said = "the measured columns mix presets: ssv2 (as-written), gym99 (as-run)"
    assert said in found.notes


def test_another_metric_is_left_out_with_a_note() -> None:
    column = Column("ssv2", "", PER_CLASS, {"mine": 50.0})
    with pytest.raises(UserError, match="none of these experiments"):
        beside([column])
    found = beside([column, *measured(mine=1.0)[1:]])
    assert "ssv2" not in found.shared
    assert any("measured as mean_per_class" in note for note in found.notes)


def test_experiments_outside_the_severe_table_give_gaps_alone() -> None:
    found = beside([Column("k400_linear", "", TOP1, {"MoCo": 40.0})])
    assert found.shared == ()
    assert [gap.difference for gap in found.gaps] == [pytest.approx(40.0 - 34.5)]


def test_nothing_published_is_refused() -> None:
    with pytest.raises(UserError, match="published are: ssv2"):
        beside([Column("near-linear", "", TOP1, {"mine": 50.0})])


def test_names_are_recognised_without_case_and_signs() -> None:
    assert plain("AVID-CMA") == plain("avid_cma")
    assert plain("Tubelet") != plain("Tubelet (Mini-Kinetics)")


@pytest.mark.parametrize("number", ["4.1", "4.2", "4.3", "4.4", "B.3", "B.4", "5.8"])
def test_columns_hold_every_printed_value(number: str) -> None:
    table = severe_table(number)
    kept = {
        (model, value)
        for one in printed_columns(table)
        for model, value in one.column.values.items()
    }
    for row in rows(table):
        if row.metric not in ("mean_score", "average_rank") and row.value is not None:
            assert (row.model, row.value) in kept
    assert len({one.column.experiment for one in printed_columns(table)}) == len(
        printed_columns(table)
    )
