"""Experiments that differ in the number of frames only, and the temporal awareness they show."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from severe_bench.analysis.alike import Place, Series, Setting, series
from severe_bench.analysis.findings import Findings
from severe_bench.analysis.harvest import column_of, preset_of
from severe_bench.analysis.study import Study
from severe_bench.analysis.temporal_awareness import temporal_awareness
from severe_bench.plan.cell import Label
from severe_bench.report.table import MISSING, Entry, Head, Table, number, words
from severe_bench.report.tables.common import MODEL, distinct, table


@dataclass(frozen=True)
class Sweep:
    """One dataset at several numbers of frames, at one stride.

    Args:
        name: dataset, protocol and number of labelled videos.
        curves: model -> points (frames, score of 0 to 100).
        refused: model and number of frames for which there are two values, so that none counts.
    """

    name: str
    dataset: str
    curves: Mapping[str, tuple[tuple[float, float], ...]]
    refused: tuple[tuple[str, float], ...] = ()


def frame_sweeps(findings: Findings) -> list[Sweep]:
    """Experiments that are, for each model, alike in all but frames per clip; two or more of them.

    Alike is what their cells compute, preset and recipe included; stride is the same, but that of a
    single frame is of no account.
    """
    study = findings.study
    found = series(_places(study, findings.settings))
    strides = Counter(panel[:-1] for panel in {one.panel for one in found})
    names = [_name(one.panel, study, strides[one.panel[:-1]]) for one in found]
    named = distinct(names, [one.at.values() for one in found])
    return [
        Sweep(name, one.panel[0], _scores(one, study), one.refused)
        for name, one in zip(named, found, strict=True)
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
    caption = (
        "τ by Eq. B.1 of the thesis, in frames; a dash: the score still rises at the end, or one "
        "is not above zero."
    )
    return table("frames", "Temporal awareness", caption + _refused(sweeps), heads, rows)


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


def _places(study: Study, settings: Mapping[tuple[str, str], Setting]) -> Iterator[Place]:
    labels = {column_of(label): label for label in study.experiments}
    known = {key: one for key, one in settings.items() if key[0] in labels}
    strides: dict[tuple[str, str], set[int]] = {}
    for (_, model), one in known.items():
        seen = strides.setdefault((model, one.but_frames), set())
        seen |= {one.stride} if one.stride is not None else set()
    for (experiment, model), one in known.items():
        if model not in study.columns[experiment].values:
            continue
        of_one = {one.stride} if one.stride is not None else strides[model, one.but_frames]
        for stride in sorted(of_one) or [0]:
            panel = (*_panel(labels[experiment]), str(stride))
            yield Place(experiment, model, one.frames, f"{one.but_frames} {stride}", panel)


def _panel(label: Label) -> tuple[str, ...]:
    named = (label.dataset, label.protocol, label.budget, preset_of(label))
    return (*named, label.task, label.headline)


def _name(panel: tuple[str, ...], study: Study, strides: int) -> str:
    dataset, protocol, budget, preset, *_, stride = panel
    of_preset = f", {preset}" if len(study.by_preset) > 1 else ""
    every = f", stride {stride}" if strides > 1 else ""
    return f"{dataset}, {protocol}, {budget} labelled{of_preset}{every}"


def _scores(one: Series, study: Study) -> dict[str, tuple[tuple[float, float], ...]]:
    scores = {name: study.columns[name].scores() for name in one.at.values()}
    return {
        model: tuple((float(x), scores[name][model]) for x, name in curve.items())
        for model, curve in one.curves.items()
    }


def _refused(sweeps: Sequence[Sweep]) -> str:
    lost = [f"{model} at {x:g} in {s.name}" for s in sweeps for model, x in s.refused]
    return f" Left out, because there are two values: {'; '.join(lost)}." if lost else ""


def _tau(scores: Mapping[int, float]) -> Entry:
    if len(scores) < 2 or min(scores.values()) <= 0:
        return Entry(None, MISSING, mark="missing")
    return number(temporal_awareness(scores), 0)
