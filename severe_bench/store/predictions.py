"""`predictions.npz`: what a cell said of every test sample."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from severe_bench.core.atomic import atomic_path
from severe_bench.store.cells import CorruptError
from severe_bench.store.layout import PREDICTIONS


def _no_names() -> NDArray[np.str_]:
    return np.empty(0, np.str_)


@dataclass(frozen=True)
class Predictions:
    """Scores of all test samples, in official list order, after merging views.

    Args:
        samples: (N,) names.
        targets: (N, ...).
        scores: (N, ...) float32.
        groups: (N,) what is resampled together; the sample's own name where there is no group.
        classes: names of the classes by id, (C,); of lists side by side (L, C), as the scores of
            verbs and nouns are, the shorter ones filled up with empty names. Empty where class ids
            have no names, and in stores of before they were kept.

    Raises:
        ValueError: the lengths differ.
    """

    samples: NDArray[np.str_]
    targets: NDArray[np.generic]
    scores: NDArray[np.float32]
    groups: NDArray[np.str_]
    classes: NDArray[np.str_] = field(default_factory=_no_names)

    def __post_init__(self) -> None:
        lengths = {len(self.samples), len(self.targets), len(self.scores), len(self.groups)}
        if len(lengths) != 1:
            raise ValueError(f"predictions of different lengths: {sorted(lengths)}")


def name_array(lists: Sequence[Sequence[str]]) -> NDArray[np.str_]:
    """`classes` from lists of names.

    Example:
        >>> name_array([["run", "sit"]]).tolist()
        ['run', 'sit']
        >>> name_array([["open", "close"], ["door"]]).tolist()
        [['open', 'close'], ['door', '']]
    """
    longest = max(map(len, lists), default=0)
    rows = [[*names, *[""] * (longest - len(names))] for names in lists]
    return np.array(rows[0] if len(rows) == 1 else rows, dtype=np.str_)


def write_predictions(folder: Path, predictions: Predictions) -> None:
    """Write `predictions.npz`; names as fixed-width text, so that no reader needs pickle.

    Raises:
        ValueError: an array holds Python objects.
    """
    arrays = {
        "samples": np.asarray(predictions.samples, dtype=np.str_),
        "targets": np.asarray(predictions.targets),
        "scores": np.asarray(predictions.scores, dtype=np.float32),
        "groups": np.asarray(predictions.groups, dtype=np.str_),
    }
    if predictions.classes.size:
        arrays["classes"] = np.asarray(predictions.classes, dtype=np.str_)
    with atomic_path(folder / PREDICTIONS) as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)


def read_predictions(folder: Path) -> Predictions:
    """Read `predictions.npz`.

    Raises:
        CorruptError: it is missing or damaged.
    """
    path = folder / PREDICTIONS
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return Predictions(
                arrays["samples"],
                arrays["targets"],
                arrays["scores"],
                arrays["groups"],
                arrays["classes"] if "classes" in arrays else _no_names(),
            )
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise CorruptError(path, str(error)) from error
