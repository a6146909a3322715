"""Train a network on clips, then test it on the recipe's views of every test video."""

import time
from collections.abc import Iterator

import numpy as np
import torch

from severe_bench.adapt.inputs import Cost, Inputs, Outcome
from severe_bench.adapt.looking import clip_scores, judge_of
from severe_bench.adapt.network import (
    FrozenObjective,
    TaskObjective,
    WholeNetwork,
    frozen,
    outputs_of,
    seeded_head,
    state_digest,
)
from severe_bench.adapt.parts import Pass, Rows, rows_of
from severe_bench.adapt.precise_norms import average_norms
from severe_bench.adapt.views import blocks_of
from severe_bench.data.sources import ClipBatches, Views, test_views
from severe_bench.data.store import VideoStore, shared_store
from severe_bench.models.network import build_network, feature_width
from severe_bench.train.loop import FitSummary, fit


def finetune(inputs: Inputs) -> Outcome:
    """Finetune and test; both go on where an earlier session stopped.

    The head, the order of clips and every augmentation come from the job's seed. A view's output
    becomes part of its video's score by the task's own rule.
    """
    network = _network(inputs)
    return _adapted(network, inputs, TaskObjective(network, inputs.assignment, "clips"))


def probe_on_clips(inputs: Inputs) -> Outcome:
    """Likewise, but only the head trains, on the frozen backbone's features of new clips.

    Batch normalisation in eval mode leaves the backbone the same to the bit, which is checked; in
    train mode its statistics drift, as in SEVERE's linear evaluation.
    """
    network = _network(inputs)
    batch_norm = inputs.job.recipe.probe.batch_norm
    objective = FrozenObjective(network, inputs.assignment, batch_norm)
    if batch_norm == "train":
        return _adapted(network, inputs, objective)
    with frozen(network.backbone):
        return _adapted(network, inputs, objective)


def _adapted(network: WholeNetwork, inputs: Inputs, objective: TaskObjective) -> Outcome:
    store = shared_store(inputs.dataset.root)
    summary = _train(network, inputs, objective, store)
    began = time.perf_counter()
    rows = _test(network, inputs, store)
    return Outcome(
        scores=rows["scores"].astype(np.float32, copy=False),
        cost=Cost.of(summary, clips=summary.clips + int(rows["views"].sum()), began=began),
        selected_epoch=summary.selected_epoch,
    )


def _network(inputs: Inputs) -> WholeNetwork:
    job = inputs.job
    backbone = build_network(job.network, inputs.weights_file)
    clip = job.recipe.clip
    width = feature_width(job.network.backbone, backbone, clip.frames, clip.size)
    return WholeNetwork(backbone, seeded_head(inputs.assignment, width, job.seed))


def _train(
    network: WholeNetwork, inputs: Inputs, objective: TaskObjective, store: VideoStore
) -> FitSummary:
    job, session = inputs.job, inputs.session
    source = ClipBatches(
        store,
        inputs.train,
        inputs.assignment.clip_targets or inputs.targets(inputs.train),
        job.recipe,
        job.network.input,
        seed=job.seed,
        device=session.device,
    )
    judge = judge_of(inputs, clip_scores(network, inputs, store))
    summary = fit(objective, source, job.recipe, session, job.seed, judge=judge)
    if job.recipe.test.precise_norms:
        average_norms(network, source, job.recipe, session.device)
    return summary


def _test(network: WholeNetwork, inputs: Inputs, store: VideoStore) -> Rows:
    """`scores` (N, ...) and number of `views` (N,) of the test records."""
    network.eval()
    recipe, session = inputs.job.recipe, inputs.session

    def blocks(first: int) -> Iterator[Rows]:
        records, statement = inputs.test[first:], inputs.job.network.input
        views = test_views(store, records, recipe, statement, session.device)
        for block in blocks_of(views, recipe, recipe.test.views):
            yield _scored(network, block, inputs)

    plan = Pass("test", len(inputs.test), state_digest(network))
    return rows_of(plan, blocks, session)


def _scored(network: WholeNetwork, block: list[Views], inputs: Inputs) -> Rows:
    clips = torch.cat([video.clips for video in block])
    views = [len(video.weights) for video in block]
    outputs = outputs_of(network, clips, inputs.job.recipe, inputs.session.device)
    scores = [
        inputs.assignment.merge(output, video.weights)
        for output, video in zip(torch.split(outputs, views), block, strict=True)
    ]
    return {"scores": torch.stack(scores).cpu().numpy(), "views": np.array(views)}
