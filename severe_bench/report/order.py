"""What a factor does to the order of models, in words."""

import math
from collections.abc import Sequence

from severe_bench.analysis.agreement import Agreement
from severe_bench.analysis.sensitivity import Move, Sensitivity, Swap
from severe_bench.analysis.study import Study
from severe_bench.report.table import fixed, probability, span
from severe_bench.report.words import called, counted, leader_stays, some

MOST_SWAPS = 5


def changes(one: Sensitivity) -> str:
    """How one experiment orders the models, compared with its standard column."""
    if len(one.moves) < 2:
        return f"Fewer than two models are common with {one.standard}."
    return f"{_agreement(one)} {_moves(one.moves)}"


def swaps(one: Sensitivity) -> list[str]:
    """The greatest of the pairs that changed their order beyond chance."""
    sure = [swap for swap in one.swaps if swap.separable]
    shown = [_swap(swap, one) for swap in sure[:MOST_SWAPS]]
    rest = len(sure) - len(shown)
    return shown + ([f"And {counted(rest, 'pair')} more, in the table of swaps."] if rest else [])


def meaning(one: Sensitivity, study: Study) -> str:
    """What the change of order means for somebody who chose by the standard column."""
    if len(one.moves) < 2:
        return ""
    if not one.swaps:
        return _unswapped(one, study)
    sure = sum(swap.separable for swap in one.swaps)
    pairs = counted(len(one.swaps), "pair")
    if not sure:
        return f"{pairs} changed order, none of them beyond chance."
    return f"{pairs} changed order, {sure} of them beyond chance.{_price(one, study)}"


def _agreement(one: Sensitivity) -> str:
    found, bounds = one.kendall, one.kendall_interval
    if found is None or math.isnan(found.value):
        return "The order cannot be compared: all models are equal in one of the two."
    sure = f", 95 % of the draws {span(bounds.low, bounds.high, 2)}" if bounds else ""
    return f"Kendall’s τ‑b is {fixed(found.value, 2)} ({_p_value(found)}{sure})."


def _p_value(found: Agreement) -> str:
    text = probability(found.p, 3).text
    shown = f"p {text}" if text.startswith("<") else f"p = {text}"
    if found.smallest_p > 0.05:
        return f"{shown}; with {found.models} models p cannot fall below {found.smallest_p:.3f}"
    return shown


def _moves(moves: Sequence[Move]) -> str:
    moved = [m for m in moves if m.change]
    if not moved:
        return "No model changes its rank."
    texts = [
        f"{called(m.model)} {'rises' if m.change < 0 else 'falls'} "
        f"from {m.before:.0f} to {m.after:.0f}"
        for m in moved
    ]
    return f"{some(texts)}."


def _swap(swap: Swap, one: Sensitivity) -> str:
    if swap.standard is None or swap.here is None:
        return f"{called(swap.after)} overtakes {called(swap.before)}."
    there, here = swap.standard, swap.here
    return (
        f"{called(swap.before)} leads {called(swap.after)} by {fixed(there.mean)} "
        f"{span(there.low, there.high)} on {one.standard}, and trails it by {fixed(here.mean)} "
        f"{span(here.low, here.high)} on {one.experiment}."
    )


def _unswapped(one: Sensitivity, study: Study) -> str:
    """No two models change places, but those that were equal can differ here."""
    if leader_stays(one):
        return "Whoever chose by the standard column chose rightly here too."
    return f"No pair changed order, but models that lead {one.standard} together differ here." + (
        _price(one, study)
    )


def _price(one: Sensitivity, study: Study) -> str:
    """What choosing by the standard column costs here; of several leaders, at worst."""
    scores = study.columns[one.experiment].scores()
    leaders = [move.model for move in one.moves if move.before == 1]
    chosen = min(leaders, key=scores.__getitem__)
    best = min(one.moves, key=lambda move: move.after).model
    lost = scores[best] - scores[chosen]
    if lost <= 0:
        return ""
    would = "would" if len(leaders) == 1 else "could"
    return (
        f" Choosing by {one.standard} {would} take {called(chosen)}, which is {fixed(lost)} points "
        f"behind {called(best)} here."
    )
