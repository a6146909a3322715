"""mAP at temporal overlaps against one detection at a time, and cases worked by hand."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from severe_bench.core.errors import UserError
from severe_bench.metrics.localisation import THRESHOLDS, span_map, span_map_weighted
from severe_bench.metrics.measure import METRICS

Found = Sequence[Sequence[tuple[float, float, int, float]]]
Wanted = Sequence[Sequence[tuple[float, float, int]]]


def rows(videos: Found | Wanted, width: int) -> np.ndarray:
    most = max((len(video) for video in videos), default=0)
    whole = np.full((len(videos), most, width), np.nan, np.float32)
    for row, video in zip(whole, videos, strict=True):
        for place, numbers in enumerate(video):
            row[place] = numbers
    return whole


def value(found: Found, wanted: Wanted, *thresholds: float) -> float:
    return span_map(rows(found, 4), rows(wanted, 3), thresholds)


def slow_iou(one: tuple[float, float], other: tuple[float, float]) -> float:
    shared = min(one[1], other[1]) - max(one[0], other[0])
    union = (one[1] - one[0]) + (other[1] - other[0]) - max(shared, 0)
    return shared / union if shared > 0 else 0.0


def slow_hits(
    found: Found, wanted: Wanted, label: int, threshold: float
) -> list[tuple[float, bool]]:
    """Score of each detection and whether it is right, taking them by falling score."""
    ranked = [
        (score, number, (start, end))
        for number, video in enumerate(found)
        for start, end, of_class, score in video
        if of_class == label
    ]
    ranked.sort(key=lambda item: -item[0])
    locked: set[tuple[int, int]] = set()
    judged = []
    for score, number, span in ranked:
        truths = [
            (slow_iou(span, (s, e)), place)
            for place, (s, e, c) in enumerate(wanted[number])
            if c == label
        ]
        right = False
        for overlap, place in sorted(truths, key=lambda pair: -pair[0]):
            if overlap < threshold:
                break
            if (number, place) not in locked:
                locked.add((number, place))
                right = True
                break
        judged.append((score, right))
    return judged


def slow_ap(found: Found, wanted: Wanted, label: int, threshold: float) -> float:
    """Area under the falling precision, one point for each different score."""
    judged = slow_hits(found, wanted, label, threshold)
    there = sum(c == label for video in wanted for _, _, c in video)
    points = []
    for bar in {score for score, _ in judged}:
        above = [right for score, right in judged if score >= bar]
        points.append((sum(above) / there, sum(above) / len(above)))
    area = last = 0.0
    for recall in sorted({recall for recall, _ in points}):
        best = max(precision for other, precision in points if other >= recall)
        area, last = area + (recall - last) * best, recall
    return area


def slow_map(found: Found, wanted: Wanted, threshold: float) -> float:
    labels = {c for video in wanted for _, _, c in video}
    return 100 * float(np.mean([slow_ap(found, wanted, label, threshold) for label in labels]))


def test_each_threshold_has_a_metric_and_the_headline_is_their_mean() -> None:
    assert THRESHOLDS == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
    found = rows([[(0, 10, 0, 0.9), (20, 30, 1, 0.8)]], 4)
    wanted = rows([[(0, 8, 0), (23, 33, 1)]], 3)
    singly = []
    for number, threshold in enumerate(THRESHOLDS, start=1):
        measure = METRICS.get(f"span_map_0{number}0")
        assert measure.metric.title == f"mAP@tIoU {threshold}"
        assert (measure.metric.unit, measure.metric.higher_is_better) == ("%", True)
        singly.append(measure.value(found, wanted))
    # the first overlaps by 0.8, the second by 7/13
    assert singly == [100.0] * 5 + [50.0] * 2
    assert METRICS.get("span_map").value(found, wanted) == pytest.approx(np.mean(singly))


def test_a_perfect_prediction_is_100_and_none_is_0() -> None:
    wanted = [[(0.0, 4.0, 0), (5.0, 9.0, 1)], [(2.0, 3.0, 0)]]
    found = [[(s, e, c, 0.5) for s, e, c in video] for video in wanted]
    assert value(found, wanted, *THRESHOLDS) == 100.0
    assert value([[], []], wanted, 0.1) == 0.0
    assert span_map(np.empty((2, 0, 4), np.float32), rows(wanted, 3), (0.1,)) == 0.0


def test_what_is_found_twice_is_wrong_the_second_time() -> None:
    wanted = [[(0.0, 4.0, 0), (10.0, 14.0, 0)]]
    found = [[(0.0, 4.0, 0, 0.9), (0.0, 4.0, 0, 0.8), (10.0, 14.0, 0, 0.7)]]
    # precision 1 at recall 1/2, 2/3 at recall 1
    assert value(found, wanted, 0.5) == pytest.approx(100 * (0.5 + 0.5 * 2 / 3))


def test_a_detection_may_find_the_second_nearest_truth() -> None:
    wanted = [[(0.0, 10.0, 0), (2.0, 12.0, 0)]]
    found = [[(0.0, 10.0, 0, 0.9), (0.0, 10.0, 0, 0.8)]]
    assert value(found, wanted, 0.6) == 100.0
    assert value(found, wanted, 0.7) == 50.0


def test_a_class_nobody_asks_for_is_left_out_and_one_nobody_finds_is_0() -> None:
    wanted = [[(0.0, 4.0, 0), (5.0, 9.0, 1)]]
    assert value([[(0.0, 4.0, 0, 0.9), (0.0, 4.0, 6, 0.9)]], wanted, 0.5) == 50.0


def test_a_video_in_which_nothing_is_found_stays_in_the_recall() -> None:
    assert value([[(0, 4, 0, 0.9)], []], [[(0, 4, 0)], [(0, 4, 0)]], 0.5) == 50.0


def test_a_video_without_actions_costs_what_is_found_in_it() -> None:
    found: Found = [[(0, 4, 0, 0.8)], [(0, 4, 0, 0.9)]]
    assert value(found, [[(0, 4, 0)], []], 0.5) == 50.0


def test_equal_scores_are_one_threshold_whatever_their_order() -> None:
    wanted: Wanted = [[(0, 4, 0)], [(0, 4, 0)]]
    one: Found = [[(0, 4, 0, 0.5)], [(6, 8, 0, 0.5)]]
    assert value(one, wanted, 0.5) == value(one[::-1], wanted[::-1], 0.5) == 25.0


def test_overlap_that_just_reaches_the_threshold_counts() -> None:
    assert value([[(0, 5, 0, 0.9)]], [[(0, 10, 0)]], 0.5) == 100.0
    assert value([[(0, 5, 0, 0.9)]], [[(0, 10, 0)]], 0.51) == 0.0


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_span_with_a_number_missing_is_refused(place: int) -> None:
    found = rows([[(0, 5, 0, 0.9)], []], 4)
    found[0, 0, place] = np.nan
    with pytest.raises(UserError, match="the spans of 1 of 2 test videos hold numbers"):
        span_map(found, rows([[(0, 5, 0)], []], 3), (0.5,))


def test_what_cannot_be_measured_is_refused() -> None:
    found, wanted = rows([[(0, 5, 0, 0.9)]], 4), rows([[(0, 5, 0)]], 3)
    with pytest.raises(UserError, match="no test video has a span"):
        span_map(found, np.full((1, 2, 3), np.nan), (0.5,))
    with pytest.raises(UserError, match="no test sample"):
        span_map(found[:0], wanted[:0], (0.5,))
    for broken in (found[..., :3], found[0], rows([[], []], 4)):
        with pytest.raises(ValueError, match="N, K, 4"):
            span_map(broken, wanted, (0.5,))
    half = wanted.copy()
    half[0, 0, 1] = np.nan
    with pytest.raises(ValueError, match="NaN throughout"):
        span_map(found, half, (0.5,))


SPANS = st.tuples(st.integers(0, 6), st.integers(1, 5)).map(lambda s: (s[0], s[0] + s[1]))


@st.composite
def videos(draw: st.DrawFn) -> tuple[Found, Wanted]:
    """Different scores, so that both may sort as they like; few places, so that edges tie."""
    count = draw(st.integers(1, 3))
    labels = st.integers(0, 1)
    scores = iter(draw(st.permutations(range(1, 20))))
    found = [
        [(*draw(SPANS), draw(labels), next(scores) / 20) for _ in range(draw(st.integers(0, 4)))]
        for _ in range(count)
    ]
    wanted = [
        [(*draw(SPANS), draw(labels)) for _ in range(draw(st.integers(0, 3)))] for _ in range(count)
    ]
    return found, wanted


@settings(max_examples=150, deadline=None)
@given(videos(), st.sampled_from([*THRESHOLDS, 1.0]))
def test_agree_with_one_detection_at_a_time(case: tuple[Found, Wanted], threshold: float) -> None:
    found, wanted = case
    if any(wanted):
        assert value(found, wanted, threshold) == pytest.approx(slow_map(found, wanted, threshold))


@settings(max_examples=40, deadline=None)
@given(videos(), st.lists(st.integers(0, 2), min_size=3, max_size=3))
def test_weights_are_copies(case: tuple[Found, Wanted], copies: list[int]) -> None:
    found, wanted = case
    drawn = [n for n, copy in enumerate(copies[: len(found)]) for _ in range(copy)]
    if not any(wanted[n] for n in drawn):
        return
    weights = np.array([copies[: len(found)]], dtype=np.float64)
    by_weight = span_map_weighted(rows(found, 4), rows(wanted, 3), weights, thresholds=(0.3, 0.5))
    alone = value([found[n] for n in drawn], [wanted[n] for n in drawn], 0.3, 0.5)
    assert by_weight[0] == pytest.approx(alone)
