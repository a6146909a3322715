"""Train a detector on key frames, then predict, link and score the tubes of every test video."""

import time
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from severe_bench.adapt.inputs import Cost, Inputs, Outcome
from severe_bench.adapt.map_width import map_width
from severe_bench.adapt.network import (
    FrozenObjective,
    TaskObjective,
    frozen,
    outputs_of,
    seeded_head,
    state_digest,
)
from severe_bench.adapt.parts import Pass, Rows, rows_of
from severe_bench.adapt.tubes.clips import (
    RawClips,
    TestReader,
    TrainReader,
    TubeBatches,
    batches_of,
    key_frames,
    longest,
    require_whole,
    video_clips,
)
from severe_bench.adapt.tubes.linking import Linked, linked, over_all_frames
from severe_bench.adapt.tubes.network import OVER_TIME, TubeNetwork, kept
from severe_bench.data.store import VideoStore, shared_store
from severe_bench.models.network import build_network
from severe_bench.tasks.tube_detection import TubeDetectionOptions
from severe_bench.train.loop import FitSummary, fit

SCORED = 5


def finetune(inputs: Inputs) -> Outcome:
    """Backbone and head train together."""
    network = _network(inputs)
    return _adapted(network, TaskObjective(network, inputs.assignment, "clips"), inputs)


def probe(inputs: Inputs) -> Outcome:
    """The head trains on the maps of the frozen backbone, computed anew in every step.

    Batch normalisation in eval mode leaves the backbone the same to the bit; in train mode its
    statistics drift.
    """
    network = _network(inputs)
    batch_norm = inputs.job.recipe.probe.batch_norm
    objective = FrozenObjective(network, inputs.assignment, batch_norm)
    if batch_norm == "train":
        return _adapted(network, objective, inputs)
    with frozen(network.backbone):
        return _adapted(network, objective, inputs)


def _options(inputs: Inputs) -> TubeDetectionOptions:
    return TubeDetectionOptions.model_validate(inputs.job.task_options)


def _network(inputs: Inputs) -> TubeNetwork:
    job = inputs.job
    name = job.network.backbone
    backbone = build_network(job.network, inputs.weights_file)
    width = map_width(name, backbone, job.recipe.clip)
    head = seeded_head(inputs.assignment, width, job.seed)
    return TubeNetwork(name, backbone, OVER_TIME[_options(inputs).time], head)


def _adapted(network: TubeNetwork, objective: TaskObjective, inputs: Inputs) -> Outcome:
    """Train and test; both go on where an earlier session stopped.

    Scores are (N, K, 1 + 5 F), as `metrics.tube_map` reads them. The recipe's number and crop of
    test clips have no say.
    """
    store = shared_store(inputs.dataset.root)
    summary = _train(objective, inputs, store)
    began = time.perf_counter()
    rows = _test(network, inputs, store)
    return Outcome(
        scores=rows["scores"].astype(np.float32, copy=False),
        cost=Cost.of(summary, clips=summary.clips + int(rows["views"].sum()), began=began),
    )


def _train(objective: TaskObjective, inputs: Inputs, store: VideoStore) -> FitSummary:
    job, session = inputs.job, inputs.session
    require_whole(inputs.test)
    keys = key_frames(inputs.train, _options(inputs).key_frames, job.recipe, job.seed)
    reader = TrainReader(store, inputs.train, job.recipe.clip, keys)
    source = TubeBatches(reader, job.recipe, job.network.input, session.device)
    return fit(objective, source, job.recipe, session, job.seed)


def _test(network: TubeNetwork, inputs: Inputs, store: VideoStore) -> Rows:
    """`scores` (N, K, 1 + 5 F) and number of `views` (N,) of the test videos."""
    network.eval()
    device = inputs.session.device
    frames = longest(store, inputs.test, device)
    reader = TestReader(store, inputs.test, inputs.job.recipe.clip, _options(inputs).every)

    def blocks(first: int) -> Iterator[Rows]:
        for raw in video_clips(reader, first, device):
            scores = _scored(network, raw, frames, inputs)
            yield {"scores": scores[None], "views": np.array([len(raw.keys)])}

    plan = Pass("test", len(inputs.test), state_digest(network))
    return rows_of(plan, blocks, inputs.session)


@torch.inference_mode()
def _scored(
    network: TubeNetwork, raw: RawClips, frames: int, inputs: Inputs
) -> NDArray[np.float32]:
    """The tubes (K, 1 + 5 F) of a video."""
    job, device, options = inputs.job, inputs.session.device, _options(inputs)
    recipe = job.recipe
    clips = batches_of(raw, recipe.clip.size, job.network.input, recipe.batch_size, device)
    outputs = torch.cat([outputs_of(network, some, recipe, device) for some in clips])
    weights = torch.full((len(outputs),), 1 / len(outputs), device=device)
    found = kept(inputs.assignment.merge(outputs, weights), options.boxes, options.box_overlap)
    tubes = linked(found, options.tubes, options.tube_overlap)
    return _rows(tubes[: options.most_tubes], raw, (options.most_tubes, frames))


def _rows(tubes: list[Linked], raw: RawClips, shape: tuple[int, int]) -> NDArray[np.float32]:
    most, frames = shape
    rows = np.full((most, 1 + SCORED * frames), np.nan, dtype=np.float32)
    for row, tube in zip(rows, tubes, strict=False):
        row[0] = tube.label
        boxes = over_all_frames(tube, raw.keys, raw.length)
        row[1 : 1 + boxes.size] = boxes.ravel()
    return rows
