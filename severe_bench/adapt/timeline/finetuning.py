"""Train backbone and head on windows of snippets, then test them on whole videos.

A window's clips go through the backbone together, with gradient: `batch_size` and `micro_batch` of
the recipe count windows here, each of `window` snippets, in training, and clips in testing. The
head is trained on windows and tested on all of a video at once.
"""

import time
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from severe_bench.adapt.inputs import Cost, Inputs, Outcome
from severe_bench.adapt.network import frozen, seeded_head, state_digest
from severe_bench.adapt.parts import Pass, Rows, rows_of
from severe_bench.adapt.timeline.features import vectors_of
from severe_bench.adapt.timeline.grid import Grid
from severe_bench.adapt.timeline.network import WindowNetwork, head_outputs
from severe_bench.adapt.timeline.placing import placed
from severe_bench.adapt.timeline.reading import SnippetReader, grids, timelines
from severe_bench.adapt.timeline.windows import WindowBatches, WindowReader
from severe_bench.adapt.two_parts import Mode, TwoPartObjective
from severe_bench.config.recipe import Clip
from severe_bench.core.padding import padded
from severe_bench.core.record import Record
from severe_bench.data.reading import Steps
from severe_bench.data.store import shared_store
from severe_bench.models.network import build_network, feature_width
from severe_bench.tasks.timeline import TimelineOptions
from severe_bench.train.loop import FitSummary, fit


def finetune(inputs: Inputs) -> Outcome:
    """Backbone and head train together."""
    return _adapted(_network(inputs), inputs, "trains")


def probe_on_clips(inputs: Inputs) -> Outcome:
    """Only the head trains, on the frozen backbone's vectors of new windows in every step."""
    network = _network(inputs)
    if inputs.job.recipe.probe.batch_norm == "train":
        return _adapted(network, inputs, "drifts")
    with frozen(network.backbone):
        return _adapted(network, inputs, "frozen")


def _adapted(network: WindowNetwork, inputs: Inputs, mode: Mode) -> Outcome:
    """Train and test; both go on where an earlier session stopped."""
    summary = _train(network, inputs, mode)
    began = time.perf_counter()
    rows, scores = _test(network, inputs)
    length = _options(inputs).window
    return Outcome(
        scores=scores,
        cost=Cost.of(summary, clips=summary.clips * length + int(rows["views"].sum()), began=began),
    )


def _options(inputs: Inputs) -> TimelineOptions:
    schema = inputs.task.options
    options = schema.model_validate(inputs.job.task_options)
    assert isinstance(options, TimelineOptions)  # noqa: S101 - tasks on timelines have these
    return options


def _reader(inputs: Inputs, records: tuple[Record, ...], clip: Clip) -> SnippetReader:
    store = shared_store(inputs.dataset.root)
    return SnippetReader(store, records, clip, _options(inputs).of_rows())


def _network(inputs: Inputs) -> WindowNetwork:
    job = inputs.job
    backbone = build_network(job.network, inputs.weights_file)
    clip = job.recipe.clip
    width = feature_width(job.network.backbone, backbone, clip.frames, clip.size)
    head = seeded_head(inputs.assignment, width, job.seed)
    return WindowNetwork(backbone, head, job.recipe.numerics)


def _train(network: WindowNetwork, inputs: Inputs, mode: Mode) -> FitSummary:
    job, session = inputs.job, inputs.session
    steps = Steps.of(len(inputs.train), job.recipe, job.seed)
    snippets = _reader(inputs, inputs.train, job.recipe.clip)
    reader = WindowReader(snippets, steps, _options(inputs).window)
    statement, device = job.network.input, session.device
    source = WindowBatches(reader, inputs.assignment, job.recipe, statement, device)
    objective = TwoPartObjective(network, network.backbone, inputs.assignment, mode)
    return fit(objective, source, job.recipe, session, job.seed)


def _test(network: WindowNetwork, inputs: Inputs) -> tuple[Rows, NDArray[np.float32]]:
    """What was merged of every test video (N, V, ...) and `views` (N,); and the scores."""
    network.eval()
    job, device = inputs.job, inputs.session.device
    reader = _reader(inputs, inputs.test, job.recipe.test_clip)
    rows_in_time = grids(reader, device)
    counts = [grid.count for grid in rows_in_time]

    def blocks(first: int) -> Iterator[Rows]:
        videos = timelines(reader, counts, first, job.recipe, job.network.input, device)
        for pieces in videos:
            yield _merged(network, pieces, max(counts), inputs)

    rows = rows_of(Pass("test", len(counts), state_digest(network)), blocks, inputs.session)
    return rows, _placed(rows, rows_in_time, inputs)


@torch.inference_mode()
def _merged(
    network: WindowNetwork, pieces: Iterator[torch.Tensor], most: int, inputs: Inputs
) -> Rows:
    recipe, device = inputs.job.recipe, inputs.session.device
    vectors = vectors_of(network.backbone, pieces, recipe, device)
    outputs = head_outputs(network.head, vectors)
    weights = torch.full((len(outputs),), 1 / len(outputs), device=device)
    merged = inputs.assignment.merge(outputs, weights).cpu().numpy()
    return {"merged": padded([merged], np.nan, most), "views": np.array([len(merged)])}


def _placed(rows: Rows, rows_in_time: list[Grid], inputs: Inputs) -> NDArray[np.float32]:
    scores = [
        placed(inputs.assignment, merged[: grid.count], grid.times, record)
        for merged, grid, record in zip(rows["merged"], rows_in_time, inputs.test, strict=True)
    ]
    return padded(scores, np.nan)
