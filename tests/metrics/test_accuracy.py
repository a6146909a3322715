import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score, top_k_accuracy_score

from severe_bench.core.errors import UserError
from severe_bench.metrics.accuracy import MEAN_PER_CLASS, TOP1, TOP5, ranks

ODD = [0.0, -0.0, 1.0, -1.0, 0.5, 1e-45, 1e38, -1e38, float("inf"), -float("inf")]


@st.composite
def cases(draw: st.DrawFn) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Few samples of few classes with many ties, infinities, denormals and absent classes."""
    n, classes = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    values = st.sampled_from(ODD) | st.floats(-3, 3, width=32)
    scores = draw(hnp.arrays(np.float32, (n, classes), elements=values))
    targets = draw(hnp.arrays(np.int64, n, elements=st.integers(0, classes - 1)))
    return scores, targets


def brute_rank(row: NDArray[np.float32], target: int) -> int:
    """Position of the target in a stable sort from the largest score down."""
    return sorted(range(len(row)), key=lambda label: -row[label]).index(target)


@settings(max_examples=300, deadline=None)
@given(cases())
def test_ranks_are_positions_in_a_stable_sort(
    case: tuple[NDArray[np.float32], NDArray[np.int64]],
) -> None:
    scores, targets = case
    expected = [brute_rank(row, target) for row, target in zip(scores, targets, strict=True)]
    assert ranks(scores, targets).tolist() == expected


@settings(max_examples=300, deadline=None)
@given(cases())
def test_accuracies_by_brute_force(case: tuple[NDArray[np.float32], NDArray[np.int64]]) -> None:
    scores, targets = case
    found = [brute_rank(row, target) for row, target in zip(scores, targets, strict=True)]
    classes = sorted(set(targets.tolist()))
    per_class = [
        np.mean([rank == 0 for rank, own in zip(found, targets, strict=True) if own == label])
        for label in classes
    ]
    assert TOP1.value(scores, targets) == pytest.approx(100 * np.mean([r == 0 for r in found]))
    assert TOP5.value(scores, targets) == pytest.approx(100 * np.mean([r < 5 for r in found]))
    assert MEAN_PER_CLASS.value(scores, targets) == pytest.approx(100 * np.mean(per_class))
    assert TOP1.value(scores, targets) == pytest.approx(100 * np.mean(scores.argmax(1) == targets))


@settings(max_examples=200, deadline=None)
@given(cases())
def test_contributions_average_to_the_value(
    case: tuple[NDArray[np.float32], NDArray[np.int64]],
) -> None:
    for measure in (TOP1, TOP5):
        assert measure.contributions is not None
        parts = measure.contributions(*case)
        assert parts.shape == case[1].shape
        assert parts.mean() == pytest.approx(measure.value(*case))


@pytest.mark.parametrize("seed", range(20))
def test_scikit_learn_agrees_where_scores_differ(seed: int) -> None:
    random = np.random.default_rng(seed)
    n, classes = int(random.integers(1, 60)), int(random.integers(3, 12))
    scores = random.normal(size=(n, classes)).astype(np.float32)
    targets = random.integers(classes, size=n)
    labels = np.arange(classes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for measure, k in ((TOP1, 1), (TOP5, 5)):
            expected = 100 * top_k_accuracy_score(targets, scores, k=k, labels=labels)
            assert measure.value(scores, targets) == pytest.approx(expected)
        balanced = 100 * balanced_accuracy_score(targets, scores.argmax(1))
    assert MEAN_PER_CLASS.value(scores, targets) == pytest.approx(balanced)


def test_constant_scores_answer_class_0() -> None:
    """So a dead model scores the share of class 0, never 100."""
    targets = np.array([0, 1, 2, 3])
    assert TOP1.value(np.zeros((4, 4), np.float32), targets) == 25.0


def test_fewer_than_five_classes_make_top5_empty() -> None:
    scores = np.array([[0.9, 0.1], [0.9, 0.1]], np.float32)
    assert TOP5.value(scores, np.array([1, 1])) == 100.0


def test_a_class_without_samples_does_not_count() -> None:
    """Two of three classes occur: (100 + 50) / 2, and not / 3."""
    scores = np.eye(3, dtype=np.float32)[[0, 2, 0]]
    assert MEAN_PER_CLASS.value(scores, np.array([0, 2, 2])) == 75.0


@pytest.mark.parametrize("measure", [TOP1, TOP5, MEAN_PER_CLASS])
def test_nan_is_refused(measure) -> None:  # noqa: ANN001
    scores = np.array([[0.1, 0.9], [np.nan, 0.0]], np.float32)
    with pytest.raises(UserError, match="1 of 2 test samples are NaN"):
        measure.value(scores, np.array([1, 0]))


def test_no_sample_is_said() -> None:
    with pytest.raises(UserError, match="no test sample"):
        TOP1.value(np.zeros((0, 3), np.float32), np.zeros(0, np.int64))


@pytest.mark.parametrize(
    ("shape", "targets"),
    [((2,), [0, 1]), ((2, 3), [0]), ((2, 3), [0, 3]), ((2, 3), [0, -1]), ((2, 3), [0.0, 1.0])],
)
def test_what_does_not_fit_is_refused(shape: tuple[int, ...], targets: list[float]) -> None:
    with pytest.raises(ValueError, match=r"\(N, C\)|class ids"):
        TOP1.value(np.zeros(shape, np.float32), np.array(targets))


def test_units_and_direction() -> None:
    for measure in (TOP1, TOP5, MEAN_PER_CLASS):
        assert measure.metric.unit == "%"
        assert measure.metric.higher_is_better
        assert measure.metric.score(40.0) == 40.0
