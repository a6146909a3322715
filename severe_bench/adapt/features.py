"""Features of one split under one view rule: computed once, read by every probe and analysis."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from severe_bench.adapt.network import frozen, state_digest
from severe_bench.adapt.parts import Pass, Rows, rows_of
from severe_bench.adapt.unit import UNITS, Extraction, Unit
from severe_bench.core.atomic import atomic_path, write_json
from severe_bench.core.errors import UserError
from severe_bench.core.record import Dataset, Record
from severe_bench.core.session import Session
from severe_bench.data.clips import Times
from severe_bench.data.store import shared_store
from severe_bench.models.network import build_network
from severe_bench.plan.job import FeaturesJob
from severe_bench.train.numerics import place

FEATURES_FILE = "features.npy"
WEIGHTS_FILE = "weights.npy"
TIMES_FILE = "times.npy"
SAMPLES_FILE = "samples.json"


@dataclass(frozen=True)
class FeatureTable:
    """Features of a split.

    Args:
        samples: N ids, in official list order.
        features: (N, V, D) float32; tokens are (N, V, P, C) float16.
        weights: (N, V) float32, each row summing to 1: how much a view counts when views are
            merged. A video with fewer different views than V repeats its first at weight 0.
        times: (N, V, 2) when the earliest and the latest frame of each view are shown, in seconds
            of the whole video; None where views are no clips.
    """

    samples: tuple[str, ...]
    features: NDArray[np.floating[Any]]
    weights: NDArray[np.float32]
    times: Times | None = None

    def of(self, records: Sequence[Record]) -> "FeatureTable":
        """The rows of `records`, in their order.

        Raises:
            UserError: a record has no features.
        """
        row_of = {sample: row for row, sample in enumerate(self.samples)}
        missing = [record.sample for record in records if record.sample not in row_of]
        if missing:
            what = f"there are no features of {missing[0]} and {len(missing) - 1} more samples"
            raise UserError(what, mend="compute the features of this dataset again")
        rows = [row_of[record.sample] for record in records]
        samples = tuple(record.sample for record in records)
        times = None if self.times is None else self.times[rows]
        return FeatureTable(samples, self.features[rows], self.weights[rows], times)


@dataclass(frozen=True)
class FeaturesSummary:
    """What a features cell computed: videos, clips through the network, this session's seconds."""

    samples: int
    views: int
    width: int
    clips: int
    seconds: float


def run_features(
    job: FeaturesJob, dataset: Dataset, weights_file: Path | None, session: Session
) -> FeaturesSummary:
    """Compute the features of a split and write them, as `write_features` does.

    The backbone is in eval mode and is checked to be the same to the bit afterwards. What a row is
    is the job's unit. The folder `parts/` holds what was computed and may be removed once the
    result is safe.

    Args:
        job: what to compute.
        dataset: loaded.
        weights_file: of the backbone, or None for random weights.
        session: folder and device.

    Raises:
        UserError: no record in the split, a video that cannot be read, features that are not
            finite.
        Interrupted: after saving, when the session asks to stop.
    """
    began = time.perf_counter()
    unit = UNITS.get(job.unit)
    records = unit.rows(unit.examples(dataset.of(job.split), job.unit_options))
    if not records:
        raise UserError(f"there is no {job.split} sample", dataset.name, "check its lists")
    backbone = build_network(job.network, weights_file)
    place(backbone, job.recipe.numerics, session.device)
    with frozen(backbone):
        store = shared_store(dataset.root)
        extraction = Extraction(job, records, backbone, store, session.device, session.folder)
        rows = _computed(extraction, unit, session)
    samples = tuple(record.sample for record in records)
    table = FeatureTable(samples, rows["features"], rows["weights"], rows.get("times"))
    _require_finite(table)
    write_features(session.folder, table)
    clips, shape = int(rows["views"].sum()), table.features.shape
    return FeaturesSummary(len(samples), shape[1], shape[-1], clips, time.perf_counter() - began)


def write_features(folder: Path, table: FeatureTable) -> None:
    """Write `samples.json`, `weights.npy`, `times.npy` where there are times, `features.npy`.

    Each is written atomically, the features last.
    """
    write_json(folder / SAMPLES_FILE, list(table.samples))
    arrays = {WEIGHTS_FILE: table.weights, TIMES_FILE: table.times, FEATURES_FILE: table.features}
    for name, array in arrays.items():
        if array is None:
            continue
        with atomic_path(folder / name) as temporary, temporary.open("wb") as stream:
            np.save(stream, array, allow_pickle=False)


def read_features(folder: Path) -> FeatureTable:
    """Read what `write_features` wrote.

    Raises:
        UserError: a file is missing, damaged or does not fit the others.
    """
    try:
        samples = tuple(json.loads((folder / SAMPLES_FILE).read_text()))
        features = np.load(folder / FEATURES_FILE, allow_pickle=False)
        weights = np.load(folder / WEIGHTS_FILE, allow_pickle=False)
        times = _times(folder / TIMES_FILE)
    except (OSError, ValueError, EOFError) as error:
        mend = "remove this folder and run again"
        raise UserError(f"the features cannot be read ({error})", str(folder), mend) from error
    fits = features.ndim >= 3 and weights.shape == features.shape[:2]
    timed = times is None or times.shape == (*features.shape[:2], 2)
    if not fits or not timed or len(samples) != len(features):
        what = f"{len(samples)} samples, features {features.shape}, weights {weights.shape}"
        raise UserError(what, str(folder), "remove this folder and run again")
    return FeatureTable(samples, features, weights, times)


def _times(path: Path) -> Times | None:
    return np.load(path, allow_pickle=False) if path.exists() else None


def _computed(extraction: Extraction, unit: Unit, session: Session) -> Rows:
    """`features` (N, V, D), `weights` (N, V) and number of different `views` (N,)."""
    plan = Pass("features", len(extraction.records), state_digest(extraction.network))
    return rows_of(plan, partial(unit.blocks, extraction), session)


def _require_finite(table: FeatureTable) -> None:
    broken = np.array([not np.isfinite(row).all() for row in table.features])
    if broken.any():
        what = f"the features of {broken.sum()} videos are not finite"
        mend = "check the weights, or set numerics.precision: fp32"
        raise UserError(what, table.samples[int(broken.argmax())], mend)
