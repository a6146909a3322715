"""Columns against a reference column, from measured and from published rows alike."""

import math
from collections.abc import Sequence

from severe_bench.analysis.agreement import Agreement, kendall, spearman
from severe_bench.analysis.ranking import Column
from severe_bench.report.figures.drawn import Drawn, drawn
from severe_bench.report.figures.scatter import ScatterPanel, scatter_plot
from severe_bench.report.table import Head, Table, fixed, number, probability, words
from severe_bench.report.tables.common import table


def correlation_plot(name: str, title: str, pairs: Sequence[tuple[Column, Column]]) -> Drawn:
    """A panel per (reference, column); thesis Figures B.1 to B.8.

    Args:
        name: stem of the files.
        title: of the figure.
        pairs: reference column on x, the other on y; models of both are drawn.
    """
    panels = [_panel(reference, column) for reference, column in pairs]
    said = [f"{p.title}: tau-b {_known(p.tau)} over {len(p.points)} models" for p in panels]
    return drawn(
        scatter_plot(panels),
        name,
        f"{title} against the reference column",
        "A point per model. Better is right and up. τ‑b and ρ are Kendall’s and Spearman’s rank "
        "correlation with the reference column.",
        "Scatter plots. " + "; ".join(said) + ".",
        _points(name, title, panels),
    )


def _points(name: str, title: str, panels: Sequence[ScatterPanel]) -> Table:
    heads = [
        Head("reference", "Reference"),
        Head("column", "Column"),
        Head("model", "Model"),
        Head("x", "Reference value", numeric=True),
        Head("y", "Value", numeric=True),
    ]
    rows = [
        [words(panel.x_title), words(panel.title), words(model), number(x, 3), number(y, 3)]
        for panel in panels
        for model, (x, y) in panel.points.items()
    ]
    return table(name, title, "The points of the figure.", heads, rows)


def correlation_table(name: str, title: str, pairs: Sequence[tuple[Column, Column]]) -> Table:
    """Rank correlations of each column with its reference."""
    heads = [
        Head("reference", "Reference"),
        Head("column", "Column"),
        Head("models", "Models", numeric=True),
        Head("tau_b", "Kendall’s τ‑b", numeric=True),
        Head("tau_p", "p", numeric=True),
        Head("rho", "Spearman’s ρ", numeric=True),
        Head("rho_p", "p", numeric=True),
    ]
    rows = []
    for reference, column in pairs:
        tau, rho, models = agreement(reference, column)
        rows.append(
            [
                words(reference.experiment),
                words(column.experiment),
                number(models, 0),
                number(tau.value if tau else None, 2),
                probability(tau.p if tau else None),
                number(rho.value if rho else None, 2),
                probability(rho.p if rho else None),
            ]
        )
    caption = "Over the models of both columns; p by permutation of the models, two-sided."
    return table(name, f"{title}: rank correlations", caption, heads, rows)


def agreement(reference: Column, column: Column) -> tuple[Agreement | None, Agreement | None, int]:
    """Kendall, Spearman and the number of common models; None with fewer than two."""
    models = [model for model in reference.values if model in column.values]
    if len(models) < 2:
        return None, None, len(models)
    ours, theirs = reference.scores(), column.scores()
    values = [ours[m] for m in models], [theirs[m] for m in models]
    return kendall(*values), spearman(*values), len(models)


def _panel(reference: Column, column: Column) -> ScatterPanel:
    tau, rho, _ = agreement(reference, column)
    points = {
        model: (reference.values[model], column.values[model])
        for model in reference.values
        if model in column.values
    }
    unit = f"{column.metric.name} {column.metric.unit}".strip()
    return ScatterPanel(
        column.experiment,
        reference.experiment,
        unit,
        points,
        tau.value if tau else math.nan,
        rho.value if rho else math.nan,
        not reference.metric.higher_is_better,
        not column.metric.higher_is_better,
    )


def _known(value: float) -> str:
    return "undefined" if math.isnan(value) else fixed(value, 2)
