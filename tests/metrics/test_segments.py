"""Metrics of segmentation against one written down moment by moment, and cases worked by hand."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from severe_bench.core.errors import UserError
from severe_bench.metrics.measure import METRICS
from severe_bench.metrics.segments import (
    edit,
    edit_scores,
    f1,
    mof,
    mof_foreground,
    segments_of,
)

Video = tuple[list[int], list[int]]
NAMES = ("mof", "mof_foreground", "edit", "f1_10", "f1_25", "f1_50")


def arrays(videos: list[Video]) -> tuple[np.ndarray, np.ndarray]:
    """Scores, padded with NaN, and targets, padded with -1."""
    longest = max(len(true) for _, true in videos)
    scores = np.full((len(videos), longest), np.nan, np.float32)
    targets = np.full((len(videos), longest), -1)
    for number, (said, true) in enumerate(videos):
        scores[number, : len(said)] = said
        targets[number, : len(true)] = true
    return scores, targets


def value(name: str, videos: list[Video]) -> float:
    return METRICS.get(name).value(*arrays(videos))


def slow_segments(ids: list[int]) -> list[tuple[int, set[int]]]:
    """Class and moments of each segment."""
    found: list[tuple[int, set[int]]] = []
    for moment, label in enumerate(ids):
        if moment == 0 or ids[moment - 1] != label:
            found.append((label, set()))
        found[-1][1].add(moment)
    return [segment for segment in found if segment[0] != 0]


def slow_distance(left: list[int], right: list[int]) -> int:
    if not left or not right:
        return len(left) + len(right)
    if left[-1] == right[-1]:
        return slow_distance(left[:-1], right[:-1])
    shorter = ((left[:-1], right), (left, right[:-1]), (left[:-1], right[:-1]))
    return 1 + min(slow_distance(*pair) for pair in shorter)


def slow_edit(said: list[int], true: list[int]) -> float:
    left, right = ([label for label, _ in slow_segments(ids)] for ids in (said, true))
    longest = max(len(left), len(right))
    return 100 * (1 - slow_distance(left, right) / longest) if longest else 100.0


def slow_f1(videos: list[Video], overlap: float) -> float:
    """As the published code goes about it: over predictions, each truth hit once."""
    right = wrong = missed = 0
    for said, true in videos:
        truths = slow_segments(true)
        hit = [False] * len(truths)
        for label, moments in slow_segments(said):
            shares = [
                len(moments & others) / len(moments | others) if other == label else 0.0
                for other, others in truths
            ]
            best = max(range(len(truths)), key=lambda n: shares[n], default=None)
            if best is not None and shares[best] >= overlap and not hit[best]:
                right, hit[best] = right + 1, True
            else:
                wrong += 1
        missed += hit.count(False)
    if not right:
        return 0.0
    precision, recall = right / (right + wrong), right / (right + missed)
    return 100 * 2 * precision * recall / (precision + recall)


def test_are_percentages_of_which_more_is_better() -> None:
    for name in NAMES:
        metric = METRICS.get(name).metric
        assert (metric.name, metric.unit, metric.higher_is_better) == (name, "%", True)


def test_accuracy_is_pooled_over_moments_and_no_mean_over_videos() -> None:
    short, long = ([1] * 9 + [2], [1] * 10), ([2] * 90, [1] * 90)
    assert value("mof", [short, long]) == pytest.approx(9.0)


def test_background_counts_in_one_accuracy_and_not_in_the_other() -> None:
    videos = [([0, 0, 0, 1, 2, 0], [0, 0, 1, 1, 1, 0])]
    assert value("mof", videos) == pytest.approx(100 * 4 / 6)
    assert value("mof_foreground", videos) == pytest.approx(100 / 3)


def test_edit_looks_at_the_order_and_not_at_the_length() -> None:
    assert value("edit", [([1, 2, 2, 2, 2, 3], [1, 1, 1, 1, 2, 3])]) == 100.0
    assert value("edit", [([1, 1, 2, 2], [2, 2, 1, 1])]) == 0.0
    assert value("edit", [([1, 2, 4], [1, 2, 3])]) == pytest.approx(100 * 2 / 3)
    assert value("edit", [([1, 0, 2], [1, 1, 2])]) == 100.0
    assert value("edit", [([0, 0], [0, 0]), ([0, 0], [1, 1])]) == 50.0


def test_over_segmentation_lowers_f1_more_than_accuracy() -> None:
    true = [1] * 10
    said = [1, 1, 1, 1, 0, 1, 1, 1, 1, 1]
    assert value("mof", [(said, true)]) == 90.0
    # two segments of 4 and 5 of 10 moments: the best match of both is the one truth
    assert value("f1_10", [(said, true)]) == pytest.approx(100 * 2 / 3)
    assert value("f1_50", [(said, true)]) == pytest.approx(100 * 2 / 3)
    assert value("edit", [(said, true)]) == 50.0


def test_an_overlap_that_just_reaches_the_threshold_counts() -> None:
    true = [1] * 10
    for name, moments in (("f1_10", 1), ("f1_50", 5)):
        reaches = [1] * moments + [0] * (10 - moments)
        assert value(name, [(reaches, true)]) == 100.0
    assert value("f1_25", [([1, 1] + [0] * 8, true)]) == 0.0


def test_counts_are_added_up_over_videos_before_the_ratio() -> None:
    good, bad = ([1, 2], [1, 2]), ([3, 3], [1, 2])
    assert value("f1_50", [good, bad]) == pytest.approx(100 * 2 * 2 / (3 + 4))


def test_a_single_segment_and_no_prediction_at_all() -> None:
    assert [value(name, [([1], [1])]) for name in NAMES] == [100.0] * 6
    assert [value(name, [([0] * 4, [1] * 4)]) for name in NAMES] == [0.0] * 6


def test_where_truth_is_background_throughout_segments_are_refused_and_the_rest_is_not() -> None:
    videos = [([0, 1], [0, 0])]
    assert (value("mof", videos), value("edit", videos)) == (50.0, 0.0)
    for name in ("mof_foreground", "f1_10", "f1_25", "f1_50"):
        with pytest.raises(UserError, match="background throughout"):
            value(name, videos)


def test_a_video_without_segments_costs_what_is_found_in_it() -> None:
    videos = [([1, 1], [1, 1]), ([2, 0], [0, 0])]
    assert value("f1_50", videos) == pytest.approx(100 * 2 / 3)
    assert value("mof_foreground", videos) == 100.0


@pytest.mark.parametrize("name", NAMES)
def test_nan_is_refused_and_padding_is_not_looked_at(name: str) -> None:
    scores, targets = arrays([([1, 0, 2], [1, 0, 2]), ([1], [1])])
    scores[1, 1:] = 7
    assert METRICS.get(name).value(scores, targets) == 100.0
    scores[0, 1] = np.nan
    with pytest.raises(UserError, match="the ids of 1 of 2 test videos are NaN"):
        METRICS.get(name).value(scores, targets)


@pytest.mark.parametrize("name", NAMES)
def test_what_cannot_be_measured_is_refused(name: str) -> None:
    measure = METRICS.get(name)
    with pytest.raises(UserError, match="no test sample"):
        measure.value(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int64))
    with pytest.raises(UserError, match="has a length"):
        measure.value(np.zeros((1, 3), np.float32), np.full((1, 3), -1))
    with pytest.raises(ValueError, match="scores"):
        measure.value(np.zeros((1, 3), np.float32), np.zeros((1, 4), np.int64))
    with pytest.raises(ValueError, match="ids"):
        measure.value(np.zeros((1, 3), np.float32), np.zeros((1, 3)))


def test_segments_are_runs_without_background() -> None:
    assert segments_of(np.array([2, 2, 0, 0, 1, 3, 3, 2])).tolist() == [2, 1, 3, 2]
    assert segments_of(np.zeros(3, np.int64)).tolist() == []


IDS = st.lists(st.integers(0, 3), min_size=1, max_size=9)


@st.composite
def videos_of(draw: st.DrawFn) -> list[Video]:
    truths = draw(st.lists(IDS, min_size=1, max_size=4))
    lists = [st.lists(st.integers(0, 3), min_size=len(t), max_size=len(t)) for t in truths]
    return [(draw(said), true) for said, true in zip(lists, truths, strict=True)]


@settings(max_examples=150, deadline=None)
@given(videos_of())
@example([([1, 2, 1, 2], [2, 1, 2, 1])])
@example([([0, 0, 0], [0, 1, 0])])
def test_agree_with_moment_by_moment(videos: list[Video]) -> None:
    scores, targets = arrays(videos)
    pairs = [pair for video in videos for pair in zip(*video, strict=True)]
    assert mof(scores, targets) == pytest.approx(100 * np.mean([a == b for a, b in pairs]))
    expected = [slow_edit(*video) for video in videos]
    np.testing.assert_allclose(edit_scores(scores, targets), expected)
    assert edit(scores, targets) == pytest.approx(np.mean(expected))
    inside = [a == b for a, b in pairs if b != 0]
    if not inside:
        return
    assert mof_foreground(scores, targets) == pytest.approx(100 * np.mean(inside))
    for overlap in (0.1, 0.25, 0.5, 1.0):
        assert f1(scores, targets, overlap) == pytest.approx(slow_f1(videos, overlap))


@settings(max_examples=50, deadline=None)
@given(videos_of(), st.lists(st.integers(0, 2), min_size=4, max_size=4))
def test_weights_are_copies(videos: list[Video], copies: list[int]) -> None:
    drawn = [video for video, copy in zip(videos, copies, strict=False) for _ in range(copy)]
    if not any(any(true) for _, true in drawn):
        return
    weights = np.array([copies[: len(videos)]], dtype=np.float64)
    for name in ("mof", "mof_foreground", "f1_10", "f1_50"):
        weighted = METRICS.get(name).weighted
        assert weighted is not None
        assert weighted(*arrays(videos), weights)[0] == pytest.approx(value(name, drawn))


def test_resamples_without_any_segment_are_0_and_no_error() -> None:
    scores, targets = arrays([([1, 0], [1, 0]), ([0, 0], [0, 0])])
    weights = np.array([[1.0, 1.0], [0.0, 2.0]])
    for name in ("mof_foreground", "f1_50"):
        weighted = METRICS.get(name).weighted
        assert weighted is not None
        assert weighted(scores, targets, weights).tolist() == [100.0, 0.0]
