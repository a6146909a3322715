"""What happens to single classes: values within each, differences of two models, confusions."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from severe_bench.metrics.average_precision import average_precisions
from severe_bench.metrics.verb_noun import part
from severe_bench.store.predictions import Predictions

Array = NDArray[np.float64]
ACCURACY, PRECISION = "accuracy", "average precision"
LISTS = ("verb", "noun")


@dataclass(frozen=True)
class ClassLabel:
    """A class of one experiment.

    Args:
        id: in its list.
        name: empty where the store holds none.
        of: which list, where there are several; else empty.
    """

    id: int
    name: str = ""
    of: str = ""

    @property
    def shown(self) -> str:
        """For readers.

        Example:
            >>> ClassLabel(3).shown, ClassLabel(3, "sit").shown, ClassLabel(3, "open", "verb").shown
            ('class 3', 'sit', 'open (verb)')
        """
        if not self.name:
            return f"{self.of or 'class'} {self.id}"
        return f"{self.name} ({self.of})" if self.of else self.name


@dataclass(frozen=True)
class ClassValues:
    """One run, class by class: `values` in per cent and `counts` of test videos, both (C,)."""

    labels: tuple[ClassLabel, ...]
    values: Array
    counts: NDArray[np.int64]
    what: str


@dataclass(frozen=True)
class ClassDifference:
    """Model `a` minus model `b` within each class, in points, mean over the seeds of each.

    Args:
        classes: those that occur among the test videos, ascending; `values` and `counts` (how many
            test videos) in their order.
        what: what is compared: accuracy, or average precision where videos have several labels.
    """

    experiment: str
    a: str
    b: str
    classes: tuple[ClassLabel, ...]
    values: tuple[float, ...]
    counts: tuple[int, ...]
    what: str = ACCURACY


@dataclass(frozen=True)
class Confusion:
    """One model in one experiment: `shares` (C, C), row of the true, column of the given class.

    Args:
        of: which list of classes, `verb` or `noun`, where there are several.
    """

    experiment: str
    model: str
    classes: tuple[ClassLabel, ...]
    shares: Array
    of: str = ""


def single_label(found: Predictions) -> bool:
    """Whether every test video has one class, and the scores are over classes."""
    ids = np.issubdtype(found.targets.dtype, np.integer)
    return bool(ids and found.targets.ndim == 1 and found.scores.ndim == 2)


def single_lists(run: Predictions) -> dict[str, Predictions]:
    """A run as runs of one class a video, by list of classes: itself, or its verbs and its nouns.

    Empty where videos have none, or several classes of a list.
    """
    if single_label(run):
        return {"": run}
    return dict(_parts(run)) if _verb_noun(run) else {}


def by_class(run: Predictions) -> ClassValues | None:
    """What a run reached within each class; None where its task has nothing of the kind.

    Accuracy where every video has one class, or one verb and one noun; average precision (as
    Charades counts it) where videos have several labels.
    """
    for fits, values in KINDS:
        if fits(run):
            return values(run)
    return None


def class_difference(
    experiment: str,
    a: tuple[str, Sequence[Predictions]],
    b: tuple[str, Sequence[Predictions]],
) -> ClassDifference | None:
    """Compare two models, each given by name and the predictions of its seeds.

    None where the runs were tested on different videos, or have no values within classes.
    """
    runs = [*a[1], *b[1]]
    if not (a[1] and b[1] and all(_alike(runs[0], run) for run in runs)):
        return None
    found = [by_class(run) for run in runs]
    each = [one for one in found if one is not None]
    if len(each) < len(runs):
        return None
    values = [one.values for one in each]
    ours, theirs = (np.mean(side, axis=0) for side in (values[: len(a[1])], values[len(a[1]) :]))
    return ClassDifference(
        experiment,
        a[0],
        b[0],
        _best_named(each),
        tuple(float(value) for value in ours - theirs),
        tuple(int(count) for count in each[0].counts),
        each[0].what,
    )


def confusion(experiment: str, model: str, runs: Sequence[Predictions], of: str = "") -> Confusion:
    """Shares of the answers given to each class of one list, mean over seeds."""
    width = runs[0].scores.shape[1]
    counts = np.zeros((width, width))
    for run in runs:
        np.add.at(counts, (run.targets.astype(np.int64), run.scores.argmax(axis=1)), 1.0)
    occurs = np.flatnonzero(counts.sum(axis=1) + counts.sum(axis=0))
    kept = counts[np.ix_(occurs, occurs)]
    with np.errstate(invalid="ignore"):
        shares = kept / kept.sum(axis=1, keepdims=True)
    named = max(runs, key=lambda run: run.classes.size)
    return Confusion(experiment, model, _labels(occurs, named.classes), shares, of)


def _alike(one: Predictions, other: Predictions) -> bool:
    return np.array_equal(one.samples, other.samples) and np.array_equal(one.targets, other.targets)


def _best_named(found: Sequence[ClassValues]) -> tuple[ClassLabel, ...]:
    """Of runs on the same videos: some may be of a store of before names were kept."""
    return max((one.labels for one in found), key=lambda labels: sum(bool(n.name) for n in labels))


def _labels(
    ids: NDArray[np.int64], names: NDArray[np.str_], of: str = ""
) -> tuple[ClassLabel, ...]:
    known = [str(name) for name in names] if names.ndim == 1 else []
    return tuple(ClassLabel(int(i), known[i] if i < len(known) else "", of) for i in ids)


def _of_single_labels(run: Predictions, of: str = "") -> ClassValues:
    """Accuracy within each class that occurs."""
    truth = run.targets.astype(np.int64)
    hits = (run.scores.argmax(axis=1) == truth) * 100.0
    ids, member_of, counts = np.unique(truth, return_inverse=True, return_counts=True)
    values = np.asarray(np.bincount(member_of, hits) / counts)
    return ClassValues(_labels(ids, run.classes, of), values, counts, ACCURACY)


def _verb_noun(run: Predictions) -> bool:
    """Whether every test video has a verb and a noun."""
    ids = np.issubdtype(run.targets.dtype, np.integer)
    return bool(ids and run.scores.ndim == 3 and run.targets.shape == (len(run.scores), 2))


def _of_verbs_and_nouns(run: Predictions) -> ClassValues:
    """Verbs first."""
    parts = [_of_single_labels(one, of) for of, one in _parts(run)]
    return ClassValues(
        tuple(label for one in parts for label in one.labels),
        np.concatenate([one.values for one in parts]),
        np.concatenate([one.counts for one in parts]),
        ACCURACY,
    )


def _parts(run: Predictions) -> Iterator[tuple[str, Predictions]]:
    for which, of in enumerate(LISTS):
        names = run.classes[which] if run.classes.ndim == 2 else run.classes[:0]
        scores, targets = part(run.scores, run.targets, which)
        yield of, Predictions(run.samples, targets, scores, run.groups, names)


def _several_labels(run: Predictions) -> bool:
    """Whether targets are 0 or 1 for each class."""
    ids = np.issubdtype(run.targets.dtype, np.integer)
    return bool(ids and run.targets.ndim == 2 and run.targets.shape == run.scores.shape)


def _of_several_labels(run: Predictions) -> ClassValues:
    values = average_precisions(run.scores, run.targets)
    ids = np.flatnonzero(~np.isnan(values))
    counts = run.targets.astype(np.int64).sum(axis=0)[ids]
    return ClassValues(_labels(ids, run.classes), values[ids], counts, PRECISION)


KINDS: tuple[tuple[Callable[[Predictions], bool], Callable[[Predictions], ClassValues]], ...] = (
    (single_label, _of_single_labels),
    (_verb_noun, _of_verbs_and_nouns),
    (_several_labels, _of_several_labels),
)
