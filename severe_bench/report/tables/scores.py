"""Tables of scores: overall ranking and every experiment."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace

from severe_bench.analysis.intervals import Interval
from severe_bench.analysis.ranking import Column, Standing, common
from severe_bench.analysis.ranking import places as placed
from severe_bench.analysis.sensitivity import STANDARD
from severe_bench.analysis.study import FACTORS, Study, Summary
from severe_bench.report.figures.curves import CurvePanel
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
from severe_bench.report.tables.caveats import CAVEATS, caveat_entry, legend_of, signs_in
from severe_bench.report.tables.common import (
    ABSENT,
    EXPERIMENT,
    MODEL,
    digits_of,
    in_order,
    preset_entries,
    preset_heads,
    shades,
    table,
)


def ranking(study: Study) -> Table:
    """Overall: mean score and average rank over common experiments, and the mean per factor."""
    factors = [f for f in FACTORS if any(label.factor == f for label in study.experiments)]
    heads = [
        *preset_heads(study),
        Head("place", "#", numeric=True),
        MODEL,
        Head("kind", "Kind"),
        Head("mean_score", "Mean score", numeric=True),
        Head("average_rank", "Average rank", numeric=True),
        Head("experiments", "Over", numeric=True),
        *(Head(f"mean_{factor}", factor.capitalize(), numeric=True) for factor in factors),
        CAVEATS,
    ]
    rows = [
        [*preset_entries(study, preset), *_standing_row(part, standing, place, factors)]
        for preset, part in study.by_preset.items()
        for standing, place in zip(part.standings, placed(part.standings), strict=True)
    ]
    caption = (
        "Mean of the headline metrics on a common scale (0 is the metric's worst value, 100 its "
        "best; errors are turned round), and mean of the ranks (1 is best, equal values share the "
        "better rank), both over the experiments that every model has; the factor columns are "
        "means over that factor's share of them. Equal mean scores share a place."
        + _of_presets(study)
        + legend_of(rows)
    )
    return table("ranking", "Ranking over all experiments", caption, heads, rows)


def matrix(study: Study) -> Table:
    """Model x experiment: mean and deviation over seeds, interval over test videos, rank."""
    return _matrix(study, "experiments", "Every experiment", list(study.columns))


def factor_matrix(study: Study, factor: str) -> Table:
    """The experiments of one factor after the standard ones, as in thesis Tables 4.1 to 4.4."""
    names = [n for n, c in study.columns.items() if c.factor in (STANDARD, factor)]
    return _matrix(study, f"scores_{factor}", f"Scores: {factor}", names)


def _matrix(study: Study, name: str, title: str, names: Sequence[str]) -> Table:
    heads = [MODEL] + [Head(column, column, numeric=True) for column in names]
    colours = {column: shades(study.columns[column]) for column in names}
    rows = [
        [words(model), *(_summary_entry(study, column, model, colours) for column in names)]
        for model in in_order(study)
    ]
    caption = (
        "Mean ± standard deviation over seeds. The best of each experiment is bold; blue is high, "
        "red is low in rank; a dash is a missing cell." + _one_outcome(study) + legend_of(rows)
    )
    detail = (
        "Below it the 95 % bootstrap interval over test videos, and the rank with the ranks that "
        "95 % of the draws of videos and seeds give. ≈ best: not separable from the best, p "
        "adjusted for all pairs of the experiment (Holm)."
    )
    return table(name, title, caption, heads, rows, detail)


def _of_presets(study: Study) -> str:
    return " Each preset has a ranking of its own." if len(study.by_preset) > 1 else ""


def _one_outcome(study: Study) -> str:
    """Why some entries have no deviation, where that is so."""
    if not any(summary.seeds.one_outcome for summary in study.summaries.values()):
        return ""
    return (
        " One outcome (no ± though there are several seeds): all seeds have the same predictions, "
        "because nothing in them depends on the seed."
    )


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
        Head("one_outcome", "One outcome"),
        Head("ci_low", "Low", numeric=True),
        Head("ci_high", "High", numeric=True),
        Head("videos", "Test videos", numeric=True),
        Head("video_se", "SE videos", numeric=True),
        Head("rank", "Rank", numeric=True),
        Head("rank_low", "Low", numeric=True),
        Head("rank_high", "High", numeric=True),
        Head("of", "Of", numeric=True),
        Head("best_or_equal", "Best or equal"),
        CAVEATS,
    ]
    rows = [_long_row(study, summary) for summary in study.summaries.values()]
    caption = "Headline metrics in their own units; low and high bound the 95 % interval."
    return table("summaries", "Headline metrics, one by one", caption, heads, rows)


def places(study: Study) -> Table:
    """The overall ranking with its intervals."""
    heads = [
        *preset_heads(study),
        Head("place", "#", numeric=True),
        MODEL,
        *_three("mean_score", "Mean score"),
        *_three("average_rank", "Average rank"),
        *_three("behind", "Behind the first"),
        Head("separable", "Separable from the first"),
        CAVEATS,
    ]
    rows = [
        [*preset_entries(study, preset), *_place_row(part, standing, place)]
        for preset, part in study.by_preset.items()
        for standing, place in zip(part.standings, placed(part.standings), strict=True)
    ]
    caption = (
        "Over the experiments that every model has. Low and high bound 95 % of the draws of test "
        "videos and seeds, the same draw for all models." + _of_presets(study) + legend_of(rows)
    )
    return table("places", "The ranking with its intervals", caption, heads, rows)


def _three(key: str, title: str) -> list[Head]:
    return [
        Head(key, title, numeric=True),
        Head(f"{key}_low", "Low", numeric=True),
        Head(f"{key}_high", "High", numeric=True),
    ]


def _lead(first: Standing, other: Standing) -> float | None:
    if first is other or first.mean_score is None or other.mean_score is None:
        return None
    return first.mean_score - other.mean_score


def _place_row(study: Study, standing: Standing, place: int | None) -> list[Entry]:
    model, first, found = standing.model, study.standings[0], study.overall
    shared = common(list(study.columns.values()), study.models)
    behind = found.behind_first.get(model) if found else None
    separable = ABSENT if found is None or standing is first else words("not separable", "unsure")
    if behind is not None and behind.low > 0:
        separable = words("yes")
    return [
        number(place, 0),
        words(model),
        number(standing.mean_score),
        *_bounds(found.mean_scores.get(model) if found else None, 1),
        number(standing.average_rank, 2),
        *_bounds(found.average_ranks.get(model) if found else None, 2),
        number(_lead(first, standing)),
        *_bounds(behind, 1),
        separable,
        caveat_entry(shared, model),
    ]


def _bounds(found: Interval | None, digits: int) -> list[Entry]:
    return [number(found.low, digits), number(found.high, digits)] if found else [ABSENT, ABSENT]


def sample_curves(panels: Sequence[CurvePanel]) -> Table:
    """The points of sample curves."""
    heads = [
        Head("setting", "Setting"),
        MODEL,
        Head("labelled", "Labelled videos", numeric=True),
        Head("value", "Value", numeric=True),
    ]
    rows = [
        [words(panel.title), words(name), number(x, 0), number(y)]
        for panel in panels
        for name, curve in panel.curves.items()
        for x, y in curve
    ]
    return table("samples", "By number of labelled videos", "Mean over seeds.", heads, rows)


def _standing_row(
    study: Study, standing: Standing, place: int | None, factors: Sequence[str]
) -> list[Entry]:
    model = standing.model
    shared = common(list(study.columns.values()), study.models)
    found = study.overall
    parts = [[column for column in shared if column.factor == factor] for factor in factors]
    return [
        number(place, 0),
        words(model),
        words(study.kinds.get(model, "")),
        _with_interval(
            _signed(number(standing.mean_score, mark="best" if place == 1 else ""), shared, model),
            found.mean_scores.get(model) if found else None,
            1,
        ),
        _with_interval(
            _signed(number(standing.average_rank, 2), shared, model),
            found.average_ranks.get(model) if found else None,
            2,
        ),
        number(standing.experiments, 0),
        *(_factor_mean(part, model) for part in parts),
        caveat_entry(shared, model),
    ]


def _factor_mean(columns: Sequence[Column], model: str) -> Entry:
    if not columns:
        return ABSENT
    mean = statistics.fmean(column.scores()[model] for column in columns)
    return _signed(number(mean), columns, model)


def _signed(entry: Entry, columns: Sequence[Column], model: str) -> Entry:
    """With the signs of the experiments that the number is taken over."""
    return replace(entry, text=entry.text + signs_in(columns, model))


def _with_interval(entry: Entry, found: Interval | None, digits: int) -> Entry:
    return replace(entry, detail=span(found.low, found.high, digits)) if found else entry


def _summary_entry(
    study: Study, experiment: str, model: str, colours: Mapping[str, Mapping[str, float]]
) -> Entry:
    summary = study.summaries.get((experiment, model))
    if summary is None:
        return ABSENT
    metric = study.columns[experiment].metric
    digits = digits_of(metric)
    spread = "" if summary.seeds.std is None else f" ± {fixed(summary.seeds.std, digits)}"
    bounds = summary.interval
    detail = "one outcome\n" if summary.seeds.one_outcome else ""
    detail += f"{span(bounds.low, bounds.high, digits)}\n" if bounds else ""
    best: Mark = "best" if summary.rank == 1 and summary.of > 1 else ""
    text = fixed(summary.seeds.mean, digits) + spread
    text += study.columns[experiment].signs.get(model, "")
    shade = colours[experiment][model]
    return Entry(summary.seeds.mean, text, f"{detail}{_rank_text(summary)}", best, shade)


def _rank_text(summary: Summary) -> str:
    text = f"rank {summary.rank}"
    if summary.ranks is not None and summary.ranks.low < summary.ranks.high:
        text += f" ({fixed(summary.ranks.low, 0)}–{fixed(summary.ranks.high, 0)})"
    equal = summary.best_or_equal and summary.rank > 1
    return f"{text} ≈ best" if equal else text


def _long_row(study: Study, summary: Summary) -> list[Entry]:
    column = study.columns[summary.experiment]
    digits = digits_of(column.metric)
    bounds = summary.interval
    found = study.uncertainties.get(summary.experiment)
    return [
        words(summary.experiment),
        words(column.factor),
        words(summary.model),
        words(column.metric.name),
        number(summary.seeds.mean, digits),
        number(summary.seeds.std, digits),
        number(summary.seeds.n, 0),
        words("yes" if summary.seeds.one_outcome else "no"),
        number(bounds.low if bounds else None, digits),
        number(bounds.high if bounds else None, digits),
        number(summary.n, 0),
        number(found.video_se.get(summary.model) if found else None, digits + 1),
        number(summary.rank, 0),
        *_bounds(summary.ranks, 0),
        number(summary.of, 0),
        words({True: "yes", False: "no", None: "not tested"}[summary.best_or_equal]),
        words(column.signs.get(summary.model, "")),
    ]
