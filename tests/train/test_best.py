"""Selection during training: the best state, the same however often a run is killed."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from severe_bench.core.errors import UserError
from severe_bench.train.best import BEST_FILE, Best, Judge
from severe_bench.train.loop import fit
from tests.train.fakes import Classify, Noise, Wires, assert_same, recipe, state_of
from tests.train.test_loop import Killed, kill_at, momentum

SCORES = (0.2, 0.7, 0.7, float("nan"), 0.1)
PLAN = recipe(schedule={"epochs": 5})


def judge(looked: list[int], scores: tuple[float, ...] = SCORES, every: int = 1) -> Judge:
    def look(epoch: int) -> float:
        looked.append(epoch)
        return scores[epoch]

    return Judge(look, every)


def states(folder: Path) -> list[dict[str, torch.Tensor]]:
    """After each epoch of a run without a judge."""
    found = []
    for epochs in range(1, 6):
        objective = momentum()
        plan = recipe(schedule={"epochs": epochs})
        fit(objective, Noise(), plan, Wires(folder / str(epochs)).session, seed=7)
        found.append(state_of(objective.module))
    return found


def test_the_first_of_the_best_states_is_taken(tmp_path: Path) -> None:
    looked: list[int] = []
    objective = momentum()
    done = fit(objective, Noise(), PLAN, Wires(tmp_path).session, seed=7, judge=judge(looked))
    assert looked == [0, 1, 2, 3, 4]
    assert done.selected_epoch == 2
    assert done.steps == 20
    assert_same(state_of(objective.module), states(tmp_path)[1])


def test_every_other_epoch_and_the_last_are_looked_at(tmp_path: Path) -> None:
    looked: list[int] = []
    last = judge(looked, (0.0, 0.1, 0.9, 0.2, 0.3), every=2)
    done = fit(momentum(), Noise(), PLAN, Wires(tmp_path).session, seed=7, judge=last)
    assert looked == [1, 3, 4]
    assert done.selected_epoch == 5


@pytest.mark.parametrize("at", [0, 3, 4, 9, 19])
def test_a_kill_anywhere_changes_no_bit(tmp_path: Path, at: int) -> None:
    whole = momentum()
    expected = fit(whole, Noise(), PLAN, Wires(tmp_path / "whole").session, seed=7, judge=judge([]))
    folder, due = tmp_path / "killed", lambda call: call % 3 == 0
    session = Wires(folder, kill_at(at), due).session
    with pytest.raises(Killed):
        fit(momentum(), Noise(), PLAN, session, seed=7, judge=judge([]))
    resumed = momentum()
    done = fit(resumed, Noise(), PLAN, Wires(folder).session, seed=7, judge=judge([]))
    assert (done.selected_epoch, done.steps) == (expected.selected_epoch, expected.steps)
    assert_same(state_of(resumed.module), state_of(whole.module))


@pytest.mark.parametrize("at", range(1, 20, 3))
def test_a_stop_in_the_middle_of_an_epoch_is_no_end_of_one(tmp_path: Path, at: int) -> None:
    """The score depends on the state: a look at any other state than an epoch's last would show."""

    def run(folder: Path, seen: set[tuple[int, float]], **limits: Any) -> None:
        objective = momentum()

        def look(epoch: int) -> float:
            weights = [parameter.detach().flatten() for parameter in objective.module.parameters()]
            seen.add((epoch, float(torch.cat(weights).sum())))
            return 0.0

        fit(
            objective,
            Noise(),
            PLAN,
            Wires(folder, **limits).session,
            seed=7,
            judge=Judge(look),
        )

    expected: set[tuple[int, float]] = set()
    run(tmp_path / "whole", expected)
    assert len(expected) == 5
    seen: set[tuple[int, float]] = set()
    with pytest.raises(Killed):
        run(tmp_path / "cut", seen, stop=kill_at(at), due=lambda call: call % 3 == 0)
    run(tmp_path / "cut", seen)
    assert seen == expected


def test_a_kill_in_a_look_repeats_that_look(tmp_path: Path) -> None:
    def dying(epoch: int) -> float:
        if epoch == 2:
            raise Killed
        return SCORES[epoch]

    with pytest.raises(Killed):
        fit(momentum(), Noise(), PLAN, Wires(tmp_path).session, seed=7, judge=Judge(dying))
    looked: list[int] = []
    source = Noise()
    scores = (0.0, 0.0, 0.9, 0.0, 0.0)
    done = fit(
        momentum(), source, PLAN, Wires(tmp_path).session, seed=7, judge=judge(looked, scores)
    )
    assert looked == [2, 3, 4]
    assert source.seen[0] == (3, 0)
    assert done.selected_epoch == 3


def test_a_second_call_returns_the_same_without_training(tmp_path: Path) -> None:
    first, second, source = momentum(), momentum(), Noise()
    fit(first, Noise(), PLAN, Wires(tmp_path).session, seed=7, judge=judge([]))
    done = fit(second, source, PLAN, Wires(tmp_path).session, seed=7, judge=judge([]))
    assert source.seen == []
    assert done.selected_epoch == 2
    assert_same(state_of(first.module), state_of(second.module))


def test_no_score_at_all_is_said(tmp_path: Path) -> None:
    nothing = judge([], (float("nan"),) * 5)
    with pytest.raises(UserError, match="no look at the test split gave a score"):
        fit(momentum(), Noise(), PLAN, Wires(tmp_path).session, seed=7, judge=nothing)


def test_a_damaged_file_is_named_and_another_runs_is_ignored(tmp_path: Path) -> None:
    best = Best(tmp_path, "a")
    best.offer(0, 1.0, nn.Linear(1, 1))
    assert Best(tmp_path, "a").epoch == 0
    assert Best(tmp_path, "b").epoch is None
    content = (tmp_path / BEST_FILE).read_bytes()
    (tmp_path / BEST_FILE).write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match=r"best\.pt: cannot be read"):
        Best(tmp_path, "a")


def test_looks_leave_training_as_it_is(tmp_path: Path) -> None:
    """Whether there are looks or not, dropout and batch norm see the same."""

    def quiet(epoch: int) -> float:
        net.eval()
        return float(epoch)

    net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 3))
    other = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 3))
    other.load_state_dict(net.state_dict())
    fit(Classify(net), Noise(), PLAN, Wires(tmp_path / "a").session, seed=7, judge=Judge(quiet))
    fit(Classify(other), Noise(), PLAN, Wires(tmp_path / "b").session, seed=7)
    assert_same(net.state_dict(), other.state_dict())
