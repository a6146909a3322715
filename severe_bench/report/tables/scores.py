"""Tables of scores: overall ranking, every experiment, every pair of models."""

import statistics
from collections.abc import Sequence
from itertools import combinations

from severe_bench.analysis.ranking import Standing, common
from severe_bench.analysis.study import FACTORS, Study, Summary
from severe_bench.report.table import (
    Entry,
    Head,
    Mark,
    Table,
    fixed,
    number,
    span,
    words,
)
from severe_bench.report.tables.common import (
    ABSENT,
    EXPERIMENT,
    MODEL,
    difference_entries,
    digits_of,
    in_order,
    table,
)


def ranking(study: Study) -> Table:
    """Overall: mean score and average rank over common experiments, and the mean per factor."""
    factors = [f for f in FACTORS if any(label.factor == f for label in study.experiments)]
    heads = [
        Head("place", "#", numeric=True),
        MODEL,
        Head("kind", "Kind"),
        Head("mean_score", "Mean score", numeric=True),
        Head("average_rank", "Average rank", numeric=True),
        Head("experiments", "Over", numeric=True),
        *(Head(f"mean_{factor}", factor.capitalize(), numeric=True) for factor in factors),
    ]
    rows = [_standing_row(study, s, i, factors) for i, s in enumerate(study.standings, 1)]
    caption = (
        "Mean of the headline metrics on a common scale (0 is the metric's worst value, 100 its "
        "best; errors are turned round), and mean of the ranks (1 is best, equal values share the "
        "better rank), both over the experiments that every model has; the factor columns are "
        "means over that factor's share of them."
    )
    return table("ranking", "Ranking over all experiments", caption, heads, rows)


def matrix(study: Study) -> Table:
    """Model x experiment: mean and deviation over seeds, interval over test videos, rank."""
    heads = [MODEL] + [Head(name, name, numeric=True) for name in study.columns]
    rows = [
        [words(model), *(_summary_entry(study, name, model) for name in study.columns)]
        for model in in_order(study)
    ]
    caption = (
        "Mean ± standard deviation over seeds. The best of each experiment is bold; a dash is a "
        "missing cell."
    )
    detail = "Below it the 95 % bootstrap interval over test videos, and the rank."
    return table("experiments", "Every experiment", caption, heads, rows, detail)


def long(study: Study) -> Table:
    """One row per model and experiment with every number of `matrix` in a column of its own."""
    heads = [
        EXPERIMENT,
        Head("factor", "Factor"),
        MODEL,
        Head("metric", "Metric"),
        Head("mean", "Mean", numeric=True),
        Head("std", "Std", numeric=True),
        Head("seeds", "Seeds", numeric=True),
        Head("ci_low", "Low", numeric=True),
        Head("ci_high", "High", numeric=True),
        Head("videos", "Test videos", numeric=True),
        Head("rank", "Rank", numeric=True),
        Head("of", "Of", numeric=True),
    ]
    rows = [_long_row(study, summary) for summary in study.summaries.values()]
    caption = "Headline metrics in their own units; low and high bound the 95 % interval."
    return table("summaries", "Headline metrics, one by one", caption, heads, rows)


def pairs(study: Study) -> Table:
    """Every pair of models in every experiment with its paired interval."""
    heads = [
        EXPERIMENT,
        Head("model_a", "Model A"),
        Head("model_b", "Model B"),
        Head("difference", "A − B", numeric=True),
        Head("low", "Low", numeric=True),
        Head("high", "High", numeric=True),
        Head("excludes_zero", "Separable"),
        Head("videos", "Test videos", numeric=True),
        Head("seeds", "Seeds", numeric=True),
    ]
    rows = [
        [words(name), words(a), words(b), *difference_entries(difference)]
        for name, column in study.columns.items()
        for a, b in combinations([m for m in in_order(study) if m in column.values], 2)
        if (difference := study.difference(name, a, b)) is not None
    ]
    caption = (
        "Points of score (0–100, higher is better), 95 % interval with test videos and seeds both "
        "resampled, the same for both models. Not corrected for the number of pairs."
    )
    return table("pairs", "Paired differences", caption, heads, rows)


def _standing_row(
    study: Study, standing: Standing, place: int, factors: Sequence[str]
) -> list[Entry]:
    shared = common(list(study.columns.values()), study.models)
    means = [
        [c.scores()[standing.model] for c in shared if c.factor == factor] for factor in factors
    ]
    return [
        number(place if standing.mean_score is not None else None, 0),
        words(standing.model),
        words(study.kinds.get(standing.model, "")),
        number(standing.mean_score, mark="best" if place == 1 else ""),
        number(standing.average_rank, 2),
        number(standing.experiments, 0),
        *(number(statistics.fmean(mean) if mean else None) for mean in means),
    ]


def _summary_entry(study: Study, experiment: str, model: str) -> Entry:
    summary = study.summaries.get((experiment, model))
    if summary is None:
        return ABSENT
    metric = study.columns[experiment].metric
    digits = digits_of(metric)
    spread = "" if summary.seeds.std is None else f" ± {fixed(summary.seeds.std, digits)}"
    bounds = summary.interval
    detail = f"{span(bounds.low, bounds.high, digits)}\n" if bounds else ""
    best: Mark = "best" if summary.rank == 1 and summary.of > 1 else ""
    text = fixed(summary.seeds.mean, digits) + spread
    return Entry(summary.seeds.mean, text, f"{detail}rank {summary.rank}", best)


def _long_row(study: Study, summary: Summary) -> list[Entry]:
    column = study.columns[summary.experiment]
    digits = digits_of(column.metric)
    bounds = summary.interval
    return [
        words(summary.experiment),
        words(column.factor),
        words(summary.model),
        words(column.metric.name),
        number(summary.seeds.mean, digits),
        number(summary.seeds.std, digits),
        number(summary.seeds.n, 0),
        number(bounds.low if bounds else None, digits),
        number(bounds.high if bounds else None, digits),
        number(summary.n, 0),
        number(summary.rank, 0),
        number(summary.of, 0),
    ]
