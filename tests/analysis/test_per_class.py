"""Classes and confusions against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, recall_score

from severe_bench.analysis.per_class import class_difference, confusion, single_label
from severe_bench.store.predictions import Predictions

RNG = np.random.default_rng(0)
TARGETS = np.repeat([0, 2, 3], [5, 9, 6])


def run(width: int = 5) -> Predictions:
    names = np.array([f"v{i}" for i in range(len(TARGETS))])
    return Predictions(names, TARGETS, RNG.random((len(TARGETS), width)).astype(np.float32), names)


def test_differences_are_of_recalls_and_means_over_seeds() -> None:
    ours, theirs = [run(), run()], [run()]
    found = class_difference("x", ("a", ours), ("b", theirs))
    assert found.classes == (0, 2, 3)
    assert found.counts == (5, 9, 6)

    def recall(one: Predictions) -> np.ndarray:
        given = one.scores.argmax(axis=1)
        return recall_score(TARGETS, given, labels=[0, 2, 3], average=None)

    expected = 100 * (np.mean([recall(one) for one in ours], axis=0) - recall(theirs[0]))
    assert found.values == pytest.approx(expected)


def test_confusion_agrees_with_scikit_learn() -> None:
    runs = [run(), run()]
    found = confusion("x", "a", runs)
    given = np.concatenate([one.scores.argmax(axis=1) for one in runs])
    counts = confusion_matrix(np.tile(TARGETS, 2), given, labels=found.classes)
    with np.errstate(invalid="ignore"):
        expected = counts / counts.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.shares, expected)


def test_only_single_labels_have_classes() -> None:
    good = run()
    many = Predictions(good.samples, np.ones((20, 5), np.int64), good.scores, good.groups)
    counts = Predictions(good.samples, TARGETS.astype(float), good.scores[:, 0], good.groups)
    assert single_label(good)
    assert not single_label(many)
    assert not single_label(counts)
