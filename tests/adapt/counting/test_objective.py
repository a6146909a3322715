from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from severe_bench.adapt.counting.anchors import best_ratios, offsets_at, targets
from severe_bench.adapt.counting.objective import CountingObjective, Setting
from severe_bench.adapt.counting.pixels import Look, PartReader
from severe_bench.adapt.counting.rollout import Extents, advance, initial
from severe_bench.adapt.counting.source import RolloutBatches, SubclipReader
from severe_bench.adapt.counting.states import window
from severe_bench.adapt.counting.subclips import draw_subclips
from severe_bench.adapt.network import WholeNetwork
from severe_bench.config.network_input import Input
from severe_bench.core.record import Dataset
from severe_bench.data.reading import Steps
from severe_bench.data.store import VideoStore
from severe_bench.tasks.counting import COUNTING, CountingOptions
from severe_bench.train.batch import Batch
from tests.adapt.counting.fakes import recipe
from tests.adapt.fakes import Tiny

OPTIONS = CountingOptions(clips=2, rollout=11)
ASSIGNMENT = COUNTING.bind(OPTIONS, Dataset("none", Path(), (), ()))


def source(beats: Dataset, batch_size: int = 6) -> RolloutBatches:
    records = beats.of("train")
    subclips = draw_subclips(records, 2, 300, seed=1)
    steps = Steps(len(subclips), batch_size, 1)
    read = PartReader(VideoStore(beats.root), 8)
    return RolloutBatches(SubclipReader(read, records, subclips, steps, 0.5), 11, "cpu")


def objective(backbone: str = "trains", batch_size: int = 6) -> CountingObjective:
    torch.manual_seed(0)
    network = WholeNetwork(Tiny(), ASSIGNMENT.head(8))
    _keep_lengths(network.head)
    plan = recipe(batch_size=batch_size)
    look = Look(Input(), "mean_values", 8)
    made = CountingObjective(
        network,
        Setting(ASSIGNMENT, OPTIONS, plan, look, backbone),  # type: ignore[arg-type]
    )
    made.begin_epoch(0)
    return made


@torch.no_grad()
def _keep_lengths(head: nn.Module) -> None:
    """Predictions around the estimated length, so that states last long enough to reach the end."""
    for parameter in head.parameters():
        parameter.mul_(0.2)
    next(p for p in head.parameters() if p.dim() == 1).view(2, 3, 7)[:, 1, 3] += 2


def numpy_of(batch: Batch, *names: str) -> list[np.ndarray]:
    return [batch.inputs[name].numpy() for name in names]


def extents_of(batch: Batch) -> Extents:
    frames, counts, offsets = numpy_of(batch, "frames", "counts", "offsets")
    first = offsets[:, 0, 0]
    cycles = np.array(
        [f if f != -1 else n / c for f, n, c in zip(first, frames, counts, strict=True)]
    )
    return Extents(frames, cycles, frames / counts, 30, (0.03, 0.35))


def windows(batch: Batch, states: np.ndarray, look: Look) -> torch.Tensor:
    """Frame by frame: the pixels at the window's places, or the constant frame."""
    clips = []
    for row, seen in enumerate(window(states, 8, 1.0).tolist()):
        frames = int(batch.inputs["frames"][row])
        rows = [batch.inputs["rows"][row, max(0, min(place, frames - 1))] for place in seen]
        missing = torch.tensor([[not 0 <= place < frames for place in seen]])
        clips.append(look.clips(torch.stack(rows)[None], missing)[0])
    return torch.stack(clips)


def test_a_rollout_follows_the_predictions(beats: Dataset) -> None:
    """Loss and states of all steps, each computed apart from the states before it."""
    ours, batches = objective(), source(beats)
    network, look = ours.module.network, Look(Input(), "mean_values", 8)
    states = initial(extents_of(batches.batch(0, 0)), batches.batch(0, 0).inputs["draws"].numpy())
    ended = np.zeros(6, dtype=bool)
    for step in range(11):
        batch = batches.batch(0, step)
        extents, draws = extents_of(batch), batch.inputs["draws"].numpy()
        loss = ours.loss(batch)
        if ended.all():
            assert loss is None
            continue
        outputs = network(windows(batch, states, look))
        table, frames = numpy_of(batch, "offsets", "frames")
        wanted = targets(states, offsets_at(states, table, frames), OPTIONS.anchors, 0.5)
        expected = ASSIGNMENT.loss(outputs, torch.from_numpy(wanted))
        assert loss is not None
        assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
        ours.after_step()
        ratios = best_ratios(outputs.detach().numpy(), OPTIONS.anchors, 2.0)
        states, now = advance(states, ratios, extents, draws)
        ended |= now
        assert ours.module.states.tolist() == states.tolist()
        assert ours.module.ended.tolist() == ended.tolist()
    assert ended.any()


def test_a_rollout_stops_when_every_sub_clip_has_ended_and_the_next_one_starts(
    beats: Dataset,
) -> None:
    ours, batches = objective(), source(beats)
    assert ours.loss(batches.batch(0, 0)) is not None
    ours.after_step()
    ours.module.ended.fill_(True)
    before = ours.module.states.clone()
    assert ours.loss(batches.batch(0, 1)) is None
    assert torch.equal(ours.module.states, before)
    assert ours.loss(batches.batch(0, 11)) is not None
    ours.after_step()
    assert not ours.module.ended.all()


def test_a_smaller_last_batch_leaves_no_place_waiting(beats: Dataset) -> None:
    """16 sub-clips in batches of 6: the places that the last 4 leave empty count as ended."""
    ours, batches = objective(), source(beats)
    ours.loss(batches.batch(0, 0))
    ours.after_step()
    last = batches.batch(0, 22)
    assert len(last) == 4
    ours.loss(last)
    ours.after_step()
    assert ours.module.ended[4:].all()
    assert not ours.module.ended[:4].all()


def test_micro_batches_move_as_the_whole_batch(beats: Dataset) -> None:
    """In eval mode, where batch normalisation does not tell parts from the whole."""
    whole, parts, batches = objective(), objective(), source(beats)
    for step in range(6):
        batch = batches.batch(0, step)
        losses = []
        for ours, size in ((whole, 6), (parts, 2)):
            ours.module.eval()
            losses.append([ours.loss(part) for part in batch.split(size)])
            ours.after_step()
        assert [loss is None for loss in losses[1]] == 3 * [losses[0][0] is None]
        assert torch.equal(whole.module.states, parts.module.states)
        assert torch.equal(whole.module.ended, parts.module.ended)


@pytest.mark.parametrize(
    ("backbone", "head_only", "training"),
    [("trains", False, True), ("frozen", True, False), ("drifts", True, True)],
)
def test_what_trains_and_in_which_mode(backbone: str, head_only: bool, training: bool) -> None:
    ours = objective(backbone)
    network = ours.module.network
    expected: Any = network.head if head_only else network
    assert [id(p) for p in ours.parameters()] == [id(p) for p in expected.parameters()]
    assert network.backbone.training == training
    assert network.head.training


def test_the_state_of_a_rollout_is_in_the_state_dict() -> None:
    module = objective().module
    assert isinstance(module, nn.Module)
    assert {"states", "ended"} < set(module.state_dict())
