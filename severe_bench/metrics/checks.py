"""What every metric refuses: nothing to measure, and scores that are no numbers."""

import numpy as np
from numpy.typing import NDArray

from severe_bench.core.errors import NotFinite, UserError


def require_samples(scores: NDArray[np.generic]) -> None:
    """Raise `UserError` where there is no sample."""
    if len(scores) == 0:
        raise UserError("there is no test sample", mend="check the dataset's test list")


def refuse_nan(scores: NDArray[np.floating]) -> None:
    """Raise `NotFinite` for samples with NaN among their scores (N, ...): they are never wrong."""
    broken = np.isnan(scores).reshape(len(scores), -1).any(axis=1)
    if broken.any():
        raise NotFinite(f"the scores of {int(broken.sum())} of {len(scores)} test samples are NaN")


def require_class_ids(targets: NDArray[np.generic], classes: int) -> None:
    """Raise `ValueError` for targets that are no integers in [0, classes)."""
    if not np.issubdtype(targets.dtype, np.integer):
        raise ValueError(f"targets are class ids, not {targets.dtype}")
    if targets.size and (targets.min() < 0 or targets.max() >= classes):
        raise ValueError(f"class ids {targets.min()}..{targets.max()}, {classes} classes")
