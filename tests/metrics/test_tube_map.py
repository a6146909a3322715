from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from severe_bench.core.errors import NotFinite, UserError
from severe_bench.metrics.measure import METRICS
from severe_bench.metrics.tube_map import (
    COCO,
    frame_map_of_tubes,
    frame_map_of_tubes_weighted,
    video_map,
    video_map_weighted,
)
from tests.metrics.brute_force import (
    Box,
    Scene,
    average_precision,
    best_left,
    best_only,
    mean,
)

Scored = dict[int, tuple[Box, float]]
Found = Sequence[Sequence[tuple[int, Scored]]]
Wanted = Sequence[Sequence[tuple[int, dict[int, Box]]]]

LEFT, RIGHT = (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0)


def scores_of(found: Found, frames: int) -> np.ndarray:
    most = max((len(tubes) for tubes in found), default=0)
    rows = np.full((len(found), most, 1 + 5 * frames), np.nan, np.float32)
    for number, tubes in enumerate(found):
        for place, (label, boxes) in enumerate(tubes):
            rows[number, place, 0] = label
            for frame, (box, score) in boxes.items():
                rows[number, place, 1 + 5 * frame : 6 + 5 * frame] = (*box, score)
    return rows


def targets_of(wanted: Wanted, frames: int) -> np.ndarray:
    most = max((len(tubes) for tubes in wanted), default=0)
    rows = np.full((len(wanted), most, 1 + 4 * frames), np.nan, np.float32)
    for number, tubes in enumerate(wanted):
        for place, (label, boxes) in enumerate(tubes):
            rows[number, place, 0] = label
            for frame, box in boxes.items():
                rows[number, place, 1 + 4 * frame : 5 + 4 * frame] = box
    return rows


def tube(box: Box, frames: range, score: float) -> Scored:
    return dict.fromkeys(frames, (box, score))


def truth(box: Box, frames: range) -> dict[int, Box]:
    return dict.fromkeys(frames, box)


def test_are_registered_with_their_thresholds_in_the_names() -> None:
    for name in ("video_map_020", "video_map_050", "video_map_050_095", "frame_map_050"):
        assert METRICS.get(name).metric.name == name
    np.testing.assert_allclose(COCO, np.arange(0.5, 0.96, 0.05))


def test_worked_by_hand() -> None:
    """A tube twice as long as the action overlaps it by a half, if its boxes are right."""
    found = scores_of([[(0, tube(LEFT, range(8), 0.9))], [(1, tube(LEFT, range(8), 0.8))]], 8)
    wanted = targets_of([[(0, truth(LEFT, range(4)))], [(1, truth(RIGHT, range(8)))]], 8)
    assert video_map(found, wanted, (0.2,)) == 50.0
    assert video_map(found, wanted, (0.5,)) == 50.0
    assert video_map(found, wanted, (0.55,)) == 0.0
    assert video_map(found, wanted, COCO) == pytest.approx(5.0)
    # class 0: eight boxes of one score, four of them right, all four found
    assert frame_map_of_tubes(found, wanted) == pytest.approx(50 / 2)


@pytest.mark.parametrize("place", [2, 5])
@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_tubes_with_boxes_or_scores_that_are_no_numbers_are_refused(
    place: int, broken: float
) -> None:
    """Scores of NaN gave a video-mAP of 100."""
    found = scores_of([[(0, tube(LEFT, range(4), 0.9))], [(0, tube(LEFT, range(4), 0.8))]], 4)
    wanted = targets_of([[(0, truth(LEFT, range(4)))], [(0, truth(LEFT, range(4)))]], 4)
    assert video_map(found, wanted, (0.5,)) == 100.0
    found[1, 0, place::5] = broken
    for measured in (
        lambda: video_map(found, wanted, (0.5,)),
        lambda: frame_map_of_tubes(found, wanted),
    ):
        with pytest.raises(NotFinite, match="the tubes of 1 of 2 test videos hold NaN or infinity"):
            measured()


def test_a_tube_without_any_frame_is_refused() -> None:
    found = scores_of([[(0, {})]], 4)
    with pytest.raises(NotFinite, match="1 of 1 test videos"):
        video_map(found, targets_of([[(0, truth(LEFT, range(4)))]], 4), (0.5,))


def test_a_tube_takes_away_what_it_finds_and_the_next_gets_the_rest() -> None:
    both = [(0, truth(LEFT, range(4))), (0, truth(LEFT, range(3)))]
    found = [(0, tube(LEFT, range(4), 0.9)), (0, tube(LEFT, range(4), 0.8))]
    assert video_map(scores_of([found], 4), targets_of([both], 4), (0.5,)) == 100.0


def test_what_predicts_and_what_is_true_may_differ_in_length() -> None:
    found = scores_of([[(0, tube(LEFT, range(6), 0.9))]], 6)
    wanted = targets_of([[(0, truth(LEFT, range(3)))]], 3)
    assert video_map(found, wanted, (0.5,)) == 100.0
    assert video_map(found[..., :11], targets_of([[(0, truth(LEFT, range(3)))]], 9), (0.6,)) == 100


def test_nothing_found_is_0() -> None:
    wanted = targets_of([[(0, truth(LEFT, range(3)))]], 3)
    assert video_map(np.empty((1, 0, 1), np.float32), wanted, (0.2,)) == 0.0
    assert frame_map_of_tubes(np.empty((1, 0, 1), np.float32), wanted) == 0.0


def test_a_class_that_is_not_there_is_left_out() -> None:
    found = [(0, tube(LEFT, range(3), 0.9)), (7, tube(LEFT, range(3), 0.9))]
    wanted = targets_of([[(0, truth(LEFT, range(3)))]], 3)
    assert video_map(scores_of([found], 3), wanted, COCO) == 100.0


def test_what_cannot_be_measured_is_refused() -> None:
    found = scores_of([[(0, tube(LEFT, range(3), 0.9))]], 3)
    with pytest.raises(UserError, match="no test video has a tube"):
        video_map(found, np.full((1, 1, 13), np.nan), (0.5,))
    with pytest.raises(UserError, match="no test sample"):
        video_map(found[:0], np.full((0, 1, 13), np.nan), (0.5,))
    with pytest.raises(ValueError, match="1 \\+ 4 F"):
        video_map(found, np.zeros((1, 1, 12)), (0.5,))


GRID = st.integers(0, 2).map(lambda n: n / 4)
BOXES = st.tuples(GRID, GRID).map(lambda c: (c[0], c[1], c[0] + 0.5, c[1] + 0.5))
SCORES = st.integers(1, 3).map(lambda n: n / 4)
FRAMES = 3


@st.composite
def videos(draw: st.DrawFn) -> tuple[Found, Wanted]:
    frames = st.integers(0, FRAMES - 1)
    found = st.tuples(
        st.integers(0, 1),
        st.dictionaries(frames, st.tuples(BOXES, SCORES), min_size=1, max_size=FRAMES),
    )
    wanted = st.tuples(st.integers(0, 1), st.dictionaries(frames, BOXES, min_size=1))
    count = draw(st.integers(1, 3))
    return (
        [draw(st.lists(found, max_size=3)) for _ in range(count)],
        [draw(st.lists(wanted, max_size=3)) for _ in range(count)],
    )


def slow_video_map(found: Found, wanted: Wanted, threshold: float) -> float:
    values = []
    for label in (0, 1):
        scenes = [
            Scene(
                [
                    (sum(s for _, s in t.values()) / len(t), {f: b for f, (b, _) in t.items()})
                    for c, t in tubes
                    if c == label
                ],
                [t for c, t in truths if c == label],
            )
            for tubes, truths in zip(found, wanted, strict=True)
        ]
        values.append(average_precision(scenes, threshold, best_left))
    return mean(values)


def slow_frame_map(found: Found, wanted: Wanted) -> float:
    values = []
    for label in (0, 1):
        scenes = [
            Scene(
                [(t[f][1], {0: t[f][0]}) for c, t in tubes if c == label and f in t],
                [{0: t[f]} for c, t in truths if c == label and f in t],
            )
            for tubes, truths in zip(found, wanted, strict=True)
            for f in range(FRAMES)
        ]
        values.append(average_precision(scenes, 0.5, best_only))
    return mean(values)


@settings(max_examples=50, deadline=None)
@given(videos(), st.sampled_from([0.2, 0.5, 0.75]))
def test_agree_with_one_tube_at_a_time(case: tuple[Found, Wanted], threshold: float) -> None:
    found, wanted = case
    if not any(wanted):
        return
    scores, targets = scores_of(found, FRAMES), targets_of(wanted, FRAMES)
    fast = video_map(scores, targets, (threshold,))
    assert fast == pytest.approx(slow_video_map(found, wanted, threshold))
    assert frame_map_of_tubes(scores, targets) == pytest.approx(slow_frame_map(found, wanted))


@settings(max_examples=40, deadline=None)
@given(videos(), st.lists(st.integers(0, 2), min_size=3, max_size=3))
def test_weights_are_copies(case: tuple[Found, Wanted], copies: list[int]) -> None:
    found, wanted = case
    drawn = [n for n, copy in enumerate(copies[: len(found)]) for _ in range(copy)]
    if not any(wanted[n] for n in drawn):
        return
    scores, targets = scores_of(found, FRAMES), targets_of(wanted, FRAMES)
    weights = np.array([copies[: len(found)]], dtype=np.float64)
    by_weight = video_map_weighted(scores, targets, weights, thresholds=(0.5,))
    assert by_weight[0] == pytest.approx(video_map(scores[drawn], targets[drawn], (0.5,)))
    by_weight = frame_map_of_tubes_weighted(scores, targets, weights)
    assert by_weight[0] == pytest.approx(frame_map_of_tubes(scores[drawn], targets[drawn]))
