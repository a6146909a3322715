"""Ranks and means against tables computed by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from severe_bench.analysis.ranking import Column, common, places, ranks, standings
from severe_bench.core.metric import Metric

TOP1 = Metric("top1", "top-1", "%", 0.0, 100.0)
ERROR = Metric("mae", "counting error", "", worst=1.0, best=0.0)


def column(name: str, values: dict[str, float], metric: Metric = TOP1) -> Column:
    return Column(name, "standard", metric, values)


def test_an_error_ranks_the_other_way_round() -> None:
    assert ranks(column("count", {"a": 0.4, "b": 0.1, "c": 0.7}, ERROR)) == {
        "a": 2.0,
        "b": 1.0,
        "c": 3.0,
    }


def test_ties_share_the_better_rank_or_the_mean_of_their_ranks() -> None:
    tied = column("x", {"a": 5.0, "b": 7.0, "c": 5.0, "d": 1.0})
    assert ranks(tied) == {"a": 2.0, "b": 1.0, "c": 2.0, "d": 4.0}
    assert ranks(tied, "average") == {"a": 2.5, "b": 1.0, "c": 2.5, "d": 4.0}


@given(st.lists(st.integers(0, 5), max_size=9))
def test_ranks_agree_with_scipy(values: list[int]) -> None:
    by_name = {str(i): float(value) for i, value in enumerate(values)}
    for ties in ("min", "average"):
        expected = rankdata([-value for value in values], method=ties)
        assert list(ranks(column("x", by_name), ties).values()) == expected.tolist()


def test_means_are_over_common_experiments_only_and_say_over_how_many() -> None:
    columns = [
        column("one", {"a": 40.0, "b": 60.0}),
        column("two", {"a": 99.0}),
        column("count", {"a": 0.1, "b": 0.3}, ERROR),
    ]
    first, second = standings(columns, ["a", "b"])
    assert [c.experiment for c in common(columns, ["a", "b"])] == ["one", "count"]
    assert (first.model, first.mean_score, first.average_rank) == ("a", 65.0, 1.5)
    assert (second.model, second.mean_score, second.average_rank) == ("b", 65.0, 1.5)
    assert first.experiments == second.experiments == 2


def test_without_a_common_experiment_there_is_no_mean() -> None:
    columns = [column("one", {"a": 40.0}), column("two", {"b": 60.0})]
    for standing in standings(columns, ["a", "b"]):
        assert standing.mean_score is None
        assert standing.average_rank is None
        assert standing.experiments == 0


def test_one_model_is_first_of_one() -> None:
    (only,) = standings([column("one", {"a": 40.0})], ["a"])
    assert (only.mean_score, only.average_rank) == (40.0, 1.0)


def test_means_that_agree_but_for_rounding_share_a_place_and_are_ordered_by_rank() -> None:
    columns = [
        column("one", {"a": 0.1 + 0.2, "b": 0.3, "c": 0.0}),
        column("two", {"a": 0.6, "b": 0.6, "c": 0.0}),
        column("three", {"a": 0.0, "b": 0.0, "c": 0.0}),
    ]
    found = standings(columns, ["b", "a", "c"])
    assert [row.model for row in found] == ["a", "b", "c"]
    assert places(found) == [1, 1, 3]
    assert places(standings([], ["a", "b"])) == [None, None]


@given(st.dictionaries(st.text(min_size=1), st.floats(0, 100), min_size=1, max_size=8))
def test_turning_a_metric_round_turns_the_order_round(values: dict[str, float]) -> None:
    low = Metric("error", "error", "%", worst=100.0, best=0.0)
    up = ranks(column("up", values), "average")
    down = ranks(column("down", values, low), "average")
    for model in values:
        assert up[model] + down[model] == pytest.approx(len(values) + 1)
