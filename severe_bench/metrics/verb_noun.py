"""Accuracy of verbs, nouns and actions, an action being a pair of both (EPIC-Kitchens-100).

Scores are (N, 2, C): probabilities of the verbs, then of the nouns, the shorter list filled up with
NaN; targets are (N, 2) class ids. A pair's score is the product of its two probabilities, over all
pairs, as in the challenge (Damen et al. 2022); top-5 asks whether the true pair is among the first
five of them, which is less often so than that both parts are among the first five of theirs. Equal
scores rank by class id, pairs by verb and then noun. Per cent.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from severe_bench.core.metric import Metric
from severe_bench.metrics import accuracy
from severe_bench.metrics.checks import refuse_nan, require_class_ids, require_samples
from severe_bench.metrics.measure import Measure, Scores, Targets

VERB, NOUN = 0, 1
BLOCK = 8_000_000
"""Pairs compared at once: bounds the memory (64 MB), changes no number."""

Floats = NDArray[np.float64]
Hits = Callable[[Scores, Targets], Floats]


def part(scores: Scores, targets: Targets, which: int) -> tuple[Scores, Targets]:
    """Scores (N, V) and targets (N,) of the verbs or the nouns, without what they are filled with.

    Raises:
        UserError: no sample, or NaN among the scores.
        ValueError: shapes, types or class ids that do not fit each other.
    """
    if scores.ndim != 3 or scores.shape[1] != 2 or targets.shape != scores.shape[:2]:
        raise ValueError(f"scores {scores.shape} and targets {targets.shape}: (N, 2, C) and (N, 2)")
    require_samples(scores)
    own = scores[:, which]
    there = np.flatnonzero(~np.isnan(own).all(axis=0))
    if len(there) > 0:
        own = own[:, : int(there[-1]) + 1]
    refuse_nan(own)
    require_class_ids(targets[:, which], own.shape[1])
    return own, targets[:, which]


def action_top1_hits(scores: Scores, targets: Targets) -> Floats:
    """100 where both verb and noun are right, else 0: (N,).

    The product is largest where both factors are, so this is the first pair.
    """
    both = [accuracy.top1_hits(*part(scores, targets, which)) for which in (VERB, NOUN)]
    return np.asarray(np.minimum(*both))


def action_top5_hits(scores: Scores, targets: Targets) -> Floats:
    """100 where the pair is among the first five of all, else 0: (N,)."""
    return np.where(action_ranks(scores, targets) < 5, 100.0, 0.0)


def action_ranks(scores: Scores, targets: Targets) -> NDArray[np.int64]:
    """How many pairs outrank the true one: (N,), 0 is a correct prediction.

    Products of two float32 are exact in float64, so that no rounding decides.
    """
    verbs, verb = part(scores, targets, VERB)
    nouns, noun = part(scores, targets, NOUN)
    pairs = verbs.shape[1] * nouns.shape[1]
    ids = verb.astype(np.int64) * nouns.shape[1] + noun.astype(np.int64)
    rows = max(1, BLOCK // pairs)
    found = [
        _ranks(verbs[first : first + rows], nouns[first : first + rows], ids[first : first + rows])
        for first in range(0, len(ids), rows)
    ]
    return np.concatenate(found)


def _ranks(verbs: Scores, nouns: Scores, ids: NDArray[np.int64]) -> NDArray[np.int64]:
    products = verbs.astype(np.float64)[:, :, None] * nouns.astype(np.float64)[:, None, :]
    return accuracy.ranks(products.reshape(len(ids), -1), ids)


def _hits_of(which: int, hits: Hits) -> Hits:
    return lambda scores, targets: hits(*part(scores, targets, which))


def _measure(name: str, title: str, hits: Hits) -> Measure:
    metric = Metric(name, title, "%", worst=0.0, best=100.0)
    return Measure(metric, lambda scores, targets: float(hits(scores, targets).mean()), hits)


VERB_TOP1 = _measure("verb_top1", "top-1 verb accuracy", _hits_of(VERB, accuracy.top1_hits))
VERB_TOP5 = _measure("verb_top5", "top-5 verb accuracy", _hits_of(VERB, accuracy.top5_hits))
NOUN_TOP1 = _measure("noun_top1", "top-1 noun accuracy", _hits_of(NOUN, accuracy.top1_hits))
NOUN_TOP5 = _measure("noun_top5", "top-5 noun accuracy", _hits_of(NOUN, accuracy.top5_hits))
ACTION_TOP1 = _measure("action_top1", "top-1 action accuracy", action_top1_hits)
ACTION_TOP5 = _measure("action_top5", "top-5 action accuracy", action_top5_hits)
