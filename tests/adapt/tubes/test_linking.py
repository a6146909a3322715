from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from severe_bench.adapt.tubes.linking import Found, Linked, linked, over_all_frames, paths
from severe_bench.metrics.overlap import box_iou

LEFT, RIGHT = (0.0, 0.0, 0.4, 1.0), (0.6, 0.0, 1.0, 1.0)


def energy(route: tuple[int, ...], overlaps: np.ndarray, scores: np.ndarray) -> float:
    single = sum(2 * scores[frame, place] for frame, place in enumerate(route))
    steps = sum(
        overlaps[frame, a, b] + scores[frame, a] * scores[frame + 1, b] / 2
        for frame, (a, b) in enumerate(pairwise(route))
    )
    return float(single + steps)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(0, 10_000))
def test_each_path_is_the_best_of_all_through_what_is_left(
    frames: int, boxes: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    overlaps, scores = rng.random((frames - 1, boxes, boxes)), rng.random((2, frames, boxes))
    there = rng.random((frames, boxes)) < 0.8
    found = paths(overlaps, scores, there, most=3)
    for label in (0, 1):
        free = there.copy()
        for route in found[label]:
            left = [np.flatnonzero(row).tolist() for row in free]
            if not all(left):
                assert (route == -1).all()
                continue
            every = list(product(*left))
            best = max(energy(one, overlaps, scores[label]) for one in every)
            assert tuple(route) in every
            assert energy(tuple(route), overlaps, scores[label]) == pytest.approx(best)
            free[np.arange(frames), route] = False


def found_of(frames: list[list[tuple[tuple[float, ...], tuple[float, ...]]]]) -> Found:
    most, classes = max(map(len, frames)), len(frames[0][0][1])
    boxes = np.full((len(frames), most, 4), np.nan)
    scores = np.zeros((len(frames), most, classes))
    for number, rows in enumerate(frames):
        for place, (box, of_class) in enumerate(rows):
            boxes[number, place], scores[number, place] = box, of_class
    return Found(boxes, scores)


def test_tubes_stay_with_their_actor_though_scores_and_order_change() -> None:
    frames = [
        [(LEFT, (0.6, 0.1)), (RIGHT, (0.1, 0.9))],
        [(RIGHT, (0.5, 0.8)), (LEFT, (0.55, 0.2))],
        [(LEFT, (0.7, 0.1)), (RIGHT, (0.1, 0.9))],
    ]
    tubes = linked(found_of(frames), most=2, overlap=0.3)
    by_label = [[t for t in tubes if t.label == label] for label in (0, 1)]
    assert [(tuple(t[0].boxes[:, 0]), len(t)) for t in by_label] == [
        ((0, 0, 0), 2),
        ((0.6,) * 3, 2),
    ]
    assert [t.score for t in tubes] == sorted((t.score for t in tubes), reverse=True)
    assert by_label[0][0].score == pytest.approx((0.6 + 0.55 + 0.7) / 3)


def test_a_frame_with_one_box_allows_one_tube() -> None:
    frames = [[(LEFT, (0.6,)), (RIGHT, (0.5,))], [(LEFT, (0.6,))]]
    assert len(linked(found_of(frames), most=3, overlap=0.3)) == 1


def test_of_tubes_that_overlap_the_best_is_kept() -> None:
    near = (0.0, 0.0, 0.45, 1.0)
    frames = [[(LEFT, (0.6,)), (near, (0.5,)), (RIGHT, (0.4,))]] * 3
    kept = linked(found_of(frames), most=3, overlap=0.3)
    assert [round(tube.score, 3) for tube in kept] == [0.6, 0.4]
    assert len(linked(found_of(frames), most=3, overlap=0.95)) == 3


def test_one_frame_is_a_tube() -> None:
    (tube,) = linked(found_of([[(LEFT, (0.6,))]]), most=3, overlap=0.3)
    assert tube.boxes.tolist() == [[*LEFT, 0.6]]


def test_between_predicted_frames_boxes_move_steadily() -> None:
    boxes = np.array([[0, 0, 0.4, 1, 0.2], [0.4, 0, 0.8, 1, 0.6], [0.4, 0, 0.8, 1, 0.5]])
    found = over_all_frames(Linked(0, boxes), np.array([0, 4, 5]), 6)
    assert found[:, 0] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.4])
    assert found[:, 4] == pytest.approx([0.2, 0.3, 0.4, 0.5, 0.6, 0.5])


def test_overlaps_are_those_of_the_metrics() -> None:
    assert box_iou(np.array([LEFT]), np.array([RIGHT, LEFT])).tolist() == [[0, 1]]
