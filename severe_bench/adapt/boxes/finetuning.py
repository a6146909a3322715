"""Train a network on boxes in key frames, then test it on whole frames."""

import time
from collections.abc import Iterator
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray

from severe_bench.adapt.boxes.asked import asked
from severe_bench.adapt.boxes.clips import (
    BoxBatches,
    WholeFrames,
    by_shape,
    require_readable,
)
from severe_bench.adapt.boxes.network import (
    BoxNetwork,
    box_outputs,
    padded,
    with_boxes,
)
from severe_bench.adapt.inputs import Cost, Inputs, Outcome
from severe_bench.adapt.map_width import map_width
from severe_bench.adapt.network import finite, frozen, seeded_head, state_digest
from severe_bench.adapt.parts import Pass, Rows, rows_of
from severe_bench.adapt.two_parts import Mode, TwoPartObjective
from severe_bench.core.record import Record
from severe_bench.data.store import shared_store
from severe_bench.models.network import build_network
from severe_bench.tasks.ava_detection import AvaDetectionOptions
from severe_bench.train.loop import FitSummary, fit


def finetune(inputs: Inputs) -> Outcome:
    """Backbone and head train together."""
    network = _network(inputs)
    return _adapted(network, inputs, "trains")


def probe_on_clips(inputs: Inputs) -> Outcome:
    """Only the head trains, on the frozen backbone's maps of new clips in every step."""
    network = _network(inputs)
    if inputs.job.recipe.probe.batch_norm == "train":
        return _adapted(network, inputs, "drifts")
    with frozen(network.backbone):
        return _adapted(network, inputs, "frozen")


def _adapted(network: BoxNetwork, inputs: Inputs, mode: Mode) -> Outcome:
    """Train and test; both go on where an earlier session stopped.

    Scores are (N, K, 4 + C): the boxes of each test frame and what the task makes of their outputs.
    The recipe's number and crop of test clips have no say: there is one clip, of whole frames.
    """
    summary = _train(network, inputs, mode)
    began = time.perf_counter()
    scores = _test(network, inputs)
    return Outcome(
        scores=scores,
        cost=Cost.of(summary, clips=summary.clips + len(scores), began=began),
    )


def _network(inputs: Inputs) -> BoxNetwork:
    job = inputs.job
    name = job.network.backbone
    require_readable(name, AvaDetectionOptions.model_validate(job.task_options).frame)
    backbone = build_network(job.network, inputs.weights_file)
    width = map_width(name, backbone, job.recipe.clip)
    return BoxNetwork(name, backbone, seeded_head(inputs.assignment, width, job.seed))


def _train(network: BoxNetwork, inputs: Inputs, mode: Mode) -> FitSummary:
    job, session = inputs.job, inputs.session
    source = BoxBatches(
        shared_store(inputs.dataset.root),
        inputs.train,
        inputs.assignment,
        job.recipe,
        job.network.input,
        seed=job.seed,
        device=session.device,
    )
    reads = ("clips", "boxes")
    objective = TwoPartObjective(network, network.backbone, inputs.assignment, mode, reads)
    return fit(objective, source, job.recipe, session, job.seed)


def _test(network: BoxNetwork, inputs: Inputs) -> NDArray[np.float32]:
    network.eval()
    options = AvaDetectionOptions.model_validate(inputs.job.task_options)
    frames = WholeFrames(
        shared_store(inputs.dataset.root),
        inputs.job.recipe,
        inputs.job.network.input,
        options.frame,
        inputs.session.device,
    )
    most = max(len(asked(record)) for record in inputs.test)

    def blocks(first: int) -> Iterator[Rows]:
        records, batch = inputs.test[first:], inputs.job.recipe.batch_size
        clips = frames.clips(records)
        for start in range(0, len(records), batch):
            some = records[start : start + batch]
            yield {"scores": _scored(network, some, list(islice(clips, batch)), most, inputs)}

    rows = rows_of(Pass("test", len(inputs.test), state_digest(network)), blocks, inputs.session)
    return rows["scores"].astype(np.float32, copy=False)


def _scored(
    network: BoxNetwork,
    records: tuple[Record, ...],
    clips: list[torch.Tensor],
    most: int,
    inputs: Inputs,
) -> NDArray[np.float32]:
    """Scores (n, most, 4 + C) of some frames; those of one shape go through the network at once."""
    recipe = inputs.job.recipe
    boxes = padded([asked(record) for record in records], most).to(inputs.session.device)
    limit = recipe.numerics.micro_batch or recipe.batch_size
    found: dict[int, NDArray[np.float32]] = {}
    for group in by_shape(clips):
        stacked = torch.stack([clips[number] for number in group])
        outputs = finite(box_outputs(network, stacked, boxes[group], recipe.numerics, limit))
        one = torch.ones(1, device=outputs.device)
        for number, output in zip(group, outputs, strict=True):
            merged = inputs.assignment.merge(output[None], one)
            found[number] = with_boxes(boxes[number], merged)
    return np.stack([found[number] for number in range(len(records))])
