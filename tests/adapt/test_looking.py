"""Selection on the test split, probes on clips, and averaged norms, on a small real dataset."""

from pathlib import Path

import numpy as np
import pytest
import torch

from severe_bench.adapt.evaluate import run_evaluate
from severe_bench.adapt.finetuning import finetune, probe_on_clips
from severe_bench.adapt.inputs import Inputs
from severe_bench.adapt.looking import clip_scores, judge_of
from severe_bench.adapt.network import WholeNetwork, seeded_head
from severe_bench.adapt.precise_norms import average_norms
from severe_bench.core.errors import Interrupted
from severe_bench.core.record import Dataset
from severe_bench.data.looks import LookReader
from severe_bench.data.sources import ClipBatches
from severe_bench.data.store import VideoStore
from severe_bench.models.network import build_network
from severe_bench.train.checkpoint import CHECKPOINT_FILE
from tests.adapt.fakes import NETWORK, THREE, evaluate_job, recipe
from tests.adapt.test_finetuning import inputs
from tests.train.fakes import Wires

BEST = {"selection": {"model": "best_test", "clips": 2}}


def network() -> WholeNetwork:
    return WholeNetwork(build_network(NETWORK, None), seeded_head(THREE, 8, 0)).eval()


def test_looks_are_at_other_times_in_other_epochs_and_the_same_again(dataset: Dataset) -> None:
    store, plan = VideoStore(dataset.root), recipe(**BEST)
    first, again, other = (
        [LookReader(store, dataset.of("test"), plan, 3, epoch)(n) for n in range(9)]
        for epoch in (1, 1, 2)
    )
    same = [np.array_equal(a.frames, b.frames) for x, y in zip(first, again, strict=True)
            for a, b in zip(x, y, strict=True)]  # fmt: skip
    assert all(same)
    assert len(same) == 18
    moved = [a.times.tolist() != b.times.tolist() for x, y in zip(first, other, strict=True)
             for a, b in zip(x, y, strict=True)]  # fmt: skip
    assert any(moved)


def test_a_look_scores_every_clip_alone(dataset: Dataset, tmp_path: Path) -> None:
    given = inputs(dataset, Wires(tmp_path), recipe=recipe(**BEST))
    net = network()
    scores = clip_scores(net, given, VideoStore(dataset.root))(0)
    assert scores.shape == (18, 3)
    np.testing.assert_allclose(scores.sum(1), 1, rtol=1e-5)
    judge = judge_of(given, lambda epoch: scores)
    assert judge is not None
    truth = np.repeat([record.label for record in dataset.of("test")], 2)
    assert judge.look(0) == pytest.approx(100 * (scores.argmax(1) == truth).mean())
    assert judge_of(inputs(dataset, Wires(tmp_path)), lambda epoch: scores) is None


def test_the_selected_state_is_tested_and_named(dataset: Dataset, tmp_path: Path) -> None:
    """The best of the looks, taken by hand from runs that end after each epoch."""
    done = finetune(inputs(dataset, Wires(tmp_path / "run"), recipe=recipe(**BEST)))
    looks = []
    for epochs in range(1, 5):
        plan = recipe(schedule={"epochs": epochs, "milestones": [3]}, selection={"clips": 2})
        given = inputs(dataset, Wires(tmp_path / str(epochs)), recipe=plan)
        scores = finetune(given).scores
        state = torch.load(tmp_path / str(epochs) / CHECKPOINT_FILE, weights_only=True)["module"]
        net = network()
        net.load_state_dict(state)
        seen = clip_scores(net, given, VideoStore(dataset.root))(epochs - 1)
        truth = np.repeat([record.label for record in dataset.of("test")], 2)
        looks.append(((seen.argmax(1) == truth).mean(), scores))
    best = int(np.argmax([look for look, _ in looks]))
    assert done.selected_epoch == best + 1
    np.testing.assert_allclose(done.scores, looks[best][1], atol=1e-6)


def test_a_stop_in_a_look_is_resumed_to_the_same(dataset: Dataset, tmp_path: Path) -> None:
    given = evaluate_job("finetune", recipe=recipe(**BEST))
    whole = run_evaluate(given, dataset, None, Wires(tmp_path / "whole").session)
    wires = Wires(tmp_path / "stopped", stop=lambda call: call == 8)
    with pytest.raises(Interrupted, match="look after epoch 1"):
        run_evaluate(given, dataset, None, wires.session)
    done = run_evaluate(given, dataset, None, Wires(tmp_path / "stopped").session)
    np.testing.assert_array_equal(done.predictions.scores, whole.predictions.scores)
    assert done.selected_epoch == whole.selected_epoch
    assert done.selected_epoch is not None


def probed(
    dataset: Dataset, folder: Path, batch_norm: str
) -> tuple[Inputs, dict[str, torch.Tensor]]:
    plan = recipe(probe={"reads": "clips", "batch_norm": batch_norm})
    given = inputs(dataset, Wires(folder), recipe=plan)
    probe_on_clips(given)
    return given, torch.load(folder / CHECKPOINT_FILE, weights_only=True)["module"]


def test_a_probe_on_clips_trains_the_head_alone(dataset: Dataset, tmp_path: Path) -> None:
    _, state = probed(dataset, tmp_path, "eval")
    before = network().state_dict()
    changed = {name for name, old in before.items() if not torch.equal(old, state[name])}
    assert changed == {"head.weight", "head.bias"}


def test_norms_in_train_mode_drift_and_nothing_else_does(dataset: Dataset, tmp_path: Path) -> None:
    """SEVERE's linear evaluation: the frozen backbone's running statistics move."""
    _, state = probed(dataset, tmp_path, "train")
    before = network().state_dict()
    changed = {name for name, old in before.items() if not torch.equal(old, state[name])}
    drift = {"running_mean", "running_var", "num_batches_tracked"}
    assert changed == {"head.weight", "head.bias"} | {f"backbone.norm.{name}" for name in drift}


def test_averaged_norms_are_means_over_batches(dataset: Dataset, tmp_path: Path) -> None:
    plan = recipe(test={"precise_norms": 3})
    given = inputs(dataset, Wires(tmp_path), recipe=plan)
    source = ClipBatches(
        VideoStore(dataset.root), given.train, given.targets(given.train), plan, NETWORK.input,
        seed=0,
    )  # fmt: skip
    net, means, variances = network(), [], []
    for step in range(3):
        with torch.no_grad():
            maps = net.backbone.conv(source.batch(plan.schedule.epochs, step).inputs["clips"])
        means.append(maps.mean((0, 2, 3, 4)))
        variances.append(maps.var((0, 2, 3, 4), unbiased=True))
    average_norms(net, source, plan, "cpu")
    norm = net.backbone.norm
    torch.testing.assert_close(norm.running_mean, torch.stack(means).mean(0))
    torch.testing.assert_close(norm.running_var, torch.stack(variances).mean(0))
    assert norm.momentum == 0.1
    assert not net.training
