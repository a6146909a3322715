"""Agreement of clusters with classes.

Scores are (N,) cluster ids, whole numbers from 0 on; targets are (N,) class ids. None of these
depends on how clusters are numbered. All in per cent, 100 for clusters that are the classes.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from severe_bench.core.metric import Metric
from severe_bench.metrics.checks import refuse_nan, require_samples
from severe_bench.metrics.measure import Measure, Scores, Targets

Floats = NDArray[np.float64]


def contingency(scores: Scores, targets: Targets) -> Floats:
    """How many samples of each class lie in each cluster: (clusters, classes) that occur.

    Raises:
        UserError: no sample, or NaN among the cluster ids.
        ValueError: shapes that do not fit, or cluster ids that are no whole numbers.
    """
    if scores.ndim != 1 or targets.shape != scores.shape:
        raise ValueError(f"clusters {scores.shape} and targets {targets.shape}: (N,) both")
    require_samples(scores)
    refuse_nan(scores)
    if not (np.isfinite(scores).all() and (scores == np.round(scores)).all()):
        raise ValueError("cluster ids are whole numbers")
    clusters, cluster = np.unique(scores, return_inverse=True)
    classes, label = np.unique(targets, return_inverse=True)
    counts = np.bincount(cluster * len(classes) + label, minlength=len(clusters) * len(classes))
    return counts.reshape(len(clusters), len(classes)).astype(np.float64)


def accuracy(scores: Scores, targets: Targets) -> float:
    """Share of samples in the cluster that stands for their class.

    Each cluster stands for one class at most, each class for one cluster, so that the share is
    largest (Hungarian method; Kuhn 1955).
    """
    table = contingency(scores, targets)
    rows, columns = linear_sum_assignment(table, maximize=True)
    return float(100.0 * table[rows, columns].sum() / table.sum())


def purity(scores: Scores, targets: Targets) -> float:
    """Share of samples of the commonest class of their cluster; never below `accuracy`."""
    table = contingency(scores, targets)
    return float(100.0 * table.max(axis=1).sum() / table.sum())


def normalised_mutual_information(scores: Scores, targets: Targets) -> float:
    """Mutual information over the mean of both entropies; 100 where neither has any."""
    table = contingency(scores, targets)
    joint = table / table.sum()
    by_cluster, by_class = joint.sum(axis=1), joint.sum(axis=0)
    there = joint > 0
    expected = np.outer(by_cluster, by_class)[there]
    shared = (joint[there] * np.log(joint[there] / expected)).sum()
    mean = (_entropy(by_cluster) + _entropy(by_class)) / 2
    return float(np.clip(100.0 * shared / mean, 0.0, 100.0)) if mean > 0 else 100.0


def adjusted_rand_index(scores: Scores, targets: Targets) -> float:
    """Pairs of samples on which both agree, less what chance gives (Hubert and Arabie 1985).

    0 is chance, below it is worse, down to -50 (Chacón and Rastrojo 2023); 100 where
    both put all samples together, or all apart.
    """
    table = contingency(scores, targets)
    within, pairs = _pairs(table).sum(), _pairs(table.sum())
    by_cluster, by_class = _pairs(table.sum(axis=1)).sum(), _pairs(table.sum(axis=0)).sum()
    chance = by_cluster * by_class / pairs if pairs else 0.0
    most = (by_cluster + by_class) / 2
    return float(100.0 * (within - chance) / (most - chance)) if most != chance else 100.0


def _entropy(shares: Floats) -> float:
    there = shares[shares > 0]
    return float(-(there * np.log(there)).sum())


def _pairs(counts: Floats) -> Floats:
    return np.asarray(counts * (counts - 1) / 2)


def _metric(name: str, title: str) -> Metric:
    return Metric(name, title, "%", worst=0.0, best=100.0)


CLUSTER_ACCURACY = Measure(_metric("cluster_accuracy", "clustering accuracy"), accuracy)
CLUSTER_PURITY = Measure(_metric("cluster_purity", "purity"), purity)
NMI = Measure(_metric("nmi", "normalised mutual information"), normalised_mutual_information)
ARI = Measure(
    Metric("ari", "adjusted Rand index", "%", worst=0.0, best=100.0, farthest=-50.0),
    adjusted_rand_index,
)
