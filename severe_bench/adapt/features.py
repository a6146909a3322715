"""Features of one split under one view rule: computed once, read by every probe and analysis."""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from severe_bench.adapt.network import frozen, state_digest
from severe_bench.adapt.parts import Pass, Rows, parts_of
from severe_bench.adapt.rows import Features
from severe_bench.adapt.unit import UNITS, Extraction
from severe_bench.core.atomic import write_json
from severe_bench.core.errors import UserError
from severe_bench.core.record import Dataset, Record
from severe_bench.core.session import Session
from severe_bench.core.shards import Shards, read_shards, write_shards
from severe_bench.data.clips import Times
from severe_bench.data.store import shared_store
from severe_bench.models.network import build_network
from severe_bench.plan.job import FeaturesJob
from severe_bench.train.numerics import place

SAMPLES_FILE = "samples.json"
ARRAYS = ("features", "weights", "times")
HELD_BYTES = 256 << 20
"""Of features that a reader takes into memory; of more it reads the rows that it needs."""


@dataclass(frozen=True)
class FeatureTable:
    """Features of a split.

    Args:
        samples: N ids, in official list order.
        features: (N, V, D) float32; tokens are (N, V, P, C) float16. On the disk where they come
            from a folder, until `of` takes few enough.
        weights: (N, V) float32, each row summing to 1: how much a view counts when views are
            merged. A video with fewer different views than V repeats its first at weight 0.
        times: (N, V, 2) when the earliest and the latest frame of each view are shown, in seconds
            of the whole video; None where views are no clips.
    """

    samples: tuple[str, ...]
    features: Features
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
        rows = np.array([row_of[record.sample] for record in records], dtype=np.int64)
        samples = tuple(record.sample for record in records)
        times = None if self.times is None else self.times[rows]
        return FeatureTable(samples, _taken(self.features, rows), self.weights[rows], times)


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

    Memory is that of a part and two shards, however many videos there are. What decoded the clips
    is in the cell's provenance and not in its identity: reading is exact whatever the decoder.
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
        plan = Pass("features", len(records), state_digest(backbone))
        parts = parts_of(plan, partial(unit.blocks, extraction), session)
    samples = tuple(record.sample for record in records)
    checked = _Checked(samples)
    write_json(session.folder / SAMPLES_FILE, list(samples))
    write_shards(session.folder, checked.arrays(parts))
    _, views, *_, width = read_features(session.folder).features.shape
    return FeaturesSummary(len(samples), views, width, checked.clips, time.perf_counter() - began)


def write_features(folder: Path, table: FeatureTable) -> None:
    """Write `samples.json` and the shards of features, weights and, where there are any, times.

    Each file is written atomically, `shards.json` last.
    """
    arrays = {"features": table.features, "weights": table.weights, "times": table.times}
    whole = {name: np.asarray(array) for name, array in arrays.items() if array is not None}
    write_json(folder / SAMPLES_FILE, list(table.samples))
    write_shards(folder, [whole])


def read_features(folder: Path) -> FeatureTable:
    """Read what `write_features` wrote; features stay on the disk.

    Raises:
        UserError: a file is missing, damaged or does not fit the others.
    """
    try:
        samples = tuple(json.loads((folder / SAMPLES_FILE).read_text()))
        arrays = read_shards(folder)
        features, weights = arrays["features"], arrays["weights"][:]
        times = arrays["times"][:] if "times" in arrays else None
    except Exception as error:  # damage can raise anything
        mend = "remove this folder and run again"
        raise UserError(f"the features cannot be read ({error})", str(folder), mend) from error
    fits = features.ndim >= 3 and weights.shape == features.shape[:2]
    timed = times is None or times.shape == (*features.shape[:2], 2)
    if not fits or not timed or len(samples) != len(features):
        what = f"{len(samples)} samples, features {features.shape}, weights {weights.shape}"
        raise UserError(what, str(folder), "remove this folder and run again")
    return FeatureTable(samples, features, weights, times)


def _taken(features: Features, rows: NDArray[np.int64]) -> Features:
    """These rows, in memory where that is not much."""
    if not isinstance(features, Shards):
        return features[rows]
    chosen = features.of(rows)
    return chosen[:] if chosen.nbytes <= HELD_BYTES else chosen


@dataclass
class _Checked:
    """Rows on their way to the disk; `clips` through the network are counted as they pass."""

    samples: tuple[str, ...]
    clips: int = 0

    def arrays(self, parts: Iterable[Rows]) -> Iterator[Rows]:
        """What of each part is kept.

        Raises:
            UserError: after all parts, if some features are not finite.
        """
        broken, done = list[int](), 0
        for part in parts:
            self.clips += int(part["views"].sum())
            rows = enumerate(part["features"], done)
            broken.extend(number for number, row in rows if not np.isfinite(row).all())
            done += len(part["features"])
            yield {name: part[name] for name in ARRAYS if name in part}
        if broken:
            what = f"the features of {len(broken)} videos are not finite"
            mend = "check the weights, or set numerics.precision: fp32"
            raise UserError(what, self.samples[broken[0]], mend)
