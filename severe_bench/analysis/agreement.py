"""How far two experiments order the same models alike: rank correlations with permutation tests."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Ranks = tuple[float, ...]
Scores = Callable[[ArrayLike], Array]
"""Values (M, ...) -> vectors whose product with those of the other column is the statistic."""

EXACT_UP_TO = 8
"""Models up to which all permutations (8! = 40,320) are counted; above, a random sample."""
SAMPLED = 20_000


@dataclass(frozen=True)
class Agreement:
    """Rank correlation of two columns.

    Args:
        value: in [-1, 1]; NaN where a column is one single tie.
        p: two-sided permutation p-value of no association.
        smallest_p: what p would be for these models if both orders were the same; with few models
            it is large, and p can then never be small.
        models: how many.
        exact: all permutations were counted.
    """

    value: float
    p: float
    smallest_p: float
    models: int
    exact: bool


def kendall(x: ArrayLike, y: ArrayLike) -> Agreement:
    """Kendall's tau-b of `x` and `y` (each (M,), M >= 2) and its permutation p-value.

    The p-value is the share of orders of `y` whose |tau-b| is at least the one seen, ties kept as
    they are; with more than 8 models, of 20,000 random orders with (hits + 1) / (draws + 1).

    Example:
        >>> result = kendall([1, 2, 3, 4], [1, 2, 4, 3])
        >>> round(result.value, 3), round(result.p, 3), result.exact
        (0.667, 0.333, True)
    """
    return _agreement(_pair_signs, x, y)


def spearman(x: ArrayLike, y: ArrayLike) -> Agreement:
    """Spearman's rho, tied values sharing their mean rank; p as for `kendall`."""
    return _agreement(_centred_ranks, x, y)


def kendall_of_each(x: Array, y: Array) -> Array:
    """Tau-b of every pair of columns of `x` and `y`, both (M, B): (B,), NaN for single ties."""
    first, second = _pair_signs(x), _pair_signs(y)
    with np.errstate(invalid="ignore"):
        scale = np.sqrt((first**2).sum(axis=0) * (second**2).sum(axis=0))
        return np.asarray((first * second).sum(axis=0) / scale)


def mean_ranks(values: ArrayLike) -> Array:
    """Ranks from 1 for the smallest, along the first axis; equal values share their mean rank."""
    array = np.asarray(values, np.float64)
    below = (array[None] < array[:, None]).sum(axis=1)
    equal = (array[None] == array[:, None]).sum(axis=1)
    return np.asarray(below + (equal + 1) / 2)


def _pair_signs(values: ArrayLike) -> Array:
    array = np.asarray(values, np.float64)
    i, j = np.triu_indices(len(array), 1)
    return np.asarray(np.sign(array[i] - array[j]))


def _centred_ranks(values: ArrayLike) -> Array:
    ranks = mean_ranks(values)
    return np.asarray(ranks - ranks.mean(axis=0))


def _agreement(scores: Scores, x: ArrayLike, y: ArrayLike) -> Agreement:
    first, second = scores(x), scores(y)
    models = len(np.asarray(x))
    exact = models <= EXACT_UP_TO
    scale = math.sqrt(float(first @ first) * float(second @ second))
    if scale == 0:
        return Agreement(math.nan, 1.0, 1.0, models, exact)
    p = _p_value(scores, _pattern(x), _pattern(y), float(first @ second))
    smallest = _p_value(scores, _pattern(x), _pattern(x), float(first @ first))
    return Agreement(float(first @ second) / scale, p, smallest, models, exact)


def _pattern(values: ArrayLike) -> Ranks:
    """What the null distribution depends on: how many values there are and which are tied."""
    return tuple(float(rank) for rank in np.sort(mean_ranks(values)))


def _p_value(scores: Scores, x: Ranks, y: Ranks, seen: float) -> float:
    null = _null(scores, x, y)
    hits = len(null) - int(np.searchsorted(null, abs(seen) - 1e-9))
    exact = len(x) <= EXACT_UP_TO
    return hits / len(null) if exact else (hits + 1) / (len(null) + 1)


@lru_cache(maxsize=256)
def _null(scores: Scores, x: Ranks, y: Ranks) -> Array:
    """|statistic| under all orders of `y`, or 20,000 random ones, ascending."""
    fixed, values = scores(x), np.asarray(y)
    statistics = [scores(values[block].T).T @ fixed for block in _orders(len(x))]
    return np.sort(np.abs(np.concatenate(statistics)))


def _orders(count: int) -> list[NDArray[np.intp]]:
    if count <= EXACT_UP_TO:
        return [np.array(list(permutations(range(count))), np.intp)]
    rng = np.random.default_rng(0)
    tiles = np.tile(np.arange(count), (1000, 1))
    return [rng.permuted(tiles, axis=1) for _ in range(SAMPLED // 1000)]
