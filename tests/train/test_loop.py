import random
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from severe_bench.core.errors import Interrupted, NotFinite
from severe_bench.train.batch import Batch
from severe_bench.train.checkpoint import CHECKPOINT_FILE
from severe_bench.train.errors import NanLoss
from severe_bench.train.loop import FitSummary, fit
from tests.train.fakes import Classify, Momentum, Noise, Pair, Wires, assert_same, recipe, state_of

OPTIMISERS = [
    {"name": "adam", "lr": 0.05},
    {"name": "adamw", "lr": 0.05, "weight_decay": 0.1},
    {"name": "sgd", "lr": 0.1, "momentum": 0.9},
]
SCHEDULES = [
    {"epochs": 3, "milestones": [2]},
    {"epochs": 3, "kind": "cosine", "warmup_epochs": 1},
]
STEPS = 12


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def momentum() -> Momentum:
    torch.manual_seed(3)
    return Momentum(Pair())


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the process is saved."""


def kill_at(step: int) -> Callable[[int], bool]:
    """A stop poll that kills the process at its `step`-th call."""

    def stop(call: int) -> bool:
        if call >= step:
            raise Killed
        return False

    return stop


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_stopping_anywhere_changes_no_bit(
    tmp_path: Path, optimiser: dict[str, object], schedule: dict[str, object]
) -> None:
    """Batch norm, dropout, a momentum encoder and a queue; stopped after every single step."""
    plan = recipe(optimiser=optimiser, schedule=schedule)
    whole = momentum()
    expected = fit(whole, Noise(), plan, Wires(tmp_path / "whole").session, seed=7)
    folder = tmp_path / "stopped"
    for done in range(1, STEPS):
        stopper = Wires(folder, stop=lambda call: call == 1)
        with pytest.raises(Interrupted, match=f"after {done} of {STEPS}"):
            fit(momentum(), Noise(), plan, stopper.session, seed=7)
    pieces = momentum()
    summary = fit(pieces, Noise(), plan, Wires(folder).session, seed=7)
    assert_same(state_of(pieces.module), state_of(whole.module))
    assert (summary.steps, summary.final_loss, summary.clips) == (
        expected.steps,
        expected.final_loss,
        expected.clips,
    )


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_a_fused_optimiser_resumes_to_the_bit(tmp_path: Path, optimiser: dict[str, object]) -> None:
    plan = recipe(optimiser=optimiser, numerics={"fused": True})
    whole, pieces = momentum(), momentum()
    fit(whole, Noise(), plan, Wires(tmp_path / "whole").session, seed=7)
    stopper = Wires(tmp_path / "stopped", stop=lambda call: call == 5)
    with pytest.raises(Interrupted):
        fit(momentum(), Noise(), plan, stopper.session, seed=7)
    fit(pieces, Noise(), plan, Wires(tmp_path / "stopped").session, seed=7)
    assert_same(state_of(pieces.module), state_of(whole.module))


def test_the_recipe_says_whether_steps_are_fused(tmp_path: Path) -> None:
    """Both ways agree, but not to the bit: so it is part of what a cell is."""
    states = []
    for fused in (False, True):
        torch.manual_seed(3)
        objective = Classify(nn.Linear(4, 99))
        plan = recipe(numerics={"fused": fused})
        fit(objective, Noise(), plan, Wires(tmp_path / str(fused)).session, seed=7)
        states.append(state_of(objective.module))
    torch.testing.assert_close(*states, atol=1e-5, rtol=1e-5)
    assert any(not torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.parametrize("seed", range(8))
def test_being_killed_at_random_steps_changes_no_bit(tmp_path: Path, seed: int) -> None:
    """Everything since the last checkpoint is lost, and done again to the same bits."""
    draws = random.Random(seed)
    plan = recipe(optimiser=draws.choice(OPTIMISERS), schedule=draws.choice(SCHEDULES))
    whole = momentum()
    expected = fit(whole, Noise(), plan, Wires(tmp_path / "whole").session, seed=7)
    folder = tmp_path / "killed"
    for _ in range(4):
        stop, due = kill_at(draws.randint(0, STEPS)), lambda call: draws.random() < 0.4
        try:
            fit(momentum(), Noise(), plan, Wires(folder, stop, due).session, seed=7)
        except Killed:
            continue
    pieces = momentum()
    summary = fit(pieces, Noise(), plan, Wires(folder).session, seed=7)
    assert_same(state_of(pieces.module), state_of(whole.module))
    assert summary.final_loss == expected.final_loss
    assert summary.clips == expected.clips == STEPS * 6


def test_a_finished_run_is_not_run_again(tmp_path: Path) -> None:
    first = momentum()
    expected = fit(first, Noise(), recipe(), Wires(tmp_path).session, seed=7)
    source, again = Noise(), momentum()
    assert fit(again, source, recipe(), Wires(tmp_path).session, seed=7) == expected
    assert source.seen == []
    assert_same(state_of(again.module), state_of(first.module))


def test_resuming_asks_for_the_modes_and_for_no_batch_twice(tmp_path: Path) -> None:
    source, wires = Noise(), Wires(tmp_path, stop=lambda call: call == 6)
    objective = momentum()
    with pytest.raises(Interrupted):
        fit(objective, source, recipe(), wires.session, seed=7)
    fit(resumed := momentum(), source, recipe(), Wires(tmp_path).session, seed=7)
    assert source.seen == [(epoch, step) for epoch in range(3) for step in range(4)]
    assert objective.epochs == [0, 1]
    assert resumed.epochs == [1, 2]


@pytest.mark.parametrize("change", ["recipe", "seed", "network", "length"])
def test_a_foreign_checkpoint_is_set_aside(
    tmp_path: Path, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    stop = Wires(tmp_path, stop=lambda call: call == 5)
    with pytest.raises(Interrupted):
        fit(momentum(), Noise(), recipe(), stop.session, seed=7)
    plan = recipe(batch_size=5) if change == "recipe" else recipe()
    source = Noise(steps_per_epoch=3) if change == "length" else Noise()
    objective = Classify(nn.Linear(4, 3)) if change == "network" else momentum()
    summary = fit(
        objective, source, plan, Wires(tmp_path).session, seed=8 if change == "seed" else 7
    )
    assert source.seen[0] == (0, 0)
    assert summary.steps == 3 * source.steps_per_epoch
    assert (tmp_path / "checkpoint.pt.damaged").exists()
    assert "cannot be resumed from" in caplog.text


@pytest.mark.parametrize("micro", [1, 2, 4, 5, 6, None])
@pytest.mark.parametrize("optimiser", [OPTIMISERS[0], OPTIMISERS[2]])
def test_accumulated_gradients_are_those_of_the_whole_batch(
    tmp_path: Path, micro: int | None, optimiser: dict[str, object]
) -> None:
    """Without batch norm; 4 and 5 leave a smaller last micro-batch, which weighs less."""

    def trained(folder: Path, size: int | None) -> tuple[dict[str, torch.Tensor], FitSummary]:
        torch.manual_seed(3)
        net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)).double()
        plan = recipe(optimiser=optimiser, numerics={"micro_batch": size})
        summary = fit(Classify(net), Doubles(), plan, Wires(folder).session, seed=7)
        return state_of(net), summary

    class Doubles(Noise):
        def batch(self, epoch: int, step: int) -> Batch:
            batch = super().batch(epoch, step)
            batch.inputs["features"] = batch.inputs["features"].double()
            return batch

    whole, expected = trained(tmp_path / "whole", None)
    parts, summary = trained(tmp_path / "parts", micro)
    for name, tensor in whole.items():
        torch.testing.assert_close(parts[name], tensor, rtol=1e-9, atol=1e-9)
    assert summary.final_loss == pytest.approx(expected.final_loss, rel=1e-5)


def test_one_step_by_hand(tmp_path: Path) -> None:
    """Plain SGD on one linear layer is w - lr * gradient, gradient from autograd apart."""
    torch.manual_seed(3)
    net = nn.Linear(4, 3)
    before, batch = state_of(net), Noise().batch(0, 0)
    reference = nn.functional.cross_entropy(
        nn.functional.linear(
            batch.inputs["features"], weight := before["weight"].requires_grad_(), before["bias"]
        ),
        batch.targets,
    )
    (gradient,) = torch.autograd.grad(reference, weight)
    plan = recipe(optimiser={"name": "sgd", "lr": 0.1, "momentum": 0.0}, schedule={"epochs": 1})
    summary = fit(Classify(net), Noise(steps_per_epoch=1), plan, Wires(tmp_path).session, seed=7)
    torch.testing.assert_close(net.weight, weight - 0.1 * gradient)
    assert summary.final_loss == pytest.approx(reference.item())


def test_after_step_sees_the_updated_parameters_once_per_step(tmp_path: Path) -> None:
    """One step: the key encoder moves a tenth of the way to the query encoder as it is now."""
    objective = momentum()
    before = [parameter.clone() for parameter in objective.module.key.parameters()]
    plan = recipe(schedule={"epochs": 1})
    fit(objective, Noise(steps_per_epoch=1), plan, Wires(tmp_path).session, seed=7)
    after = objective.module.key.parameters(), objective.module.query.parameters()
    for old, key, query in zip(before, *after, strict=True):
        torch.testing.assert_close(key.data, old + 0.1 * (query.data - old))
    assert objective.module.head.item() == 1


class Poisoned(Noise):
    """Inputs become NaN or infinite at one step."""

    poison = float("nan")

    def batch(self, epoch: int, step: int) -> Batch:
        batch = super().batch(epoch, step)
        if (epoch, step) == (1, 2):
            batch.inputs["features"][0, 0] = self.poison
        return batch


@pytest.mark.parametrize("poison", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_names_epoch_and_step(tmp_path: Path, poison: float) -> None:
    source = Poisoned()
    source.poison = poison
    net = nn.Linear(4, 3)
    with pytest.raises(NanLoss, match="epoch 2, step 3") as caught:
        fit(Classify(net), source, recipe(), Wires(tmp_path).session, seed=7)
    assert (caught.value.epoch, caught.value.step) == (1, 2)
    assert all(torch.isfinite(tensor).all() for tensor in net.state_dict().values())


def test_parameters_that_the_last_step_broke_are_refused_and_so_again(tmp_path: Path) -> None:
    """The loss of a step is that of the parameters before it: the last one's result is unseen."""
    plan = recipe(optimiser={"name": "sgd", "lr": 1e38}, schedule={"epochs": 1})
    for _ in range(2):
        net = nn.Linear(4, 3)
        nn.init.constant_(net.weight, 1e38)
        with pytest.raises(NotFinite, match="of the network's parameters are not finite after"):
            fit(Lifted(net), Noise(steps_per_epoch=1), plan, Wires(tmp_path).session, seed=7)


class Lifted(Classify):
    """A finite loss whose gradient, times the rate, is beyond all numbers."""

    def loss(self, batch: Batch) -> torch.Tensor:
        return (self.module(batch.inputs["features"] * 1e-38) * 1e3).sum()


def test_every_step_is_reported(tmp_path: Path) -> None:
    wires = Wires(tmp_path)
    summary = fit(momentum(), Noise(), recipe(), wires.session, seed=7)
    reports = wires.reports
    assert [report.done for report in reports] == list(range(1, STEPS + 1))
    assert {report.total for report in reports} == {STEPS}
    assert [report.epoch for report in reports] == [1] * 4 + [2] * 4 + [3] * 4
    assert {report.stage for report in reports} == {"train"}
    assert reports[-1].loss == summary.final_loss
    assert all(report.rate is not None and report.rate > 0 for report in reports)


def test_checkpoints_are_written_when_due_and_at_the_end(tmp_path: Path) -> None:
    stamps: list[int] = []

    def due(call: int) -> bool:
        stamps.append((tmp_path / CHECKPOINT_FILE).exists())
        return call == 3

    fit(momentum(), Noise(), recipe(), Wires(tmp_path, due=due).session, seed=7)
    assert stamps == [False] * 4 + [True] * (STEPS - 4)
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT_FILE]


def test_global_random_state_neither_matters_nor_changes(tmp_path: Path) -> None:
    results = []
    for noise in (1, 2):
        objective = momentum()
        torch.manual_seed(noise)
        before = torch.get_rng_state()
        fit(objective, Noise(), recipe(), Wires(tmp_path / str(noise)).session, seed=7)
        assert torch.equal(torch.get_rng_state(), before)
        results.append(state_of(objective.module))
    assert_same(*results)


def test_another_seed_draws_other_dropout(tmp_path: Path) -> None:
    states = []
    for seed in (1, 2):
        objective = momentum()
        fit(objective, Noise(), recipe(), Wires(tmp_path / str(seed)).session, seed=seed)
        states.append(objective.module.query[0].weight)
    assert not torch.equal(*states)


def test_learns_and_cannot_learn_shuffled_labels(tmp_path: Path) -> None:
    """A linear rule is learned to near perfection; with labels drawn apart, to chance only."""

    class Rule(Noise):
        apart = False

        def batch(self, epoch: int, step: int) -> Batch:
            batch = super().batch(epoch, step)
            answer = batch.inputs["features"][:, :3].argmax(1)
            return batch if self.apart else Batch(batch.inputs, answer)

    held_out = Rule((600, 4)).batch(99, 0)
    accuracy = {}
    for apart in (False, True):
        source = Rule((32, 4), steps_per_epoch=20)
        source.apart = apart
        torch.manual_seed(3)
        net = nn.Linear(4, 3)
        plan = recipe(schedule={"epochs": 10, "kind": "constant"})
        fit(Classify(net), source, plan, Wires(tmp_path / str(apart)).session, seed=7)
        right = net(held_out.inputs["features"]).argmax(1) == held_out.targets
        accuracy[apart] = right.float().mean().item()
    assert accuracy[False] > 0.95
    assert 0.2 < accuracy[True] < 0.47


class Picky(Classify):
    """Learns nothing from batches, or parts of them, whose first class is 0."""

    def loss(self, batch: Batch) -> torch.Tensor | None:  # type: ignore[override]
        return None if int(batch.targets[0]) == 0 else super().loss(batch)


def test_a_step_without_loss_changes_nothing_but_the_position(tmp_path: Path) -> None:
    """Adam would otherwise go on by its momentum, and weight decay would shrink the weights."""

    class Nothing(Classify):
        def loss(self, batch: Batch) -> None:  # type: ignore[override]
            return None

        def after_step(self) -> None:
            raise AssertionError("there was no step")

    network = nn.Linear(4, 3)
    before = state_of(network)
    plan = recipe(optimiser={"name": "adamw", "lr": 0.1, "weight_decay": 0.5})
    summary = fit(Nothing(network), Noise(), plan, Wires(tmp_path).session, seed=0)
    assert_same(state_of(network), before)
    assert (summary.steps, summary.clips) == (STEPS, 0)


def test_steps_without_loss_are_left_out_and_resumed_over(tmp_path: Path) -> None:
    """As if only the other batches had been there; stopped after every step."""
    plan, source = recipe(schedule={"epochs": 3, "kind": "constant"}), Noise()
    learnt = [b for e in range(3) for s in range(4) if int((b := source.batch(e, s)).targets[0])]
    assert 0 < len(learnt) < STEPS
    torch.manual_seed(0)
    ours, apart = nn.Linear(4, 3), nn.Linear(4, 3)
    start = state_of(ours)
    apart.load_state_dict(start)
    optimiser = torch.optim.Adam(apart.parameters(), lr=0.05)
    for batch in learnt:
        optimiser.zero_grad()
        nn.functional.cross_entropy(apart(batch.inputs["features"]), batch.targets).backward()
        optimiser.step()
    for _ in range(STEPS - 1):
        stopper = Wires(tmp_path, stop=lambda call: call == 1)
        ours.load_state_dict(start)
        with pytest.raises(Interrupted):
            fit(Picky(ours), Noise(), plan, stopper.session, seed=0)
    summary = fit(Picky(ours), Noise(), plan, Wires(tmp_path).session, seed=0)
    assert_same(state_of(ours), state_of(apart))
    assert summary.clips == 6 * len(learnt)


def test_parts_without_loss_leave_the_others_theirs(tmp_path: Path) -> None:
    """Two micro-batches of three: the gradient is that of the part that has a loss, halved."""
    plan = recipe(
        optimiser={"name": "sgd", "lr": 1.0, "momentum": 0.0},
        schedule={"epochs": 1, "kind": "constant"},
        numerics={"micro_batch": 3},
    )

    class Mixed(Noise):
        def batch(self, epoch: int, step: int) -> Batch:
            inputs = super().batch(epoch, step).inputs
            return Batch(inputs, torch.tensor([0, 1, 2, 1, 2, 0]))

    network = nn.Linear(4, 3)
    before = state_of(network)
    fit(Picky(network), Mixed(steps_per_epoch=1), plan, Wires(tmp_path).session, seed=0)
    expected = nn.Linear(4, 3)
    expected.load_state_dict(before)
    part = Mixed().batch(0, 0).split(3)[1]
    loss = nn.functional.cross_entropy(expected(part.inputs["features"]), part.targets) / 2
    loss.backward()
    assert expected.weight.grad is not None
    torch.testing.assert_close(network.weight.detach(), before["weight"] - expected.weight.grad)
