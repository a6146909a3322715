"""Experiments that differ in the number of frames only, and the temporal awareness they show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from severe_bench.analysis.findings import Findings
from severe_bench.analysis.harvest import column_of
from severe_bench.analysis.temporal_awareness import temporal_awareness
from severe_bench.report.table import MISSING, Entry, Head, Table, number, words
from severe_bench.report.tables.common import MODEL, table


@dataclass(frozen=True)
class Sweep:
    """One dataset at several numbers of frames.

    Args:
        name: dataset, protocol and number of labelled videos.
        curves: model -> points (frames, score of 0 to 100).
    """

    name: str
    dataset: str
    curves: Mapping[str, tuple[tuple[float, float], ...]]


def frame_sweeps(findings: Findings) -> list[Sweep]:
    """Experiments alike in all but frames per clip, two or more of them."""
    study = findings.study
    found: dict[tuple[str, ...], dict[int, dict[str, float]]] = {}
    for label in study.experiments:
        name = column_of(label)
        if name in findings.frames:
            key = (label.dataset, label.task, label.protocol, label.budget, label.headline)
            found.setdefault(key, {})[findings.frames[name]] = study.columns[name].scores()
    return [
        Sweep(f"{key[0]}, {key[2]}, {key[3]} labelled", key[0], _curves(by_frames))
        for key, by_frames in found.items()
        if len(by_frames) > 1
    ]


def awareness(sweeps: Sequence[Sweep]) -> Table:
    """Temporal awareness of each model on each dataset."""
    heads = [
        Head("sweep", "Sweep"),
        MODEL,
        Head("points", "Frames: score"),
        Head("tau", "τ", numeric=True),
    ]
    rows = [
        [
            words(sweep.name),
            words(model),
            words(", ".join(f"{frames:g}: {score:.1f}" for frames, score in points)),
            _tau({int(frames): score for frames, score in points}),
        ]
        for sweep in sweeps
        for model, points in sweep.curves.items()
    ]
    caption = "τ by Eq. B.1 of the thesis, in frames; a dash: the score still rises at the end."
    return table("frames", "Temporal awareness", caption, heads, rows)


def reference_frames(findings: Findings) -> dict[str, str]:
    """Dataset -> its temporal awareness by the best model of its first sweep, in words.

    The thesis takes the supervised model; the best one says as much wherever that is the best.
    """
    found: dict[str, str] = {}
    for sweep in frame_sweeps(findings):
        points = max(sweep.curves.values(), key=lambda curve: max(score for _, score in curve))
        scores = {int(frames): score for frames, score in points}
        if sweep.dataset not in found and len(scores) > 1 and min(scores.values()) > 0:
            tau = temporal_awareness(scores)
            found[sweep.dataset] = f"{tau} frames" if tau else f"over {max(scores)} frames"
    return found


def _curves(
    by_frames: Mapping[int, Mapping[str, float]],
) -> dict[str, tuple[tuple[float, float], ...]]:
    models = dict.fromkeys(model for scores in by_frames.values() for model in scores)
    return {
        model: tuple(
            (float(frames), by_frames[frames][model])
            for frames in sorted(by_frames)
            if model in by_frames[frames]
        )
        for model in models
    }


def _tau(scores: Mapping[int, float]) -> Entry:
    if len(scores) < 2 or min(scores.values()) <= 0:
        return Entry(None, MISSING, mark="missing")
    return number(temporal_awareness(scores), 0)
