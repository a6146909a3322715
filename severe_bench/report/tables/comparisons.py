"""Tables of comparisons: every pair of models with its tests, and what could be detected."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from severe_bench.analysis.comparison import Comparison, Pair, detectable, holm
from severe_bench.analysis.study import Study, Uncertainty
from severe_bench.report.table import Entry, Head, Table, number, probability, words
from severe_bench.report.tables.caveats import CAVEATS, caveat_entry, legend_of
from severe_bench.report.tables.common import EXPERIMENT, difference_entries, in_order, table

PAIR_HEADS = (
    Head("difference", "A − B", numeric=True),
    Head("low", "Low", numeric=True),
    Head("high", "High", numeric=True),
    Head("excludes_zero", "Interval excludes 0"),
    Head("videos", "Test videos", numeric=True),
    Head("seeds", "Seeds", numeric=True),
    Head("video_se", "SE videos", numeric=True),
    Head("seed_se", "SE seeds", numeric=True),
    Head("p", "p", numeric=True),
    Head("p_holm", "p (Holm)", numeric=True),
    Head("a_better", "A better on", numeric=True),
    Head("b_better", "B better on", numeric=True),
    Head("sign_p", "Exact p", numeric=True),
    CAVEATS,
)


def pairs(study: Study) -> Table:
    """Every pair of models in every experiment with its paired interval and tests."""
    heads = [
        EXPERIMENT,
        Head("model_a", "Model A"),
        Head("model_b", "Model B"),
        *PAIR_HEADS,
    ]
    rows = [
        [
            words(name),
            words(a),
            words(b),
            *_comparison(study, name, (a, b), one),
            caveat_entry([study.columns[name]], a, b),
        ]
        for name, found in study.uncertainties.items()
        for a, b in combinations(in_order(study), 2)
        if (one := found.comparison(a, b)) is not None
    ]
    caption = (
        "Points of score (0–100, higher is better), 95 % interval with test videos and seeds both "
        "drawn again, the same for both models. p: t-test of the mean difference with the variance "
        "of test videos (paired, by group) and of seeds; Holm: adjusted for all pairs of the "
        "experiment. Better on: test videos, or groups of them, on which that model did better; "
        "exact p: McNemar’s test, over several seeds or groups the sign test that generalises it; "
        "it is about these training runs, not about others."
        + _all_alike(study.uncertainties.values())
        + legend_of(rows)
    )
    return table("pairs", "Paired differences and tests", caption, heads, rows)


def _all_alike(found: Iterable[Uncertainty]) -> str:
    """Why some pairs have no standard error of videos, where that is so."""
    every = (one for of in found for one in of.comparisons.values())
    if not any(one.video_se is None for one in every):
        return ""
    return (
        " Without SE videos: every video or group showed the same difference; p and interval say "
        "how many others could have been missed, and a missing end that nothing is known."
    )


def two(study: Study, a: str, b: str, experiments: Sequence[str]) -> Table:
    """Model `a` minus model `b` in each experiment."""
    heads = [EXPERIMENT, *PAIR_HEADS]
    found = {
        name: one
        for name in experiments
        if name in study.uncertainties
        and (one := study.uncertainties[name].comparison(a, b)) is not None
    }
    adjusted = holm([one.p for one in found.values()])
    rows = [
        [
            words(name),
            *_comparison(study, name, (a, b), replace(one, holm=p)),
            caveat_entry([study.columns[name]], a, b),
        ]
        for (name, one), p in zip(found.items(), adjusted, strict=True)
    ]
    caption = (
        f"A is {a}, B is {b}. Points of score (0–100, higher is better). p (Holm) is adjusted for "
        "the number of experiments." + legend_of(rows)
    )
    return table("two_models", f"{a} minus {b}", caption, heads, rows)


def power(study: Study) -> Table:
    """What differences the test set of each experiment could have shown."""
    heads = [
        EXPERIMENT,
        Head("videos", "Test videos", numeric=True),
        Head("groups", "Groups", numeric=True),
        Head("pairs", "Pairs", numeric=True),
        Head("video_se", "SE videos", numeric=True),
        Head("seed_se", "SE seeds", numeric=True),
        Head("detectable", "Detectable", numeric=True),
        Head("detectable_low", "Least", numeric=True),
        Head("detectable_high", "Most", numeric=True),
    ]
    rows = [
        [words(name), *_power(study, name, found.comparisons, found.groups)]
        for name, found in study.uncertainties.items()
        if found.comparisons
    ]
    caption = (
        "Points of score. Detectable: the difference of two models that the t-test at 5 % would "
        "find with a chance of 80 %, from the standard errors seen and their degrees of freedom "
        "(with few seeds these are few); median pair, and the range over pairs. Standard errors "
        "are those of the median pair; without several seeds theirs is unknown and the true figure "
        "is larger."
    )
    return table("power", "What could have been seen", caption, heads, rows)


def _comparison(study: Study, name: str, pair: Pair, one: Comparison) -> list[Entry]:
    metric = study.columns[name].metric
    difference = one.difference.scaled(100.0 / (metric.best - metric.worst))
    scale = _scale(study, name)
    seed_se = _seed_se(study, name, pair, one)
    return [
        *difference_entries(difference),
        number(None if one.video_se is None else one.video_se * scale, 2),
        number(None if seed_se is None else seed_se * scale, 2),
        probability(one.p),
        probability(one.holm),
        number(one.a_better, 0),
        number(one.b_better, 0),
        probability(one.sign_p),
    ]


def _seed_se(study: Study, name: str, pair: Pair, one: Comparison) -> float | None:
    """None where both models are one outcome: nothing was drawn, so it is not known."""
    fixed = all(study.summaries[name, model].seeds.one_outcome for model in pair)
    return None if fixed else one.seed_se


def _power(study: Study, name: str, pairs: Mapping[Pair, Comparison], groups: int) -> list[Entry]:
    scale = _scale(study, name)
    found = list(pairs.values())
    sizes = [size for one in found if (size := detectable(one.standard_error, one.freedom)) >= 0]
    known = (_seed_se(study, name, pair, one) for pair, one in pairs.items())
    seeds = [seed_se * scale for seed_se in known if seed_se is not None]
    videos = [one.video_se * scale for one in found if one.video_se is not None]
    return [
        number(found[0].difference.n, 0),
        number(groups, 0),
        number(len(found), 0),
        number(statistics.median(videos) if videos else None, 2),
        number(statistics.median(seeds) if seeds else None, 2),
        *(number(pick(sizes) * scale if sizes else None) for pick in (statistics.median, min, max)),
    ]


def _scale(study: Study, name: str) -> float:
    metric = study.columns[name].metric
    return 100.0 / abs(metric.best - metric.worst)
