"""A unit: what one row of cached features is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from severe_bench.core.record import Record
from severe_bench.core.registry import Registry

if TYPE_CHECKING:
    from torch import nn

    from severe_bench.adapt.parts import Rows
    from severe_bench.data.store import VideoStore
    from severe_bench.plan.job import FeaturesJob

Examples = Callable[[Sequence[Record], Mapping[str, Any]], tuple[Record, ...]]


def as_they_are(records: Sequence[Record], _: Mapping[str, Any]) -> tuple[Record, ...]:
    """Every record is one example."""
    return tuple(records)


@dataclass(frozen=True)
class Extraction:
    """What a unit computes rows from.

    Args:
        job: recipe, split, views and unit options are read.
        records: all examples of the split.
        network: the backbone, frozen, on the device.
        store: where the videos are.
        device: of the network.
        folder: that the rows are written to.
    """

    job: "FeaturesJob"
    records: tuple[Record, ...]
    network: "nn.Module"
    store: "VideoStore"
    device: str
    folder: Path


@dataclass(frozen=True)
class Unit:
    """What one row of cached features is; light to import, torch only inside `blocks`.

    Args:
        name: registry name.
        blocks: (extraction, first) -> blocks of rows from example `first` on, which is 0 or the end
            of a block: `features` (n, V, D) float32, `weights` (n, V) float32 and the number of
            different `views` (n,) that went through the network; where views are clips, `times`
            (n, V, 2) of them as well, in seconds: what each covers, or what it stands for.
        examples: (records, unit options) -> the samples that are adapted to and tested on, in
            order. Budgets are drawn before, from the records.
        rows: examples -> one record for each row of features, where an example has several.
        clips: unit options -> about how many clips of a sample are read, for estimates; None: as
            many as the recipe's views.
        train_views: how a training video is seen, where that is not the protocol's choice.
    """

    name: str
    blocks: "Callable[[Extraction, int], Iterator[Rows]]"
    examples: Examples = as_they_are
    rows: Callable[[Sequence[Record]], tuple[Record, ...]] = tuple
    train_views: Literal["train", "test"] | None = None
    clips: Callable[[Mapping[str, Any]], int] | None = None


UNITS: Registry[Unit] = Registry(
    "unit",
    {
        "clip": "severe_bench.adapt.clip_unit:CLIP",
        "tokens": "severe_bench.adapt.token_unit:TOKENS",
        "clip_both_ways": "severe_bench.adapt.both_ways:CLIP_BOTH_WAYS",
        "box": "severe_bench.adapt.boxes.unit:BOX",
        "timeline": "severe_bench.adapt.timeline.unit:TIMELINE",
    },
    group="severe_bench.units",
    of=Unit,
)
