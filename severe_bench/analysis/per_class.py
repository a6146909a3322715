"""What happens to single classes: accuracy of each, differences of two models, confusions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from severe_bench.store.predictions import Predictions

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ClassDifference:
    """Accuracy of model `a` minus model `b` by class, in points, mean over the seeds of each.

    Args:
        classes: ids of the classes that occur among the test videos, ascending; `values` and
            `counts` (how many test videos) in their order.
    """

    experiment: str
    a: str
    b: str
    classes: tuple[int, ...]
    values: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Confusion:
    """One model in one experiment: `shares` (C, C), row of the true, column of the given class."""

    experiment: str
    model: str
    classes: tuple[int, ...]
    shares: Array


def single_label(found: Predictions) -> bool:
    """Whether every test video has one class, and the scores are over classes."""
    ids = np.issubdtype(found.targets.dtype, np.integer)
    return bool(ids and found.targets.ndim == 1 and found.scores.ndim == 2)


def class_difference(
    experiment: str,
    a: tuple[str, Sequence[Predictions]],
    b: tuple[str, Sequence[Predictions]],
) -> ClassDifference:
    """Compare two models, each given by name and the predictions of its seeds, on one test set."""
    targets = a[1][0].targets.astype(np.int64)
    classes, counts = np.unique(targets, return_counts=True)
    ours, theirs = (np.mean([_accuracies(run) for run in runs], axis=0) for _, runs in (a, b))
    return ClassDifference(
        experiment,
        a[0],
        b[0],
        tuple(int(c) for c in classes),
        tuple(float(value) for value in ours - theirs),
        tuple(int(count) for count in counts),
    )


def confusion(experiment: str, model: str, runs: Sequence[Predictions]) -> Confusion:
    """Shares of the answers given to each class, mean over seeds."""
    width = runs[0].scores.shape[1]
    counts = np.zeros((width, width))
    for run in runs:
        np.add.at(counts, (run.targets.astype(np.int64), run.scores.argmax(axis=1)), 1.0)
    occurs = np.flatnonzero(counts.sum(axis=1) + counts.sum(axis=0))
    kept = counts[np.ix_(occurs, occurs)]
    with np.errstate(invalid="ignore"):
        shares = kept / kept.sum(axis=1, keepdims=True)
    return Confusion(experiment, model, tuple(int(c) for c in occurs), shares)


def _accuracies(run: Predictions) -> Array:
    """(C,) accuracy of each class that occurs, in per cent."""
    targets = run.targets.astype(np.int64)
    hits = (run.scores.argmax(axis=1) == targets) * 100.0
    _, member_of, counts = np.unique(targets, return_inverse=True, return_counts=True)
    return np.asarray(np.bincount(member_of, hits) / counts)
