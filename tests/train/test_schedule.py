import math

import pytest
import torch

from severe_bench.config.recipe import Schedule
from severe_bench.train.schedule import lr_factor


def curve(schedule: Schedule, steps_per_epoch: int) -> list[float]:
    return [
        lr_factor(schedule, epoch, step, steps_per_epoch)
        for epoch in range(schedule.epochs)
        for step in range(steps_per_epoch)
    ]


def test_multistep_by_hand() -> None:
    schedule = Schedule(epochs=6, milestones=(2, 4), gamma=0.3)
    assert curve(schedule, 2) == [1, 1, 1, 1, 0.3, 0.3, 0.3, 0.3, *[pytest.approx(0.09)] * 4]


def test_severe_finetuning_ends_at_a_twenty_seventh_thousandth() -> None:
    """Milestones 60, 100, 140 with gamma 0.3 end at 0.027, with the paper's 0.1 at 0.001."""
    for gamma, last in ((0.3, 0.027), (0.1, 0.001)):
        schedule = Schedule(epochs=160, milestones=(60, 100, 140), gamma=gamma)
        assert lr_factor(schedule, 159, 0, 10) == pytest.approx(last)
        assert lr_factor(schedule, 139, 9, 10) == pytest.approx(last / gamma)


@pytest.mark.parametrize("gamma", [0.1, 0.3, 0.5])
def test_multistep_is_torchs(gamma: float) -> None:
    schedule = Schedule(epochs=12, milestones=(3, 7, 11), gamma=gamma)
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    reference = torch.optim.lr_scheduler.MultiStepLR(optimiser, [3, 7, 11], gamma)
    for epoch in range(12):
        assert lr_factor(schedule, epoch, 0, 5) == pytest.approx(optimiser.param_groups[0]["lr"])
        optimiser.step()
        reference.step()


def test_constant_stays() -> None:
    assert set(curve(Schedule(epochs=3, kind="constant", milestones=(1,)), 3)) == {1.0}


def test_cosine_by_hand_and_per_step() -> None:
    half = math.cos(math.pi / 4)
    expected = [1, (1 + half) / 2, 0.5, (1 - half) / 2]
    assert curve(Schedule(epochs=2, kind="cosine"), 2) == pytest.approx(expected)


def test_warmup_by_hand() -> None:
    schedule = Schedule(epochs=3, kind="constant", warmup_epochs=2)
    assert curve(schedule, 2) == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]


def test_half_an_epoch_of_warmup() -> None:
    schedule = Schedule(epochs=1, kind="constant", warmup_epochs=0.5)
    assert curve(schedule, 4) == [0.5, 1.0, 1.0, 1.0]


def test_warmup_and_multistep_multiply() -> None:
    schedule = Schedule(epochs=4, milestones=(1, 3), gamma=0.1, warmup_epochs=2)
    assert curve(schedule, 1) == pytest.approx([0.5, 0.1, 0.1, 0.01])


def test_cosine_falls_over_what_warmup_leaves() -> None:
    schedule = Schedule(epochs=4, kind="cosine", warmup_epochs=2)
    assert curve(schedule, 1) == pytest.approx([0.5, 1.0, 1.0, 0.5])


def test_warmup_longer_than_training_never_ends() -> None:
    schedule = Schedule(epochs=2, kind="cosine", warmup_epochs=4)
    assert curve(schedule, 1) == [0.25, 0.5]


def test_charades_warms_up_from_a_rate() -> None:
    """PySlowFast: from 1e-4 to 0.0375 over four epochs, linear in the fraction of the epoch."""
    schedule = Schedule(epochs=57, milestones=(41, 49), warmup_epochs=4, warmup_lr=1e-4)
    for epoch, step in ((0, 0), (1, 3), (3, 9)):
        done = epoch + step / 10
        expected = 1e-4 + (0.0375 - 1e-4) * done / 4
        assert 0.0375 * lr_factor(schedule, epoch, step, 10, 0.0375) == pytest.approx(expected)
    assert lr_factor(schedule, 4, 0, 10, 0.0375) == 1.0
    assert lr_factor(schedule, 49, 0, 10, 0.0375) == pytest.approx(0.01)
