from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from severe_bench.core.errors import NotFinite, UserError
from severe_bench.core.metric import NOT_EVALUATED
from severe_bench.metrics.bootstrap import interval
from severe_bench.metrics.frame_map import FRAME_MAP, frame_map, frame_map_weighted
from severe_bench.metrics.measure import METRICS
from tests.metrics.brute_force import Scene, average_precision, best_only, mean

LEFT, RIGHT, BOTH = (0.0, 0.0, 0.4, 1.0), (0.6, 0.0, 1.0, 1.0), (0.0, 0.0, 1.0, 1.0)
NAN = np.nan

Rows = Sequence[Sequence[tuple[Any, ...]]]


def table(frames: Rows, width: int) -> np.ndarray:
    """Frames of (box, numbers...) rows, padded with NaN."""
    padded = np.full((len(frames), max(map(len, frames), default=0), 4 + width), NAN, np.float32)
    for number, rows in enumerate(frames):
        for place, (box, *numbers) in enumerate(rows):
            padded[number, place] = (*box, *numbers)
    return padded


def measured(found: Rows, wanted: Rows, classes: int = 1) -> float:
    return frame_map(table(found, classes), table(wanted, classes))


def test_is_registered_in_per_cent_higher_being_better() -> None:
    assert METRICS.get("frame_map") is FRAME_MAP
    assert (FRAME_MAP.metric.unit, FRAME_MAP.metric.higher_is_better) == ("%", True)


def test_everything_found_is_100_and_nothing_is_0() -> None:
    wanted = [[(LEFT, 1)], [(RIGHT, 1)]]
    assert measured([[(LEFT, 0.9)], [(RIGHT, 0.2)]], wanted) == 100.0
    assert measured([[(RIGHT, 0.9)], [(LEFT, 0.2)]], wanted) == 0.0
    assert measured([[], []], wanted) == 0.0


def test_worked_by_hand() -> None:
    """Right, wrong, right of 3: precisions 1 and 2/3 at recalls 1/3 and 2/3, nothing beyond."""
    found = [[(LEFT, 0.9)], [(LEFT, 0.8)], [(LEFT, 0.7)]]
    wanted = [[(LEFT, 1)], [(RIGHT, 1)], [(LEFT, 1)]]
    assert measured(found, wanted) == pytest.approx(100 * (1 + 2 / 3) / 3)


def test_a_better_precision_later_counts_for_lower_recalls_too() -> None:
    found = [[(LEFT, 0.9)], [(LEFT, 0.8)], [(LEFT, 0.7)]]
    wanted = [[(RIGHT, 1)], [(LEFT, 1)], [(LEFT, 1)]]
    assert measured(found, wanted) == pytest.approx(100 * (2 / 3 + 2 / 3) / 3)


def test_a_second_detection_of_the_same_box_is_wrong() -> None:
    found = [[(LEFT, 0.9), (LEFT, 0.8), (RIGHT, 0.7)]]
    wanted = [[(LEFT, 1), (RIGHT, 1)]]
    assert measured(found, wanted) == pytest.approx(100 * (1 + 2 / 3) / 2)


def test_the_order_of_rows_is_not_that_of_scores() -> None:
    found = [[(RIGHT, 0.7), (LEFT, 0.8), (LEFT, 0.9)]]
    wanted = [[(RIGHT, 1), (LEFT, 1)]]
    assert measured(found, wanted) == pytest.approx(100 * (1 + 2 / 3) / 2)


def test_a_detection_looks_at_the_box_it_overlaps_most_only() -> None:
    """As in the official script: the second does not make do with the other one."""
    wide, wider = (0.0, 0.0, 1.0, 1.0), (0.0, 0.0, 0.9, 1.0)
    found = [[(wide, 0.9), (wide, 0.8)]]
    assert measured(found, [[(wide, 1), (wider, 1)]]) == pytest.approx(50.0)


def test_overlap_of_exactly_a_half_suffices() -> None:
    assert measured([[((0.0, 0.0, 0.5, 1.0), 0.9)]], [[(BOTH, 1)]]) == 100.0
    assert measured([[((0.0, 0.0, 0.4999, 1.0), 0.9)]], [[(BOTH, 1)]]) == 0.0


def test_boxes_of_another_class_or_frame_are_no_truth() -> None:
    found = [[(LEFT, 0.9, 0.1)], [(LEFT, 0.8, 0.3)]]
    wanted = [[(LEFT, 0, 1)], [(LEFT, 1, 0)]]
    assert measured(found, wanted, 2) == pytest.approx(50.0)


def test_a_class_without_a_target_is_left_out() -> None:
    found = [[(LEFT, 0.9, 0.8, 0.7)]]
    assert measured(found, [[(LEFT, 1, 0, 1)]], 3) == 100.0


def test_a_class_is_left_out_by_intent_only() -> None:
    wanted = [[(LEFT, 1, 1), (RIGHT, 0, 1)]]
    out = NOT_EVALUATED
    assert measured([[(LEFT, 0.9, out), (RIGHT, 0.8, out)]], wanted, 2) == 100.0
    with pytest.raises(ValueError, match="left out in every box or in none"):
        measured([[(LEFT, 0.9, out), (RIGHT, 0.8, 0.5)]], wanted, 2)


@pytest.mark.parametrize("broken", [NAN, np.inf])
def test_a_class_that_diverged_is_not_left_out(broken: float) -> None:
    wanted = [[(LEFT, 1, 1), (RIGHT, 0, 1)]]
    with pytest.raises(NotFinite, match="2 of 2 boxes have scores that are NaN"):
        measured([[(LEFT, 0.9, broken), (RIGHT, 0.8, broken)]], wanted, 2)
    with pytest.raises(NotFinite, match="2 of 2 boxes have scores that are NaN"):
        measured([[(LEFT, broken, broken), (RIGHT, broken, broken)]], wanted, 2)


def test_equal_scores_are_one_threshold_whatever_the_order() -> None:
    wanted = [[(LEFT, 1)], [(RIGHT, 1)], [(RIGHT, 1)]]
    found = [[(LEFT, 0.5)], [(LEFT, 0.5)], [(RIGHT, 0.5)]]
    for order in ([0, 1, 2], [2, 1, 0], [1, 0, 2]):
        shuffled = measured([found[n] for n in order], [wanted[n] for n in order])
        assert shuffled == pytest.approx(100 * 2 / 3 * 2 / 3)


GRID = st.integers(0, 4).map(lambda n: n / 4)
BOXES = st.tuples(GRID, GRID, GRID, GRID).map(
    lambda c: (min(c[0], c[2]), min(c[1], c[3]), max(c[0], c[2]) + 0.25, max(c[1], c[3]) + 0.25)
)
SCORES = st.integers(0, 3).map(lambda n: n / 3)


@st.composite
def frames(draw: st.DrawFn) -> tuple[Rows, Rows]:
    """Two classes, up to four frames, coarse boxes and scores: ties and duplicates abound."""
    found = st.lists(st.tuples(BOXES, SCORES, SCORES), max_size=4)
    wanted = st.lists(st.tuples(BOXES, st.integers(0, 1), st.integers(0, 1)), max_size=3)
    count = draw(st.integers(1, 4))
    return [draw(found) for _ in range(count)], [draw(wanted) for _ in range(count)]


def slow(found: Rows, wanted: Rows) -> float:
    values = []
    for label in (1, 2):
        scenes = [
            Scene(
                [(float(np.float32(row[label])), {0: row[0]}) for row in rows],
                [{0: row[0]} for row in truths if row[label]],
            )
            for rows, truths in zip(found, wanted, strict=True)
        ]
        values.append(average_precision(scenes, 0.5, best_only))
    return mean(values)


@settings(max_examples=60, deadline=None)
@given(frames())
def test_agrees_with_one_detection_at_a_time(case: tuple[Rows, Rows]) -> None:
    found, wanted = case
    if not any(row[1] or row[2] for rows in wanted for row in rows):
        with pytest.raises(UserError, match="no test frame has a box"):
            measured(found, wanted, 2)
        return
    assert measured(found, wanted, 2) == pytest.approx(slow(found, wanted))


@settings(max_examples=60, deadline=None)
@given(frames(), st.lists(st.integers(0, 3), min_size=4, max_size=4))
def test_weights_are_copies(case: tuple[Rows, Rows], copies: list[int]) -> None:
    found, wanted = case
    drawn = [n for n, copy in enumerate(copies[: len(found)]) for _ in range(copy)]
    weights = np.array([copies[: len(found)]], dtype=np.float64)
    if not any(row[1] or row[2] for rows in wanted for row in rows):
        return
    fast = frame_map_weighted(table(found, 2), table(wanted, 2), weights)
    if not any(row[1] or row[2] for n in drawn for row in wanted[n]):
        assert fast.tolist() == [0.0]
        return
    again = measured([found[n] for n in drawn], [wanted[n] for n in drawn], 2)
    assert fast[0] == pytest.approx(again)


def test_the_interval_draws_films_whole() -> None:
    """Forty films of two frames, half of them found: as uncertain as forty frames, not eighty."""
    films = 40
    found = [[(LEFT, 0.9 - 0.001 * number)] for number in range(2 * films)]
    wanted = [[(LEFT if number // 2 % 2 else RIGHT, 1)] for number in range(2 * films)]
    scores, targets = table(found, 1), table(wanted, 1)
    by_film = interval(FRAME_MAP, scores, targets, np.arange(2 * films) // 2)
    by_frame = interval(FRAME_MAP, scores, targets, np.arange(2 * films))
    assert by_film is not None
    assert by_frame is not None
    wider = (by_film[1] - by_film[0]) / (by_frame[1] - by_frame[0])
    assert wider == pytest.approx(2**0.5, rel=0.2)
    assert interval(FRAME_MAP, scores, targets, np.zeros(2 * films)) is None


def test_what_cannot_be_measured_is_refused() -> None:
    good, wanted = table([[(LEFT, 0.9), (RIGHT, 0.9)]], 1), table([[(LEFT, 1)]], 1)
    broken = good.copy()
    broken[0, 1, 4] = NAN
    with pytest.raises(UserError, match="1 of 2 boxes have scores that are NaN"):
        frame_map(broken, wanted)
    with pytest.raises(UserError, match="no test sample"):
        frame_map(good[:0], wanted[:0])
    with pytest.raises(ValueError, match=r"scores .* and targets"):
        frame_map(good, table([[(LEFT, 1, 1)]], 2))
