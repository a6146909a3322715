import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from severe_bench.core.errors import UserError
from severe_bench.metrics.measure import METRICS

DEPTHS = (1, 5, 10, 20, 50)
NAMES = [f"recall_at_{k}" for k in DEPTHS]
Case = tuple[NDArray[np.float32], NDArray[np.int64]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Classes of the nearest in small and large galleries, of one query or several per sample."""
    n, depth = draw(st.integers(1, 5)), draw(st.sampled_from([1, 3, 5, 12, 50]))
    shape = n, draw(st.sampled_from([1, 3])), depth
    scores = draw(hnp.arrays(np.float32, shape, elements=st.integers(0, 4)))
    scores[..., draw(st.integers(1, depth)) :] = np.nan
    return scores, draw(hnp.arrays(np.int64, n, elements=st.integers(0, 4)))


@settings(max_examples=200, deadline=None)
@given(cases())
def test_by_brute_force_never_falling_with_k(case: Case) -> None:
    scores, targets = case
    values = []
    for k, name in zip(DEPTHS, NAMES, strict=True):
        hits = [
            int(target) in [int(c) for c in query[:k] if not np.isnan(c)]
            for sample, target in zip(scores, targets, strict=True)
            for query in sample
        ]
        measure = METRICS.get(name)
        values.append(measure.value(scores, targets))
        assert values[-1] == pytest.approx(100 * np.mean(hits))
        assert measure.contributions is not None
        assert measure.contributions(scores, targets).mean() == pytest.approx(values[-1])
    assert values == sorted(values)


@pytest.mark.parametrize("name", NAMES)
def test_a_query_without_neighbours_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="1 of 2 test samples are NaN"):
        METRICS.get(name).value(np.array([[[1.0]], [[np.nan]]], np.float32), np.array([1, 1]))


@pytest.mark.parametrize("name", NAMES)
def test_what_does_not_fit_is_refused(name: str) -> None:
    value = METRICS.get(name).value
    with pytest.raises(ValueError, match="follows a missing one"):
        value(np.array([[[1, np.nan, 1]]], np.float32), np.array([1]))
    with pytest.raises(ValueError, match=r"\(N, Q, K\)"):
        value(np.ones((2, 2), np.float32), np.array([1, 1]))
    with pytest.raises(ValueError, match="class ids"):
        value(np.ones((1, 1, 2), np.float32), np.array([1.0]))
    with pytest.raises(UserError, match="no test sample"):
        value(np.ones((0, 1, 2), np.float32), np.zeros(0, int))


def test_units_and_direction() -> None:
    for k, name in zip(DEPTHS, NAMES, strict=True):
        metric = METRICS.get(name).metric
        assert (metric.name, metric.title, metric.unit) == (name, f"R@{k}", "%")
        assert metric.higher_is_better
