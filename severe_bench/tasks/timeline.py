"""What the tasks on long videos share: options, and what is annotated when."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from severe_bench.core.errors import UserError
from severe_bench.core.extras import DURATION, SPANS, Span
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import Dataset, Record

if TYPE_CHECKING:
    from torch import nn

Floats = NDArray[np.float64]

AtLeastOne = Annotated[int, Field(ge=1)]
Above = Annotated[float, Field(gt=0)]


VIDEO_SECONDS, CLIP_SECONDS = 30.0, 0.64
"""Of a video and of a clip (16 frames at 25 a second), about: what estimates rest on."""


class TimelineOptions(Frozen):
    """How a video becomes a row of snippets, and the head over them.

    Args:
        hop: from one snippet to the next. Each is the recipe's clip around the middle of a stretch
            of this length.
        hop_in: `clips`: lengths of a clip, so that 1 shows every frame once; or `seconds`.
        window: consecutive snippets that a network trains on together (finetuning, and probes that
            read clips). All of them go through the backbone with gradient: memory grows with it.
        hidden: width of the head.
        layers: dilated convolutions of the head, see `TemporalHead`.
        background: classes of the list that stand for nothing in particular, as some lists have
            them; their spans are left out.
    """

    hop: Above = 1.0
    hop_in: Literal["clips", "seconds"] = "clips"
    window: AtLeastOne = 16
    hidden: AtLeastOne = 64
    layers: Annotated[int, Field(ge=0)] = 4
    background: tuple[str, ...] = ()

    def of_rows(self) -> dict[str, Any]:
        """Those that change which snippets there are."""
        return self.model_dump(mode="json", include={"hop", "hop_in"})

    def clips(self) -> tuple[int, int]:
        """About how many of a video an epoch and the test take: a window, and all snippets."""
        return self.window, snippets(self.of_rows())

    def head(self, outputs: int) -> "partial[nn.Module]":
        """Makes a head with so many outputs for each snippet, from the width of its features."""
        return partial(_head, hidden=self.hidden, layers=self.layers, outputs=outputs)


def snippets(of_rows: Mapping[str, Any]) -> int:
    """About how many snippets a video has.

    Args:
        of_rows: as of `TimelineOptions.of_rows`.
    """
    unit = CLIP_SECONDS if of_rows["hop_in"] == "clips" else 1.0
    return max(1, round(VIDEO_SECONDS / (float(of_rows["hop"]) * unit)))


def _head(width: int, hidden: int, layers: int, outputs: int) -> "nn.Module":
    from severe_bench.tasks.temporal_head import TemporalHead

    return TemporalHead(width, hidden, layers, outputs)


@dataclass(frozen=True)
class Annotation:
    """What the records of a dataset say about their time.

    Args:
        classes: number of classes.
        background: ids of those that stand for nothing.
    """

    classes: int
    background: frozenset[int]

    @classmethod
    def of(cls, options: TimelineOptions, dataset: Dataset) -> "Annotation":
        """As a dataset and a task's options have it.

        Raises:
            UserError: a background class that is none of the dataset's.
        """
        ids = {name: number for number, name in enumerate(dataset.classes)}
        unknown = [name for name in options.background if name not in ids]
        if unknown:
            what = f"background names {unknown[0]!r}, which is no class of {dataset.name}"
            raise UserError(what, mend=f"choose from {', '.join(dataset.classes[:10])}")
        background = frozenset(ids[name] for name in options.background)
        return cls(len(dataset.classes), background)

    def spans(self, record: Record) -> tuple[Span, ...]:
        """What happens in a record, cut to its stretch, by start; without background.

        Raises:
            UserError: no spans, or a class id outside the list.
        """
        begins, ends = stretch(record)
        found = []
        for span in SPANS.of(record):
            if not 0 <= span.label < self.classes:
                what = f"class id {span.label} is outside 0 to {self.classes - 1}"
                raise UserError(what, record.sample, "mend the annotation")
            start, end = max(span.start, begins), min(span.end, ends)
            if span.label not in self.background and end > start:
                found.append(Span(span.label, start, end))
        return tuple(sorted(found, key=lambda span: (span.start, -span.end)))

    def ids_at(self, record: Record, moments: Floats) -> NDArray[np.int64]:
        """What happens at some moments: 0 for background, class + 1, or -1 outside the record.

        Where spans overlap, the one that began last counts (of those, the shortest).

        Args:
            record: with spans and a duration.
            moments: (...,) in seconds of the whole video; NaN is outside.
        """
        begins, ends = stretch(record)
        inside = (moments >= begins) & (moments < ends)
        ids = np.where(inside, 0, -1).astype(np.int64)
        for span in self.spans(record):
            ids[(moments >= span.start) & (moments < span.end)] = span.label + 1
        return ids


def stretch(record: Record) -> tuple[float, float]:
    """When a record begins and ends, in seconds of the whole video, as annotated.

    Raises:
        UserError: it has no length.
    """
    begins = record.start or 0.0
    ends = DURATION.of(record) if record.end is None else record.end
    if not ends > begins:
        raise UserError(f"it lasts from {begins} s to {ends} s", record.sample, "mend its duration")
    return begins, ends


def middles(times: Floats) -> Floats:
    """(...) middle of each stretch of times (..., 2)."""
    return np.asarray(times.mean(axis=-1))
