import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from severe_bench.core.errors import UserError
from severe_bench.metrics.bootstrap import interval
from severe_bench.metrics.counting import COUNTING_ERROR, OBO, counting_error, off_by_one
from severe_bench.metrics.measure import METRICS

VAL = np.array([2, 3, 3, 4, 4, 5, 8, 10], dtype=np.int64)
"""Counts such as those of UCFRep's `val`."""
CONSTANT = {
    3: (1 / 2 + 0 + 0 + 1 / 4 + 1 / 4 + 2 / 5 + 5 / 8 + 7 / 10) / 8,
    4: (2 / 2 + 1 / 3 + 1 / 3 + 0 + 0 + 1 / 5 + 4 / 8 + 6 / 10) / 8,
    5: (3 / 2 + 2 / 3 + 2 / 3 + 1 / 4 + 1 / 4 + 0 + 3 / 8 + 5 / 10) / 8,
}
"""By hand; on the real `val` they are 0.450, 0.496 and 0.593."""
PAIRS = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 80)), min_size=1, max_size=30)


def says(count: float, targets: np.ndarray = VAL) -> np.ndarray:
    return np.full(len(targets), count, dtype=np.float32)


def test_are_registered() -> None:
    assert METRICS.get("counting_error") is COUNTING_ERROR
    assert METRICS.get("obo") is OBO


@pytest.mark.parametrize("count", [3, 4, 5])
def test_constant_predictors_have_the_error_computed_by_hand(count: int) -> None:
    assert counting_error(says(count), VAL) == pytest.approx(CONSTANT[count], abs=1e-12)


def test_off_by_one_counts_those_beside_the_truth() -> None:
    assert off_by_one(says(4), VAL) == pytest.approx(100 * 5 / 8)
    assert off_by_one(says(20), VAL) == 0.0


def test_lower_is_better_and_the_scale_is_the_thesis() -> None:
    """Chapter 4 turns the error into a score as 100 (1 - error)."""
    assert not COUNTING_ERROR.metric.higher_is_better
    assert COUNTING_ERROR.metric.score(0.123) == pytest.approx(87.7)
    assert OBO.metric.higher_is_better


@given(PAIRS)
def test_contributions_have_the_metric_as_their_mean(pairs: list[tuple[int, int]]) -> None:
    targets = np.array([true for true, _ in pairs])
    scores = np.array([said for _, said in pairs], dtype=np.float32)
    errors = [abs(said - true) / true for true, said in pairs]
    near = [100.0 if abs(said - true) <= 1 else 0.0 for true, said in pairs]
    for measure, expected in ((COUNTING_ERROR, errors), (OBO, near)):
        assert measure.contributions is not None
        np.testing.assert_allclose(measure.contributions(scores, targets), expected)
        assert measure.value(scores, targets) == pytest.approx(np.mean(expected))


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int32, np.float32])
def test_unsigned_counts_do_not_wrap_around(kind: type) -> None:
    assert counting_error(says(2), VAL.astype(kind)) == pytest.approx(counting_error(says(2), VAL))


def test_intervals_contain_the_value() -> None:
    scores = np.array([2, 3, 4, 4, 5, 5, 6, 12], dtype=np.float32)
    low, high = interval(COUNTING_ERROR, scores, VAL, VAL.astype(np.str_))
    assert low <= counting_error(scores, VAL) <= high


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_counts_that_are_not_finite_are_refused(broken: float) -> None:
    scores = says(3)
    scores[1] = broken
    for measure in (COUNTING_ERROR, OBO):
        with pytest.raises(UserError, match="counts of 1 of 8"):
            measure.value(scores, VAL)


def test_nothing_and_misfits_are_refused() -> None:
    empty = np.empty(0, dtype=np.float32)
    with pytest.raises(UserError, match="no test sample"):
        counting_error(empty, empty)
    with pytest.raises(ValueError, match=r"\(N,\) and \(N,\)"):
        counting_error(says(3)[:, None], VAL)
    with pytest.raises(ValueError, match="at least 1"):
        counting_error(says(3), VAL - 2)
