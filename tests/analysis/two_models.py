"""CKA of two arrays of features (N, D) of the same videos."""

import numpy as np
from numpy.typing import ArrayLike

from severe_bench.analysis.cka import biased_cka_matrix, cka_matrix


def linear_cka(x: ArrayLike, y: ArrayLike) -> float:
    return float(cka_matrix([np.asarray(x), np.asarray(y)])[0, 1])


def biased_linear_cka(x: ArrayLike, y: ArrayLike) -> float:
    return float(biased_cka_matrix([np.asarray(x), np.asarray(y)])[0, 1])
