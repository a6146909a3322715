import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from severe_bench.core.errors import UserError
from severe_bench.metrics.average_precision import MAP, MAP_SKLEARN
from severe_bench.metrics.bootstrap import interval
from severe_bench.metrics.measure import METRICS, Measure

Case = tuple[NDArray[np.float32], NDArray[np.uint8]]
BOTH = pytest.mark.parametrize("measure", [MAP, MAP_SKLEARN])
VALUES = st.sampled_from([0.0, -0.0, 0.5, 1.0, 1e-45, -1e38]) | st.floats(-2, 2, width=32)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Few samples, many ties, classes and samples without a positive; one positive at least."""
    shape = draw(st.integers(1, 9)), draw(st.integers(1, 4))
    scores = draw(hnp.arrays(np.float32, shape, elements=VALUES))
    targets = draw(hnp.arrays(np.uint8, shape, elements=st.integers(0, 1)))
    targets[draw(st.integers(0, shape[0] - 1)), draw(st.integers(0, shape[1] - 1))] = 1
    return scores, targets


def official(scores: NDArray[np.float32], targets: NDArray[np.uint8]) -> float:
    """By the wording of the evaluation: rank, then the mean of the precisions at the positives."""
    precisions = []
    empty = targets.sum(axis=1) == 0
    for label in range(scores.shape[1]):
        if not targets[:, label].any():
            continue
        ranked = sorted(range(len(scores)), key=lambda i: (empty[i], -scores[i, label], i))
        hits = [int(targets[i, label]) for i in ranked]
        at = [sum(hits[: place + 1]) / (place + 1) for place, hit in enumerate(hits) if hit]
        precisions.append(np.mean(at))
    return 100 * float(np.mean(precisions))


def by_sklearn(scores: NDArray[np.float32], targets: NDArray[np.uint8]) -> float:
    labels = np.flatnonzero(targets.any(axis=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        each = [average_precision_score(targets[:, c], scores[:, c]) for c in labels]
    return 100 * float(np.mean(each))


@settings(max_examples=300, deadline=None)
@given(cases())
def test_map_is_what_the_official_evaluation_says(case: Case) -> None:
    assert MAP.value(*case) == pytest.approx(official(*case))


@settings(max_examples=200, deadline=None)
@given(cases())
def test_map_sklearn_is_scikit_learns(case: Case) -> None:
    assert MAP_SKLEARN.value(*case) == pytest.approx(by_sklearn(*case))


def test_both_agree_where_scores_differ_and_all_samples_have_labels() -> None:
    random = np.random.default_rng(0)
    scores = random.permutation(600).reshape(60, 10).astype(np.float32)
    targets = (random.random((60, 10)) < 0.2).astype(np.uint8)
    targets[:, 0] |= targets.sum(axis=1) == 0
    assert MAP.value(scores, targets) == pytest.approx(MAP_SKLEARN.value(scores, targets))


@settings(max_examples=150, deadline=None)
@given(cases(), st.integers(0, 1000))
def test_weights_are_repeated_samples(case: Case, seed: int) -> None:
    scores, targets = case
    draws = np.random.default_rng(seed).integers(0, 4, size=(3, len(scores)))
    for measure in (MAP, MAP_SKLEARN):
        assert measure.weighted is not None
        found = measure.weighted(scores, targets, draws.astype(np.float64))
        for row, value in zip(draws, found, strict=True):
            rows = np.repeat(np.arange(len(scores)), row)
            expected = measure.value(scores[rows], targets[rows]) if targets[rows].any() else 0.0
            assert value == pytest.approx(expected)


@BOTH
@settings(max_examples=100, deadline=None)
@given(cases())
def test_bounds_and_monotone_scores(measure: Measure, case: Case) -> None:
    scores, targets = case
    value = measure.value(scores, targets)
    assert 0 < value <= 100 + 1e-9
    _, ranks = np.unique(scores, return_inverse=True)
    again = ranks.reshape(scores.shape).astype(np.float32)
    assert measure.value(again, targets) == pytest.approx(value)
    assert measure.value(targets.astype(np.float32), targets) == pytest.approx(100.0)


def column(values: list[float]) -> NDArray[np.float32]:
    return np.array(values, np.float32)[:, None]


def test_by_hand() -> None:
    """Positives on places 1 and 3 of 4: (1 + 2/3) / 2."""
    targets = np.array([[1, 0], [0, 1], [1, 0], [0, 1]], np.uint8)
    scores = np.array([[0.9, 0.1], [0.8, 0.7], [0.7, 0.3], [0.1, 0.9]], np.float32)
    for measure in (MAP, MAP_SKLEARN):
        assert measure.value(scores, targets) == pytest.approx(100 * (5 / 6 + 1) / 2)


def test_equal_scores_rank_in_list_order_or_are_one_threshold() -> None:
    targets = np.array([[0, 1], [1, 0], [0, 1]], np.uint8)
    dead = np.zeros((3, 2), np.float32)
    assert MAP.value(dead, targets) == pytest.approx(100 * (1 / 2 + (1 + 2 / 3) / 2) / 2)
    assert MAP_SKLEARN.value(dead, targets) == pytest.approx(100 * (1 / 3 + 2 / 3) / 2)


def test_a_sample_without_labels_counts_in_one_of_them_only() -> None:
    scores, targets = column([0.9, 0.5]), np.array([[0], [1]], np.uint8)
    assert MAP.value(scores, targets) == 100.0
    assert MAP_SKLEARN.value(scores, targets) == 50.0


@BOTH
def test_a_class_without_a_positive_is_left_out(measure: Measure) -> None:
    scores = np.array([[0.9, 0.1], [0.1, 0.9]], np.float32)
    assert measure.value(scores, np.array([[1, 0], [1, 0]], np.uint8)) == 100.0


@BOTH
def test_a_single_sample_is_a_perfect_ranking(measure: Measure) -> None:
    assert measure.value(column([0.2]), np.array([[1]])) == 100.0


@BOTH
def test_the_interval_holds_the_value_and_narrows(measure: Measure) -> None:
    random = np.random.default_rng(1)
    targets = (random.random((400, 8)) < 0.3).astype(np.uint8)
    scores = (targets + random.normal(size=targets.shape)).astype(np.float32)
    widths = []
    for n in (50, 400):
        names = np.arange(n).astype(str)
        low, high = interval(measure, scores[:n], targets[:n], names)
        assert low < measure.value(scores[:n], targets[:n]) < high
        widths.append(high - low)
    assert widths[1] < 0.6 * widths[0]


@BOTH
def test_nan_is_refused(measure: Measure) -> None:
    scores = np.array([[0.1, 0.9], [np.nan, 0.0]], np.float32)
    with pytest.raises(UserError, match="1 of 2 test samples are NaN"):
        measure.value(scores, np.array([[1, 0], [0, 1]]))


@BOTH
def test_nothing_to_find_is_said(measure: Measure) -> None:
    with pytest.raises(UserError, match="no test sample has a label"):
        measure.value(np.zeros((2, 3), np.float32), np.zeros((2, 3), np.uint8))
    with pytest.raises(UserError, match="there is no test sample"):
        measure.value(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8))


@BOTH
@pytest.mark.parametrize("targets", [np.zeros(2, int), np.full((2, 3), 2), np.zeros((2, 2), int)])
def test_what_does_not_fit_is_refused(measure: Measure, targets: NDArray[np.int64]) -> None:
    with pytest.raises(ValueError, match=r"\(N, C\)|0 or 1"):
        measure.value(np.zeros((2, 3), np.float32), targets)


def test_registered_with_unit_and_direction() -> None:
    for name, measure in (("map", MAP), ("map_sklearn", MAP_SKLEARN)):
        assert METRICS.get(name) is measure
        assert (measure.metric.name, measure.metric.unit) == (name, "%")
        assert measure.metric.score(40.0) == 40.0
