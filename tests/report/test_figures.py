"""What stands in figures: nothing cut off, better where captions say so, any name in any file."""

import re
from itertools import combinations, pairwise
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from severe_bench.analysis.intervals import PairedDifference
from severe_bench.analysis.per_class import ClassDifference, ClassLabel, confusion
from severe_bench.analysis.ranking import Column
from severe_bench.analysis.sensitivity import sensitivity
from severe_bench.core.metric import Metric
from severe_bench.report.correlations import correlation_plot
from severe_bench.report.figures.axis import Scale, around
from severe_bench.report.figures.canvas import BOLD, Canvas, width_of
from severe_bench.report.figures.curves import LINE, CurvePanel, apart, curve_plot
from severe_bench.report.figures.dots import DotPanel, dot_plot
from severe_bench.report.figures.heat import heat_map
from severe_bench.report.figures.slopes import slope_plot
from severe_bench.report.measured import class_bars, confusion_map
from severe_bench.report.style import inline_svg
from severe_bench.store.predictions import Predictions, name_array

TOP1 = Metric("top1", "top-1", "%", 0.0, 100.0)
ERROR = Metric("mae", "counting error", "", worst=1.0, best=0.0)
SVG = "{http://www.w3.org/2000/svg}"
Text = tuple[str, float, float, float]
"""What it says, its left and right end, its foot."""


def texts(svg: str) -> list[Text]:
    """All level texts of a figure with the room that they take."""
    found = []
    for node in ET.fromstring(svg).iter(f"{SVG}text"):  # noqa: S314 - our own file
        if node.get("transform"):
            continue
        words, x = node.text or "", float(node.attrib["x"])
        bold = BOLD if node.get("font-weight") else 1.0
        wide = bold * width_of(words, float(node.attrib["font-size"]))
        left = {"start": x, "middle": x - wide / 2, "end": x - wide}[node.attrib["text-anchor"]]
        found.append((words, left, left + wide, float(node.attrib["y"])))
    return found


def lies_within(canvas: Canvas) -> None:
    """No text leaves the figure, and none lies on another."""
    found = texts(canvas.svg("a figure"))
    for words, left, right, foot in found:
        assert left >= 0, words
        assert right <= canvas.width + 1, words
        assert 0 < foot <= canvas.height, words
    for (one, left, right, foot), (other, start, stop, base) in combinations(found, 2):
        apart_ = right <= start + 1 or stop <= left + 1 or abs(foot - base) >= 9
        assert apart_, f"{one!r} lies on {other!r}"


def column(name: str, values: dict[str, float], metric: Metric = TOP1) -> Column:
    return Column(name, "standard", metric, values)


def test_headings_longer_than_the_models_names_have_room() -> None:
    near = column("a-long-name-of-an-experiment", {"a": 1.0, "b": 2.0})
    far = column("another-long-name-of-an-experiment", {"a": 2.0, "b": 1.0})
    one = sensitivity(near, far, lambda *_: None)
    lies_within(slope_plot([one, one, one]))


def test_bold_names_have_room() -> None:
    near = column("near", {"w" * 20: 1.0, "v" * 20: 2.0})
    far = column("far", {"w" * 20: 2.0, "v" * 20: 1.0})
    sure = sensitivity(near, far, lambda *_: PairedDifference(5.0, 4.0, 6.0, 10, 1))
    assert all(move.separable for move in sure.moves)
    lies_within(slope_plot([sure, sure]))


def test_ranks_stand_apart_from_names_of_any_direction_of_writing() -> None:
    near = column("near", {"\u05e9\u05dc\u05d5\u05dd": 1.0, "b": 2.0})
    one = sensitivity(near, near, lambda *_: None)
    drawn = [words for words, *_ in texts(slope_plot([one]).svg("ranks"))]
    assert drawn.count("1") == drawn.count("2") == 2


def test_many_curves_that_end_at_one_place_all_have_their_names() -> None:
    low = {f"m{i:02d}": ((10.0, 5.0 + i / 10), (200.0, 10.0 + i / 10)) for i in range(25)}
    curves = {**low, "high": ((10.0, 50.0), (200.0, 90.0))}
    panel = CurvePanel("near, finetune", "labelled videos", "top1 %", curves)
    canvas = curve_plot([panel, panel, panel])
    lies_within(canvas)
    drawn = [words for words, *_ in texts(canvas.svg("curves"))]
    assert all(drawn.count(name) == 3 for name in curves)


@given(st.lists(st.floats(0, 300), max_size=25))
def test_names_beside_curves_keep_apart_and_stay_within(wanted: list[float]) -> None:
    places = apart(sorted(wanted), 300.0)
    assert all(b - a >= LINE - 1e-9 for a, b in pairwise(places))
    assert all(0 <= place <= 300.0 for place in places)


@pytest.mark.parametrize("metric", [TOP1, ERROR])
def test_better_is_right_and_up_whatever_the_metrics(metric: Metric) -> None:
    good, bad = sorted((0.2, 0.7), reverse=metric.higher_is_better)
    values = {"good": good, "bad": bad}
    drawn = correlation_plot("c", "t", [(column("x", values, metric), column("y", values, metric))])
    assert "Better is right and up" in drawn.caption
    dots = re.findall(r'<circle cx="([0-9.]+)" cy="([0-9.]+)"', drawn.svg)
    (good_x, good_y), (bad_x, bad_y) = ((float(x), float(y)) for x, y in dots)
    assert good_x > bad_x
    assert good_y < bad_y
    assert drawn.svg.count("(lower is better)") == (0 if metric.higher_is_better else 2)


def test_names_with_control_characters_leave_a_file_that_can_be_read() -> None:
    canvas = Canvas(100, 20)
    canvas.text(0, 10, "verti\x0bcal \ud800 \ufffe")
    root = ET.fromstring(canvas.svg('say "it\'s" \x00'))  # noqa: S314 - our own file
    assert root.attrib["aria-label"] == 'say "it\'s" \ufffd'
    assert [node.text for node in root.iter(f"{SVG}text")] == ["verti\ufffdcal \ufffd \ufffd"]


def test_a_figure_in_the_page_has_one_label_whatever_quotes_are_in_it() -> None:
    shown = str(inline_svg(Canvas(10, 10).svg('"a" role="b"'), 'so "it" is'))
    opening = shown.split(">", 1)[0]
    assert opening.count("aria-label=") == opening.count("role=") == 1
    assert "so &#34;it&#34; is" in opening


def test_long_names_of_models_do_not_leave_the_bars() -> None:
    classes = tuple(ClassLabel(i) for i in range(3))
    values = (-100.0, 3.0, 100.0)
    names = "a_model_with_a_very_long_name_indeed", "another_with_a_very_long_name_indeed"
    found = ClassDifference("near", *names, classes, values, (5, 5, 5))
    drawn = class_bars(found)
    size = re.search(r'viewBox="0 0 (\d+) (\d+)"', drawn.svg)
    assert size is not None
    for words, left, right, _ in texts(drawn.svg):
        assert left >= 0, words
        assert right <= int(size[1]) + 1, words
    spots = {words: (left, right) for words, left, right, _ in texts(drawn.svg)}
    assert spots["class 0"][1] < spots["\u2212100.0"][0]


@pytest.mark.parametrize("classes", [3, 20])
def test_a_class_without_a_test_video_is_grey_and_said(classes: int) -> None:
    targets = np.zeros(classes, np.int64)
    scores = np.eye(classes, dtype=np.float32)
    names = np.array([f"v{i}" for i in range(classes)])
    found = confusion("near", "m", [Predictions(names, targets, scores, names, name_array([()]))])
    drawn = confusion_map(found)
    assert "Grey rows: classes without a test video." in drawn.caption
    assert drawn.svg.count('fill="#d8d8dc"') == classes * (classes - 1)
    assert "nan" not in drawn.svg
    known = heat_map(np.zeros((2, 2)), "ab", "ab").svg("no class is missing")
    assert 'fill="#d8d8dc"' not in known


@pytest.mark.parametrize("ends", [(0.12345, 0.12346), (0.0, 1e-5), (99.99, 100.01), (-3e6, 4e6)])
def test_ticks_have_as_many_digits_as_tell_them_apart(ends: tuple[float, float]) -> None:
    ticks = Scale(*around(ends), 0.0, 100.0).ticks()
    assert len({words for _, words in ticks}) == len(ticks) > 1
    for value, words in ticks:
        assert float(words.replace("\u2212", "-")) == pytest.approx(value, abs=1e-9)


def test_headings_of_panels_side_by_side_keep_apart() -> None:
    panel = DotPanel("an-experiment-with-a-rather-long-name", "top1 %", {})
    lies_within(dot_plot([panel] * 4, ["a"]))


@pytest.mark.parametrize("classes", [5, 14, 25, 60])
def test_names_of_columns_do_not_lie_on_each_other(classes: int) -> None:
    names = [f"a class of a rather long name {i}" for i in range(classes)]
    canvas = heat_map(np.eye(classes), names, names)
    turned = [
        node
        for node in ET.fromstring(canvas.svg("h")).iter(f"{SVG}text")  # noqa: S314 - our own file
        if node.get("transform")
    ]
    angle = abs(float(re.findall(r"rotate\(([-0-9.]+)", turned[0].attrib["transform"])[0]))
    left, right = (float(node.attrib["x"]) for node in turned[:2])
    between = (right - left) * np.sin(np.radians(angle))
    assert between >= float(turned[0].attrib["font-size"])
    longest = width_of(names[-1][:32], float(turned[0].attrib["font-size"]))
    foot = float(turned[0].attrib["y"]) + longest * np.sin(np.radians(angle))
    assert foot <= canvas.height + 1
