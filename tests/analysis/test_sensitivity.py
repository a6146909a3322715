"""Moves, swaps and the choice of the standard column on small tables."""

import pytest

from severe_bench.analysis.intervals import PairedDifference
from severe_bench.analysis.lesson import judge
from severe_bench.analysis.ranking import Column
from severe_bench.analysis.sensitivity import Difference, Swap, sensitivity, standard_for
from severe_bench.config.claims import Claim
from severe_bench.core.metric import Metric
from tests.analysis.builder import Trial, evaluate_cell

TOP1 = Metric("top1", "top-1", "%", 0.0, 100.0)
ERROR = Metric("mae", "counting error", "", worst=1.0, best=0.0)
NEAR = Column("near", "standard", TOP1, {"a": 60.0, "b": 50.0, "c": 40.0, "d": 30.0})


def difference_of(*columns: Column, half_width: float) -> Difference:
    """Paired differences straight from the columns, with one half-width for all."""
    by_name = {column.experiment: column.scores() for column in columns}

    def difference(experiment: str, a: str, b: str) -> PairedDifference | None:
        scores = by_name[experiment]
        if a not in scores or b not in scores:
            return None
        mean = scores[a] - scores[b]
        return PairedDifference(mean, mean - half_width, mean + half_width, 100, 3)

    return difference


def test_moves_swaps_and_tau_on_an_error_metric() -> None:
    # Order by error: c, a, b, d; a and b are passed by c.
    count = Column("count", "task", ERROR, {"a": 0.3, "b": 0.5, "c": 0.1, "d": 0.9})
    found = sensitivity(NEAR, count, difference_of(NEAR, count, half_width=15.0))
    assert [(m.model, m.before, m.after) for m in found.moves] == [
        ("a", 1, 2),
        ("b", 2, 3),
        ("c", 3, 1),
        ("d", 4, 4),
    ]
    assert {(s.before, s.after): s.separable for s in found.swaps} == {
        ("a", "c"): True,  # 20 there, 20 here
        ("b", "c"): False,  # 10 there is within 15
    }
    assert found.swaps[0].separable
    assert {m.model: m.separable for m in found.moves} == {
        "a": True,
        "b": False,
        "c": True,
        "d": False,
    }
    assert found.kendall is not None
    assert found.kendall.value == pytest.approx((4 - 2) / 6)


def test_the_same_order_has_no_swaps_even_with_rounding() -> None:
    tied = Column("near2", "domain", TOP1, {"a": 0.1 + 0.2, "b": 0.3, "c": 0.2, "d": 0.1})
    found = sensitivity(NEAR, tied, difference_of(NEAR, tied, half_width=0.0))
    assert found.swaps == ()
    assert [m.after for m in found.moves] == [1, 1, 3, 4]


def test_a_model_that_keeps_its_rank_is_not_marked() -> None:
    # b passes a and is passed by c, both separably; its own rank stays.
    here = Column("far", "domain", TOP1, {"a": 10.0, "b": 30.0, "c": 50.0, "d": 0.0})
    found = sensitivity(NEAR, here, difference_of(NEAR, here, half_width=5.0))
    assert {m.model: (m.change, m.separable) for m in found.moves} == {
        "a": (2, True),
        "b": (0, False),
        "c": (-2, True),
        "d": (0, False),
    }
    assert (found.swaps[0].before, found.swaps[0].after) == ("a", "c")


def test_models_missing_in_one_column_are_left_out() -> None:
    far = Column("far", "domain", TOP1, {"d": 9.0, "a": 5.0, "elsewhere": 99.0})
    found = sensitivity(NEAR, far, difference_of(NEAR, far, half_width=1.0))
    assert [(m.model, m.change) for m in found.moves] == [("a", 1), ("d", -1)]
    lonely = Column("far", "domain", TOP1, {"d": 9.0})
    assert sensitivity(NEAR, lonely, lambda *_: None).kendall is None


def test_without_predictions_no_swap_is_separable() -> None:
    assert not Swap("a", "b", None, PairedDifference(5.0, 4.0, 6.0, 10, 3)).separable


def test_the_standard_column_of_the_same_protocol_is_taken() -> None:
    linear, finetune = (
        evaluate_cell(Trial(name, "standard", {}, protocol=protocol), "m", 0).label
        for name, protocol in [("near-linear", "linear"), ("near-finetune", "finetune")]
    )
    assert linear is not None
    assert finetune is not None
    small = Trial("near-40", "samples", {}, protocol="finetune", budget="40")
    label = evaluate_cell(small, "m", 0).label
    assert label is not None
    assert standard_for(label, [linear, finetune]) is finetune
    assert standard_for(label, [linear]) is linear
    assert standard_for(label, []) is None


@pytest.mark.parametrize(
    ("better", "half_width", "outcome"),
    [
        ("a", 5.0, "holds"),
        ("a", 30.0, "not separable"),
        ("d", 5.0, "does not hold"),
        ("nobody", 5.0, "not measured"),
    ],
)
def test_claims(better: str, half_width: float, outcome: str) -> None:
    claim = Claim(experiment="near", better=better, worse="b")
    (verdict,) = judge([claim], difference_of(NEAR, half_width=half_width))
    assert verdict.outcome == outcome
    assert (verdict.difference is None) == (outcome == "not measured")


def test_a_claim_of_a_preset_asks_for_its_own_column() -> None:
    asked = []

    def difference(experiment: str, a: str, b: str) -> None:
        asked.append((experiment, a, b))

    judge([Claim(experiment="near", better="a", worse="b", preset="paper")], difference)
    assert asked == [("near (paper)", "a", "b")]
