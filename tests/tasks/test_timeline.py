import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from severe_bench.core.errors import UserError
from severe_bench.core.extras import DURATION, SPANS, Span
from severe_bench.core.record import Record
from severe_bench.tasks.segmentation import SEGMENTATION, SegmentationOptions
from severe_bench.tasks.timeline import Annotation, TimelineOptions, stretch
from tests.tasks.timelines import DATASET, video

ALL = Annotation.of(TimelineOptions(), DATASET)


def test_nothing_but_the_hop_changes_the_snippets() -> None:
    options = SegmentationOptions(hop=0.5, hop_in="seconds", hidden=8, rate=3, background=("cut",))
    assert SEGMENTATION.unit_options(options) == {"hop": 0.5, "hop_in": "seconds"}


def test_moments_have_the_class_of_their_span_and_background_elsewhere() -> None:
    record = video(10.0, (1, 2.0, 4.0), (0, 6.0, 9.0))
    moments = np.array([0.0, 2.0, 3.9, 4.0, 8.0, 9.0, 9.9, 10.0, -0.1, np.nan])
    assert ALL.ids_at(record, moments).tolist() == [0, 2, 2, 0, 1, 0, 0, -1, -1, -1]


def test_of_spans_that_overlap_the_one_that_began_last_counts_then_the_shortest() -> None:
    record = video(10.0, (0, 1.0, 9.0), (1, 3.0, 8.0), (2, 3.0, 5.0))
    assert ALL.ids_at(record, np.array([2.0, 4.0, 6.0, 8.5])).tolist() == [1, 3, 2, 1]


def test_spans_are_cut_to_the_part_of_the_video_that_the_record_is_about() -> None:
    whole = video(20.0, (0, 1.0, 6.0), (1, 8.0, 15.0), (2, 17.0, 19.0))
    part = Record("p", "v.avi", None, "test", start=5.0, end=12.0, extras=whole.extras)
    assert ALL.spans(part) == (Span(0, 5.0, 6.0), Span(1, 8.0, 12.0))
    assert stretch(part) == (5.0, 12.0)
    assert stretch(whole) == (0.0, 20.0)
    assert ALL.ids_at(part, np.array([4.9, 5.0, 11.9, 12.0])).tolist() == [-1, 1, 2, -1]


def test_a_class_that_stands_for_nothing_is_background() -> None:
    some = Annotation.of(TimelineOptions(background=("stir",)), DATASET)
    record = video(10.0, (0, 0.0, 4.0), (1, 4.0, 10.0))
    assert [span.label for span in some.spans(record)] == [0]
    assert some.ids_at(record, np.array([1.0, 5.0])).tolist() == [1, 0]


def test_an_unknown_background_is_named() -> None:
    with pytest.raises(UserError, match="background names 'sil', which is no class of meals"):
        Annotation.of(TimelineOptions(background=("sil",)), DATASET)


def test_what_is_not_annotated_is_refused_with_the_sample() -> None:
    with pytest.raises(UserError, match=r"clip.*has no spans"):
        ALL.spans(Record("clip", "v.avi", None, "test", extras=DURATION.set(3.0)))
    with pytest.raises(UserError, match=r"clip.*has no duration"):
        stretch(Record("clip", "v.avi", None, "test", extras=SPANS.set(())))
    with pytest.raises(UserError, match=r"it lasts from 0\.0 s to 0\.0 s"):
        stretch(video(0.0))
    with pytest.raises(UserError, match="class id 3 is outside 0 to 2"):
        ALL.spans(video(3.0, (3, 0.0, 1.0)))


SPAN = st.tuples(st.integers(0, 2), st.integers(0, 12), st.integers(0, 12)).map(
    lambda s: (s[0], float(min(s[1:])), float(max(s[1:])))
)


@given(st.lists(SPAN, max_size=5))
def test_every_moment_agrees_with_looking_at_all_spans(
    spans: list[tuple[int, float, float]],
) -> None:
    record = video(10.0, *spans)
    moments = np.arange(12) + 0.5
    for moment, found in zip(moments, ALL.ids_at(record, moments), strict=True):
        around = [s for s in spans if s[1] <= moment < s[2] and moment < 10]
        if moment >= 10:
            assert found == -1
        elif not around:
            assert found == 0
        else:
            latest = max(start for _, start, _ in around)
            shortest = min(min(end, 10.0) for _, start, end in around if start == latest)
            fitting = {c + 1 for c, s, e in around if s == latest and min(e, 10.0) == shortest}
            assert found in fitting
