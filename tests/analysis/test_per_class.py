"""Classes and confusions against scikit-learn."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, confusion_matrix, recall_score

from severe_bench.analysis.per_class import (
    ClassLabel,
    by_class,
    class_difference,
    confusion,
    single_label,
    single_lists,
)
from severe_bench.store.predictions import Predictions, name_array

RNG = np.random.default_rng(0)
TARGETS = np.repeat([0, 2, 3], [5, 9, 6])
NAMES = np.array(["None", "NA", "a,b", "<script>", "Übung"])


def run(width: int = 5) -> Predictions:
    names = np.array([f"v{i}" for i in range(len(TARGETS))])
    return Predictions(names, TARGETS, RNG.random((len(TARGETS), width)).astype(np.float32), names)


def test_differences_are_of_recalls_and_means_over_seeds() -> None:
    ours, theirs = [run(), run()], [run()]
    found = class_difference("x", ("a", ours), ("b", theirs))
    assert found is not None
    assert found.classes == (ClassLabel(0), ClassLabel(2), ClassLabel(3))
    assert found.counts == (5, 9, 6)

    def recall(one: Predictions) -> np.ndarray:
        given = one.scores.argmax(axis=1)
        return recall_score(TARGETS, given, labels=[0, 2, 3], average=None)

    expected = 100 * (np.mean([recall(one) for one in ours], axis=0) - recall(theirs[0]))
    assert found.values == pytest.approx(expected)


def test_runs_on_different_videos_are_not_compared() -> None:
    ours, theirs = run(), run()
    cut = Predictions(theirs.samples[:15], TARGETS[:15], theirs.scores[:15], theirs.groups[:15])
    turned = replace(theirs, samples=theirs.samples[::-1])
    for other in (cut, turned):
        assert class_difference("x", ("a", [ours]), ("b", [other])) is None
    assert class_difference("x", ("a", [ours]), ("b", [])) is None


def test_names_are_found_in_any_run_that_has_them() -> None:
    old, new = run(), replace(run(), classes=NAMES)
    for pair in ((old, new), (new, old)):
        found = class_difference("x", ("a", [pair[0]]), ("b", [pair[1]]))
        assert found is not None
        assert [one.name for one in found.classes] == ["None", "a,b", "<script>"]
    mixed = confusion("x", "a", [old, new])
    assert mixed.classes == tuple(ClassLabel(i, str(name)) for i, name in enumerate(NAMES))
    assert next(one.shown for one in confusion("x", "a", [old]).classes) == "class 0"


def test_an_id_beyond_the_names_is_shown_as_an_id() -> None:
    """A recipe may give the head more outputs than the dataset has classes."""
    found = confusion("x", "a", [replace(run(7), classes=NAMES)])
    assert {one.id for one in found.classes} >= {5, 6}
    assert [one.shown for one in found.classes if one.id > 4] == ["class 5", "class 6"]


def test_verbs_and_nouns_are_two_lists() -> None:
    names = np.array(["a", "b", "c"])
    scores = np.full((3, 2, 3), np.nan, np.float32)
    scores[:, 0, :2] = [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]
    scores[:, 1] = np.eye(3)[[2, 2, 0]]
    targets = np.array([[0, 2], [1, 2], [1, 1]])
    lists = name_array([["open", "close"], ["door", "cup", "lid"]])
    found = by_class(Predictions(names, targets, scores, names, lists))
    assert found is not None
    assert [one.shown for one in found.labels] == [
        "open (verb)",
        "close (verb)",
        "cup (noun)",
        "lid (noun)",
    ]
    assert found.values.tolist() == [100.0, 50.0, 0.0, 100.0]
    assert found.counts.tolist() == [1, 2, 1, 2]
    run = Predictions(names, targets, scores, names, lists)
    parts = single_lists(run)
    assert list(parts) == ["verb", "noun"]
    nouns = confusion("x", "a", [parts["noun"]], "noun")
    assert [one.name for one in nouns.classes] == ["door", "cup", "lid"]
    assert nouns.shares[1:].tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    unnamed = by_class(Predictions(names, targets, scores, names))
    assert unnamed is not None
    assert unnamed.labels[2].shown == "noun 1"


def test_videos_of_several_labels_are_compared_by_average_precision() -> None:
    targets = (RNG.random((20, 5)) < 0.4).astype(np.uint8)
    targets[:, 0] = 1  # no video without a label, so that the rules of Charades and sklearn agree
    targets[:, 3] = 0
    a, b = run(), run()
    ours, theirs = (replace(one, targets=targets, classes=NAMES) for one in (a, b))
    found = class_difference("x", ("a", [ours]), ("b", [theirs]))
    assert found is not None
    assert found.what == "average precision"
    assert [one.name for one in found.classes] == ["None", "NA", "a,b", "Übung"]
    assert found.counts == tuple(int(targets[:, i].sum()) for i in (0, 1, 2, 4))
    expected = [
        100
        * (
            average_precision_score(targets[:, i], a.scores[:, i])
            - average_precision_score(targets[:, i], b.scores[:, i])
        )
        for i in (0, 1, 2, 4)
    ]
    assert found.values == pytest.approx(expected)


def test_what_has_no_classes_is_not_compared_by_them() -> None:
    one = run()
    counts = Predictions(one.samples, TARGETS.astype(float), one.scores[:, 0], one.groups)
    retrieved = replace(one, scores=one.scores[:, None])
    for other in (counts, retrieved):
        assert by_class(other) is None
        assert single_lists(other) == {}
        assert class_difference("x", ("a", [other]), ("b", [other])) is None


def test_confusion_agrees_with_scikit_learn() -> None:
    runs = [run(), run()]
    found = confusion("x", "a", runs)
    given = np.concatenate([one.scores.argmax(axis=1) for one in runs])
    ids = [one.id for one in found.classes]
    counts = confusion_matrix(np.tile(TARGETS, 2), given, labels=ids)
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
