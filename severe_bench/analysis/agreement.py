"""How far two experiments order the same models alike: Kendall's tau-b with a permutation test."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, permutations

import numpy as np
from numpy.typing import ArrayLike, NDArray

EXACT_UP_TO = 8
"""Models up to which all permutations (8! = 40,320) are counted; above, a random sample."""
SAMPLED = 20_000


@dataclass(frozen=True)
class Agreement:
    """Rank correlation of two columns.

    Args:
        tau: Kendall's tau-b in [-1, 1]; NaN where a column is one single tie.
        p: two-sided permutation p-value of no association.
        smallest_p: what p would be for these models if both orders were the same; with few models
            it is large, and p can then never be small.
        models: how many.
        exact: all permutations were counted.
    """

    tau: float
    p: float
    smallest_p: float
    models: int
    exact: bool


def kendall(x: ArrayLike, y: ArrayLike, seed: int = 0) -> Agreement:
    """Kendall's tau-b of `x` and `y` (each (M,), M >= 2) and its permutation p-value.

    The p-value is the share of orders of `y` whose |tau-b| is at least the one seen, ties kept as
    they are; with more than 8 models, of 20,000 random orders with (hits + 1) / (draws + 1).

    Example:
        >>> result = kendall([1, 2, 3, 4], [1, 2, 4, 3])
        >>> round(result.tau, 3), round(result.p, 3), result.exact
        (0.667, 0.333, True)
    """
    signs_x, signs_y = _signs(x), _signs(y)
    scale = math.sqrt(float((signs_x**2).sum()) * float((signs_y**2).sum()))
    models = len(signs_x)
    exact = models <= EXACT_UP_TO
    if scale == 0:
        return Agreement(math.nan, 1.0, 1.0, models, exact)
    tau = float((signs_x * signs_y).sum()) / scale
    p = _p_value(signs_x, signs_y, exact, seed)
    smallest = _p_value(signs_x, signs_x, exact, seed)
    return Agreement(tau, p, smallest, models, exact)


def _signs(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, np.float64)
    signs: NDArray[np.float64] = np.sign(array[:, None] - array[None, :])
    return signs


def _p_value(x: NDArray[np.float64], y: NDArray[np.float64], exact: bool, seed: int) -> float:
    seen = abs(float((x * y).sum()))
    hits = total = 0
    for orders in _orders(len(x), exact, seed):
        shuffled = y[orders[:, :, None], orders[:, None, :]]
        sums = np.einsum("ij,pij->p", x, shuffled)
        hits += int(np.sum(np.abs(sums) >= seen - 1e-9))
        total += len(orders)
    return hits / total if exact else (hits + 1) / (total + 1)


def _orders(count: int, exact: bool, seed: int) -> Iterator[NDArray[np.intp]]:
    if exact:
        every = permutations(range(count))
        while block := list(islice(every, 5040)):
            yield np.array(block, np.intp)
    else:
        rng = np.random.default_rng(seed)
        for _ in range(SAMPLED // 1000):
            yield rng.permuted(np.tile(np.arange(count), (1000, 1)), axis=1)
