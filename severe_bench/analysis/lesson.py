"""Whether a suite showed what it was expected to show: each claim with its paired interval."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from severe_bench.analysis.harvest import column_name
from severe_bench.analysis.intervals import PairedDifference
from severe_bench.analysis.sensitivity import Difference
from severe_bench.config.claims import Claim

Outcome = Literal["holds", "does not hold", "not separable", "not measured"]


@dataclass(frozen=True)
class Verdict:
    """A claim with what was measured: `difference` is better minus worse in points of score."""

    claim: Claim
    outcome: Outcome
    difference: PairedDifference | None


def judge(claims: Iterable[Claim], difference: Difference) -> tuple[Verdict, ...]:
    """Judge each claim by the paired difference of its two models, clips and seeds resampled.

    `holds`: the 95 % interval lies above zero; `does not hold`: it lies below; `not separable`: it
    includes zero; `not measured`: one of the two has no finished cell on a common seed, or the test
    videos are of too few groups.
    """
    return tuple(_verdict(claim, difference) for claim in claims)


def _verdict(claim: Claim, difference: Difference) -> Verdict:
    found = difference(column_name(claim.experiment, claim.preset), claim.better, claim.worse)
    return Verdict(claim, _outcome(found), found)


def _outcome(found: PairedDifference | None) -> Outcome:
    if found is None:
        return "not measured"
    if not found.excludes_zero:
        return "not separable"
    return "holds" if found.mean > 0 else "does not hold"
