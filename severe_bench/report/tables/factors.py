"""Tables of what moved: ranks by factor, agreement with the standard column, claims."""

from collections.abc import Sequence

from severe_bench.analysis.intervals import Interval, PairedDifference
from severe_bench.analysis.lesson import Verdict
from severe_bench.analysis.ranking import Column
from severe_bench.analysis.sensitivity import Sensitivity
from severe_bench.analysis.study import Study
from severe_bench.report.table import (
    Entry,
    Head,
    Mark,
    Table,
    fixed,
    number,
    probability,
    words,
)
from severe_bench.report.tables.caveats import CAVEATS, caveat_entry, legend_of
from severe_bench.report.tables.common import (
    ABSENT,
    EXPERIMENT,
    MODEL,
    difference_entries,
    preset_entries,
    preset_heads,
    table,
)

VERDICT_MARKS: dict[str, Mark] = {
    "holds": "good",
    "does not hold": "bad",
    "not separable": "unsure",
    "not measured": "missing",
}


def moves(factor: str, found: Sequence[Sensitivity], study: Study) -> Table:
    """One factor: each model's rank in the standard column and here."""
    heads = [
        EXPERIMENT,
        Head("standard", "Standard column"),
        MODEL,
        Head("rank_standard", "Rank there", numeric=True),
        Head("rank_here", "Rank here", numeric=True),
        Head("change", "Places", numeric=True),
        Head("verdict", "Beyond chance?"),
        CAVEATS,
    ]
    rows = [
        [
            words(one.experiment),
            words(one.standard),
            words(move.model),
            _rank(move.before, there, move.model),
            _rank(move.after, here, move.model),
            Entry(-move.change, _arrow(move.change)),
            _separability(move.change, move.separable),
            caveat_entry((there, here), move.model),
        ]
        for one in found
        for there, here in [_both(one, study)]
        for move in one.moves
    ]
    caption = (
        "A rise is beyond chance when the model overtakes another separably, a fall when it is "
        "overtaken so: both leads, there and here, have paired 95 % intervals above zero."
        + legend_of(rows)
    )
    return table(f"factor_{factor}", f"Ranks: {factor}", caption, heads, rows)


def swaps(factor: str, found: Sequence[Sensitivity], study: Study) -> Table:
    """One factor: every pair of models in another order than in the standard column."""
    heads = [
        EXPERIMENT,
        Head("led_before", "Led in the standard column"),
        Head("leads_here", "Leads here"),
        Head("lead_before", "Lead there", numeric=True),
        Head("lead_before_low", "Low", numeric=True),
        Head("lead_before_high", "High", numeric=True),
        Head("lead_here", "Lead here", numeric=True),
        Head("lead_here_low", "Low", numeric=True),
        Head("lead_here_high", "High", numeric=True),
        Head("verdict", "Beyond chance?"),
        CAVEATS,
    ]
    rows = [
        [
            words(one.experiment),
            words(swap.before),
            words(swap.after),
            *_lead(swap.standard),
            *_lead(swap.here),
            words("yes", "good") if swap.separable else words("not separable", "unsure"),
            caveat_entry(_both(one, study), swap.before, swap.after),
        ]
        for one in found
        for swap in one.swaps
    ]
    caption = (
        "Leads in points of score with their paired 95 % intervals. Beyond chance: both "
        "intervals lie above zero." + legend_of(rows)
    )
    return table(f"swaps_{factor}", f"Swaps: {factor}", caption, heads, rows)


def agreements(study: Study) -> Table:
    """Rank correlations of every experiment with its standard column."""
    heads = [
        EXPERIMENT,
        Head("factor", "Factor"),
        Head("standard", "Standard column"),
        Head("tau_b", "Kendall’s τ‑b", numeric=True),
        Head("tau_low", "Low", numeric=True),
        Head("tau_high", "High", numeric=True),
        Head("tau_p", "p", numeric=True),
        Head("rho", "Spearman’s ρ", numeric=True),
        Head("rho_p", "p", numeric=True),
        Head("smallest_p", "Least p", numeric=True),
        Head("models", "Models", numeric=True),
        Head("swaps", "Swaps", numeric=True),
        Head("separable_swaps", "Separable", numeric=True),
        CAVEATS,
    ]
    rows = [
        [*_agreement_row(one), caveat_entry(_both(one, study), *(m.model for m in one.moves))]
        for one in study.sensitivities
    ]
    caption = (
        "1 is the same order as in the standard column, −1 the reverse. Low and high bound 95 % of "
        "the draws of test videos and seeds; noise brings them nearer to 0 than the τ‑b seen. p by "
        "permutation of the models, two-sided; least p is the smallest that so few models allow. "
        "Swaps are pairs of models in another order here, separable ones are beyond chance in both "
        "experiments." + legend_of(rows)
    )
    return table("sensitivity", "Agreement with the standard column", caption, heads, rows)


def factor_agreements(study: Study) -> Table:
    """One number per factor."""
    heads = [
        *preset_heads(study),
        Head("factor", "Factor"),
        Head("tau_b", "Mean τ‑b", numeric=True),
        Head("tau_low", "Low", numeric=True),
        Head("tau_high", "High", numeric=True),
        Head("experiments", "Experiments", numeric=True),
        Head("swaps", "Swaps", numeric=True),
        Head("separable_swaps", "Separable", numeric=True),
        CAVEATS,
    ]
    rows = [
        [
            *preset_entries(study, preset),
            words(one.factor),
            number(one.tau, 2),
            *_bounds(one.interval),
            number(one.experiments, 0),
            number(one.swaps, 0),
            number(one.separable_swaps, 0),
            caveat_entry(_of_factor(one.factor, preset, study), *study.models),
        ]
        for preset, found in study.factors.items()
        for one in found
    ]
    caption = (
        "Mean Kendall’s τ‑b of a factor’s experiments with their standard columns, with 95 % of "
        "the draws of test videos and seeds: 1 means that the standard column says it all."
        + legend_of(rows)
    )
    return table("factors", "Sensitivity, one number per factor", caption, heads, rows)


def claims(verdicts: Sequence[Verdict]) -> Table:
    """Each claim with its verdict."""
    heads = [
        Head("claim", "Claim"),
        Head("verdict", "Verdict"),
        Head("difference", "Difference", numeric=True),
        Head("low", "Low", numeric=True),
        Head("high", "High", numeric=True),
        Head("videos", "Test videos", numeric=True),
        Head("seeds", "Seeds", numeric=True),
        Head("why", "Why expected"),
    ]
    rows = [_claim_row(verdict) for verdict in verdicts]
    caption = (
        "Points of score, better minus worse, 95 % interval with test videos and seeds both "
        "resampled. Holds: above zero; does not hold: below; not separable: includes zero."
    )
    return table("claims", "What was expected, and what was seen", caption, heads, rows)


def _both(one: Sensitivity, study: Study) -> tuple[Column, Column]:
    """The standard column and the experiment's."""
    return study.columns[one.standard], study.columns[one.experiment]


def _of_factor(factor: str, preset: str, study: Study) -> list[Column]:
    """The columns that a factor's number is taken over, each once."""
    part = study.by_preset[preset]
    found = [one for one in study.sensitivities if one.experiment in part.columns]
    pairs = [_both(one, study) for one in found if one.factor == factor]
    return list({column.experiment: column for pair in pairs for column in pair}.values())


def _rank(rank: float, column: Column, model: str) -> Entry:
    return Entry(rank, fixed(rank, 0) + column.signs.get(model, ""))


def _agreement_row(one: Sensitivity) -> list[Entry]:
    tau, rho = one.kendall, one.spearman
    return [
        words(one.experiment),
        words(one.factor),
        words(one.standard),
        number(tau.value, 2) if tau else ABSENT,
        *_bounds(one.kendall_interval),
        probability(tau.p, 3) if tau else ABSENT,
        number(rho.value, 2) if rho else ABSENT,
        probability(rho.p, 3) if rho else ABSENT,
        probability(tau.smallest_p, 3) if tau else ABSENT,
        number(len(one.moves), 0),
        number(len(one.swaps), 0),
        number(sum(swap.separable for swap in one.swaps), 0),
    ]


def _bounds(found: Interval | None) -> list[Entry]:
    return [number(found.low, 2), number(found.high, 2)] if found else [ABSENT, ABSENT]


def _lead(found: PairedDifference | None) -> list[Entry]:
    return difference_entries(found)[:3] if found else [ABSENT] * 3


def _claim_row(verdict: Verdict) -> list[Entry]:
    found = verdict.difference
    numbers = [ABSENT] * 5 if found is None else difference_entries(found)
    shown = numbers if found is None else numbers[:3] + numbers[4:]
    outcome = words(verdict.outcome, VERDICT_MARKS[verdict.outcome])
    return [words(str(verdict.claim)), outcome, *shown, words(verdict.claim.why)]


def _arrow(change: float) -> str:
    if change == 0:
        return "="
    return f"▲ {fixed(-change, 0)}" if change < 0 else f"▼ {fixed(change, 0)}"


def _separability(change: float, separable: bool) -> Entry:
    if separable:
        return words("yes", "good")
    return words("unchanged") if change == 0 else words("not separable", "unsure")
