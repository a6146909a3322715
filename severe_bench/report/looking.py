"""Activation maps as a figure and tables: how much of each model's map lies on what moves."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from severe_bench.analysis.saliency import Box, energy
from severe_bench.core.atomic import write_text
from severe_bench.metrics.bootstrap import known_intervals
from severe_bench.metrics.few_groups import FEWEST
from severe_bench.report.comparing import Compared
from severe_bench.report.figures.canvas import Canvas
from severe_bench.report.figures.maps import MapRow, map_grid
from severe_bench.report.files import write_tables
from severe_bench.report.table import Entry, Head, Table, number, words
from severe_bench.report.tables.common import ABSENT, MODEL, table

SHOWN = 6
"""Videos in the figure; the tables hold all."""
DRAWS = 2000
Ends = tuple[float, float] | tuple[None, None]
UNKNOWN: Ends = None, None


@dataclass(frozen=True)
class Look:
    """One model on one video.

    Args:
        frame: (S, S, 3), the middle frame of the clip as the network sees it.
        map: (T', H', W'), not negative.
        boxes: of each frame of the clip, in fractions of the crop; empty lists where unknown.
    """

    model: str
    video: str
    frame: NDArray[np.uint8]
    map: NDArray[np.float64]
    boxes: Sequence[Sequence[Box]]


def write_looking(folder: Path, looks: Sequence[Look]) -> Compared:
    """Write `saliency.svg` and the tables `saliency` (by model) and `saliency_videos`."""
    by_video, by_model = video_table(looks), model_table(looks)
    write_text(folder / "saliency.svg", figure(looks).svg(_in_words(by_model)))
    write_tables(folder, (by_model, by_video))
    return Compared("Where the networks look", (by_model,), ())


def figure(looks: Sequence[Look]) -> Canvas:
    """Some videos with the maps of all models."""
    videos = list(dict.fromkeys(one.video for one in looks))
    step = max(1, len(videos) // SHOWN)
    return map_grid([_row(video, looks) for video in videos[::step][:SHOWN]])


def _in_words(found: Table) -> str:
    """The figure for those who do not see it."""
    said = [
        f"{row[0].text} {row[1].text} per cent inside, by chance {row[4].text}"
        for row in found.rows
        if row[1].value is not None
    ]
    return "Activation maps over frames of videos. " + "; ".join(said)


def model_table(looks: Sequence[Look]) -> Table:
    """Mean share inside of each model with its interval over videos."""
    heads = [
        MODEL,
        Head("inside", "Inside, %", numeric=True),
        Head("low", "Low", numeric=True),
        Head("high", "High", numeric=True),
        Head("area", "Area, %", numeric=True),
        Head("gain", "Times chance", numeric=True),
        Head("gain_low", "Low", numeric=True),
        Head("gain_high", "High", numeric=True),
        Head("videos", "Videos", numeric=True),
    ]
    shares: dict[str, list[tuple[float, float]]] = {one.model: [] for one in looks}
    for one in looks:
        found = energy(one.map, one.boxes)
        if found is not None and not np.isnan(found.inside):
            shares[one.model].append((found.inside, found.area))
    rows = [[words(model), *_numbers(np.array(found))] for model, found in shares.items()]
    caption = (
        "Share of the activation map inside the boxes of what moves, mean over videos with its "
        "95 % interval (bootstrap; Student’s t of fewer than 40 videos); area is the share that a "
        "blind map would have (chance). Times chance is inside over area, its interval from the "
        "same resamples. No label was used, and nothing was finetuned."
    )
    return table("saliency", "Where the networks look", caption, heads, rows)


def video_table(looks: Sequence[Look]) -> Table:
    """Every model on every video."""
    heads = [
        MODEL,
        Head("video", "Video"),
        Head("inside", "Inside, %", numeric=True),
        Head("area", "Area, %", numeric=True),
    ]
    rows = []
    for one in looks:
        found = energy(one.map, one.boxes)
        shares = (100 * found.inside, 100 * found.area) if found else (None, None)
        rows.append([words(one.model), words(one.video), *(number(share) for share in shares)])
    return table("saliency_videos", "Where the networks look, video by video", "", heads, rows)


def _numbers(found: NDArray[np.float64]) -> list[Entry]:
    if len(found) == 0:
        return [ABSENT] * 8
    inside, area = found.T
    share, gain = float(inside.mean()), float(inside.mean() / area.mean())
    shares, gains = _bounds(inside, area, share, gain)
    return [
        number(100 * share),
        *(number(None if end is None else 100 * end) for end in shares),
        number(100 * area.mean()),
        number(gain, 2),
        *(number(end, 2) for end in gains),
        number(len(inside), 0),
    ]


def _bounds(
    inside: NDArray[np.float64], area: NDArray[np.float64], share: float, gain: float
) -> tuple[Ends, Ends]:
    """Intervals of the share and of times chance; of too few videos nothing is known."""
    count = len(inside)
    if count < FEWEST:
        return UNKNOWN, UNKNOWN
    picks = np.random.default_rng(0).integers(count, size=(DRAWS, count))
    drawn = inside[picks].mean(axis=1)
    times = drawn / area[picks].mean(axis=1)
    (shares,) = known_intervals(drawn[None], np.array([share]), count, (0.0, 1.0), mean=True)
    (gains,) = known_intervals(times[None], np.array([gain]), count, (0.0, np.inf), mean=False)
    return shares or UNKNOWN, gains or UNKNOWN


def _row(video: str, looks: Sequence[Look]) -> MapRow:
    of_video = [one for one in looks if one.video == video]
    first = of_video[0]
    moment = len(first.boxes) // 2
    found = {one.model: energy(one.map, one.boxes) for one in of_video}
    return MapRow(
        video,
        first.frame,
        tuple(first.boxes[moment]) if first.boxes else (),
        {one.model: one.map[len(one.map) // 2] for one in of_video},
        {model: one.inside if one else float("nan") for model, one in found.items()},
        next((one.area for one in found.values() if one), float("nan")),
    )
