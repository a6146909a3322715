"""The figures of measured rows: from a study to what the drawing functions take."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from severe_bench.analysis.alike import Place, Series, series
from severe_bench.analysis.findings import Findings
from severe_bench.analysis.harvest import column_of, preset_of
from severe_bench.analysis.per_class import ClassDifference, Confusion
from severe_bench.analysis.ranking import Column
from severe_bench.analysis.sensitivity import Sensitivity
from severe_bench.analysis.study import Study
from severe_bench.report import correlations
from severe_bench.report.figures.bars import difference_bars
from severe_bench.report.figures.canvas import short
from severe_bench.report.figures.curves import CurvePanel, curve_plot
from severe_bench.report.figures.dots import Dot, DotPanel, dot_plot
from severe_bench.report.figures.drawn import Drawn, drawn
from severe_bench.report.figures.heat import heat_map
from severe_bench.report.figures.slopes import slope_plot
from severe_bench.report.tables.classes import (
    class_differences,
    confusion_name,
    confusion_title,
    confusions,
)
from severe_bench.report.tables.common import distinct, in_order
from severe_bench.report.tables.factors import moves
from severe_bench.report.tables.frames import awareness, frame_sweeps
from severe_bench.report.tables.scores import long, sample_curves
from severe_bench.report.tables.work import similarity

MOST_CLASSES = 20
"""Classes drawn: half of them with the greatest rise, half with the greatest fall (Fig. C.1)."""


def ranking_dots(study: Study) -> Drawn:
    """A panel per experiment: mean over seeds, 95 % interval over test videos, single seeds."""
    models = in_order(study)
    panels = [_dot_panel(study, column) for column in study.columns.values()]
    return drawn(
        dot_plot(panels, models),
        "ranking",
        "Every model in every experiment",
        "Dot: mean over seeds, filled for the best. Bar: 95 % interval over test videos. "
        "Strokes: single seeds.",
        f"Dot plot of {len(models)} models in {len(panels)} experiments with 95 per cent "
        "intervals; the same numbers stand in the table below.",
        long(study),
    )


def rank_slopes(factor: str, found: Sequence[Sensitivity], study: Study) -> Drawn:
    """A panel per experiment: rank in the standard column on the left, here on the right."""
    return drawn(
        slope_plot(found),
        f"ranks_{factor}",
        f"Ranks from the standard column to {factor}",
        "Bold lines: the rank changes beyond chance (blue rises, orange falls). Dashed: it "
        "changes, but not separably from chance.",
        " ".join(map(_slope_words, found)) or "No model is in both columns.",
        moves(factor, found, study),
    )


def factor_scatter(factor: str, found: Sequence[Sensitivity], study: Study) -> Drawn:
    """Each experiment of a factor against its standard column (thesis Figures B.1 to B.8)."""
    pairs = [(study.columns[one.standard], study.columns[one.experiment]) for one in found]
    return correlations.correlation_plot(f"correlation_{factor}", f"Factor “{factor}”", pairs)


def sample_plot(findings: Findings) -> Drawn | None:
    """Headline metric by number of labelled videos (Figures 4.3, B.13); None without two."""
    panels = sample_panels(findings)
    if not panels:
        return None
    return drawn(
        curve_plot(panels),
        "samples",
        "By number of labelled videos",
        "Mean over seeds; experiments that differ in the number of labelled videos only."
        + _refused(findings),
        f"Curves of {counted_models(panels)} models over numbers of labelled videos in "
        f"{len(panels)} settings; the same numbers stand in the table below.",
        sample_curves(panels),
    )


def frames_plot(findings: Findings) -> Drawn | None:
    """Score by frames per clip with temporal awareness (Figure B.12); None without a sweep."""
    sweeps = frame_sweeps(findings)
    if not sweeps:
        return None
    panels = [CurvePanel(sweep.name, "frames per clip", "score", sweep.curves) for sweep in sweeps]
    data = awareness(sweeps)
    said = ", ".join(f"{row[1].text} on {row[0].text} {row[3].text}" for row in data.rows)
    return drawn(
        curve_plot(panels),
        "frames",
        "Temporal awareness",
        "Score by frames per clip; τ is the number of frames after which one more brings less "
        "than 1 % (thesis Eq. B.1, interpolated linearly).",
        f"Curves of scores by frames per clip. Temporal awareness: {said}.",
        data,
    )


def cka_map(findings: Findings) -> Drawn | None:
    """Heat map of linear CKA (Figures 4.4, B.9); None without features."""
    found = findings.similarity
    if found is None:
        return None
    return drawn(
        heat_map(found.values, found.models, found.models),
        "cka",
        "Similarity of features",
        f"{findings.estimator.capitalize()} linear CKA over {found.n} test videos; 1 is the same "
        "up to rotation and scale, 0 is unrelated.",
        f"Heat map of the similarity of {len(found.models)} models over {found.n} test videos; "
        "the same numbers stand in the table below.",
        similarity(findings),
    )


def class_bars(found: ClassDifference) -> Drawn:
    """The classes that gain and lose most (thesis Figure C.1)."""
    places = sorted(range(len(found.values)), key=lambda i: (-found.values[i], i))
    ordered = [(found.classes[i].shown, found.values[i]) for i in places]
    half = MOST_CLASSES // 2
    bars = ordered if len(ordered) <= MOST_CLASSES else [*ordered[:half], *ordered[-half:]]
    return drawn(
        difference_bars(bars, *(f"{short(name, 24)} is better" for name in (found.b, found.a))),
        f"classes_{found.experiment}_{found.a}_{found.b}",
        f"Classes on {found.experiment}: {found.a} against {found.b}",
        f"Difference of the {found.what} within a class in points, mean over seeds"
        + (f"; the {half} greatest gains and losses." if len(ordered) > MOST_CLASSES else "."),
        ", ".join(f"{name} {value:+.1f}" for name, value in bars),
        class_differences(found),
    )


def confusion_map(found: Confusion) -> Drawn:
    """What each class is taken for."""
    names = [label.shown for label in found.classes]
    return drawn(
        heat_map(found.shares, names, names, 2, ("true", "given")),
        confusion_name(found),
        confusion_title(found),
        "Share of each true class (row) that is given each class (column), over all seeds."
        + _untested(found),
        f"Confusion matrix of {len(names)} classes; the diagonal is the accuracy of each class.",
        confusions(found),
    )


def _untested(found: Confusion) -> str:
    untested = bool(np.isnan(found.shares).any())
    return " Grey rows: classes without a test video." if untested else ""


def counted_models(panels: Sequence[CurvePanel]) -> int:
    """How many different curves there are."""
    return len({name for panel in panels for name in panel.curves})


def _dot_panel(study: Study, column: Column) -> DotPanel:
    metric = column.metric
    better = "" if metric.higher_is_better else ", lower is better"
    found = {
        model: study.summaries[column.experiment, model]
        for model in column.values
        if (column.experiment, model) in study.summaries
    }
    dots = {
        model: Dot(
            summary.seeds.mean,
            summary.interval.low if summary.interval else None,
            summary.interval.high if summary.interval else None,
            tuple(study.seed_values(column.experiment, model)),
            summary.rank == 1,
        )
        for model, summary in found.items()
    }
    return DotPanel(column.experiment, f"{metric.name} {metric.unit}".strip() + better, dots)


def _slope_words(one: Sensitivity) -> str:
    ranks = ", ".join(f"{m.model} {m.before:.0f} to {m.after:.0f}" for m in one.moves)
    return f"From {one.standard} to {one.experiment}: {ranks}."


def sample_panels(findings: Findings) -> list[CurvePanel]:
    """Experiments that are, for each model, alike in all but the budget; x is what was drawn."""
    study = findings.study
    found = series(_sample_places(findings))
    presets = len(study.by_preset) > 1
    names = [f"{one.panel[0]}, {one.panel[1]}{presets * f', {one.panel[2]}'}" for one in found]
    named = distinct(names, [one.at.values() for one in found])
    panels = (_curve_panel(name, one, study) for name, one in zip(named, found, strict=True))
    return [panel for panel in panels if panel.curves]


def _refused(findings: Findings) -> str:
    """Which points of which models are not drawn, because budgets drew as many videos."""
    found = (one for of in series(_sample_places(findings)) for one in of.refused)
    lost = [f"{model} at {x:g}" for model, x in dict.fromkeys(found)]
    return f" Left out, because there are two values: {'; '.join(lost)}." if lost else ""


def _sample_places(findings: Findings) -> Iterator[Place]:
    study = findings.study
    labels = {column_of(label): label for label in study.experiments}
    for (experiment, model), one in findings.settings.items():
        label = labels.get(experiment)
        x = one.labelled
        if x is None and label is not None and label.budget.isdigit():
            x = int(label.budget)
        if label is None or x is None:
            continue
        if math.isfinite(study.columns[experiment].values.get(model, math.nan)):
            named = (label.dataset, label.protocol, preset_of(label), label.task, label.headline)
            yield Place(experiment, model, x, one.but_budget, named)


def _curve_panel(title: str, one: Series, study: Study) -> CurvePanel:
    columns = {name: study.columns[name] for name in one.at.values()}
    metric = next(iter(columns.values())).metric
    curves = {
        model: tuple((x, columns[name].values[model]) for x, name in curve.items())
        for model, curve in one.curves.items()
    }
    unit = f"{metric.name} {metric.unit}".strip()
    return CurvePanel(title, "labelled videos", unit, curves, not metric.higher_is_better)
