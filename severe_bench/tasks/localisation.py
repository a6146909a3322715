"""Temporal localisation: from when to when does which action last?

A plain anchor-free head of one level (Tian et al. 2019, FCOS; in time: Zhang et al. 2022,
ActionFormer, without its transformer and its pyramid): every snippet says for each class whether
its middle is inside an action, and how far it is to that action's start and end. See `spans_found`
for the loss, and for the suppression of what overlaps.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from severe_bench.core.extras import DURATION, SPANS
from severe_bench.core.padding import padded
from severe_bench.core.record import Dataset, Record
from severe_bench.tasks.task import Assignment, Task
from severe_bench.tasks.timeline import (
    Annotation,
    Floats,
    TimelineOptions,
    middles,
    stretch,
)

if TYPE_CHECKING:
    import torch

BACKGROUND = -1


class LocalisationOptions(TimelineOptions):
    """Of localisation, beside those of every task on timelines.

    Args:
        min_score: of a span that is kept.
        spread: of soft suppression: a span's score is multiplied by exp(-overlap ** 2 / spread) for
            each better one of its class (Bodla et al. 2017, Gaussian).
        most: spans kept of a video, the best.
    """

    min_score: Annotated[float, Field(ge=0, lt=1)] = 0.01
    spread: Annotated[float, Field(gt=0)] = 0.5
    most: Annotated[int, Field(ge=1)] = 100


def bind(options: LocalisationOptions, dataset: Dataset) -> Assignment:
    """Outputs (B, V, classes + 2) of snippets: logits of each class, then start and end.

    Targets (N, M, 3) and scores (N, K, 4) are as `metrics.localisation` has them; what is trained
    on is (B, V, 3): class id of the shortest span around the middle of a snippet, or -1, and how
    many hops it is to the span's start and end; NaN where there is no snippet. `merge` gives
    probabilities and distances (V, classes + 2); weights have no say.
    """
    annotation = Annotation.of(options, dataset)
    return Assignment(
        head=options.head(annotation.classes + 2),
        targets=partial(_targets, annotation=annotation),
        loss=_loss,
        merge=_merge,
        clip_targets=partial(_of_snippets, annotation=annotation),
        placed=partial(_placed, options=options),
    )


def _targets(records: Sequence[Record], annotation: Annotation) -> "torch.Tensor":
    import torch

    rows = [
        np.array([(s.start, s.end, s.label) for s in annotation.spans(record)]).reshape(-1, 3)
        for record in records
    ]
    return torch.from_numpy(padded(rows, np.nan).astype(np.float32))


def _of_snippets(
    records: Sequence[Record], times: Floats, annotation: Annotation
) -> "torch.Tensor":
    import torch

    rows = [_of_one(*pair, annotation) for pair in zip(records, times, strict=True)]
    return torch.from_numpy(np.stack(rows))


def _of_one(record: Record, times: Floats, annotation: Annotation) -> NDArray[np.float32]:
    """(V, 3) of a video's snippets."""
    begins, ends = stretch(record)
    centres, hop = middles(times), times[0, 1] - times[0, 0]
    rows = np.zeros((len(times), 3), dtype=np.float32)
    rows[:, 0] = BACKGROUND
    for span in sorted(annotation.spans(record), key=lambda span: span.start - span.end):
        inside = (centres >= span.start) & (centres < span.end)
        to_start, to_end = (centres - span.start) / hop, (span.end - centres) / hop
        rows[inside] = np.stack([np.full(len(rows), span.label), to_start, to_end], axis=1)[inside]
    rows[~((centres >= begins) & (centres < ends))] = np.nan
    return rows


def _loss(outputs: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
    from severe_bench.tasks.spans_found import span_loss

    return span_loss(outputs, targets)


def _merge(outputs: "torch.Tensor", _: "torch.Tensor") -> "torch.Tensor":
    from severe_bench.tasks.spans_found import decoded

    return decoded(outputs)


def _placed(
    merged: NDArray[np.float32], times: Floats, record: Record, options: LocalisationOptions
) -> NDArray[np.float32]:
    from severe_bench.tasks.spans_found import Suppression, spans_found

    how = Suppression(options.min_score, options.spread, options.most)
    return spans_found(merged, times, stretch(record), how)


LOCALISATION = Task(
    name="localisation",
    options=LocalisationOptions,
    bind=bind,
    metrics=("span_map", *(f"span_map_0{number}0" for number in range(1, 8))),
    headline="span_map",
    procedure="timeline",
    unit="timeline",
    unit_options=TimelineOptions.of_rows,
    clips=TimelineOptions.clips,
    needs=lambda _: (SPANS.name, DURATION.name),
)
