from contextlib import ExitStack

import pytest
import torch
from torch import nn

from severe_bench.adapt.network import (
    TaskObjective,
    WholeNetwork,
    frozen,
    outputs_of,
    seeded_head,
    state_digest,
)
from severe_bench.train.batch import Batch
from tests.adapt.fakes import COUNTS, THREE, Tiny, recipe


def test_head_depends_on_its_seed_only() -> None:
    torch.manual_seed(1)
    first = seeded_head(THREE, 8, seed=4)
    before = torch.get_rng_state()
    second = seeded_head(THREE, 8, seed=4)
    assert torch.equal(torch.get_rng_state(), before)
    assert state_digest(first) == state_digest(second)
    assert state_digest(seeded_head(THREE, 8, seed=5)) != state_digest(first)


@pytest.mark.parametrize("name", ["conv.weight", "norm.running_mean", "norm.num_batches_tracked"])
def test_the_digest_sees_the_last_bit_of_parameters_and_buffers(name: str) -> None:
    module = Tiny()
    before = state_digest(module)
    flat = module.state_dict()[name].view(-1)
    counts = flat.dtype == torch.int64
    flat[0] = flat[0] + 1 if counts else torch.nextafter(flat[0], torch.tensor(9.0))
    assert state_digest(module) != before


def test_the_digest_does_not_see_memory_layout() -> None:
    module = Tiny()
    before = state_digest(module)
    weight = module.conv.weight
    weight.data = weight.data.contiguous(memory_format=torch.channels_last_3d)
    assert state_digest(module) == before


def test_frozen_is_eval_mode_and_unchanged() -> None:
    module = Tiny().train()
    with frozen(module):
        module(torch.randn(4, 3, 6, 16, 16))
        assert not module.training
        assert not any(parameter.requires_grad for parameter in module.parameters())


def test_batch_norm_left_in_train_mode_is_caught() -> None:
    """The fault of SEVERE's linear evaluation: running statistics drift in a frozen network."""
    module, freezing = Tiny(), ExitStack()
    freezing.enter_context(frozen(module))
    module.train()
    module(torch.randn(4, 3, 6, 16, 16))
    with pytest.raises(RuntimeError, match="frozen backbone has changed"):
        freezing.close()


@pytest.mark.parametrize("numerics", [{}, {"channels_last": False}, {"micro_batch": 2}])
def test_outputs_are_those_of_one_pass(numerics: dict[str, object]) -> None:
    module = Tiny().eval()
    clips = torch.randn(7, 3, 6, 16, 16)
    outputs = outputs_of(module, clips, recipe(numerics=numerics), "cpu")
    torch.testing.assert_close(outputs, module(clips).detach())


def test_no_pass_is_larger_than_in_training() -> None:
    sizes: list[int] = []
    module = Tiny().eval()
    module.register_forward_pre_hook(lambda module, inputs: sizes.append(len(inputs[0])))
    clips = torch.randn(7, 3, 6, 16, 16)
    outputs_of(module, clips, recipe(batch_size=4), "cpu")
    outputs_of(module, clips, recipe(batch_size=4, numerics={"micro_batch": 3}), "cpu")
    assert sizes == [4, 3, 3, 3, 1]


def test_bf16_outputs_come_back_as_float32() -> None:
    plan = recipe(numerics={"precision": "bf16"})
    module, clips = Tiny().eval(), torch.randn(3, 3, 6, 16, 16)
    outputs = outputs_of(module, clips, plan, "cpu")
    assert outputs.dtype == torch.float32
    torch.testing.assert_close(outputs, module(clips).detach(), rtol=0.1, atol=0.05)


def test_objective_is_the_tasks_loss_in_train_mode() -> None:
    network = WholeNetwork(Tiny(), nn.Linear(8, 1)).eval()
    objective = TaskObjective(network, COUNTS, "clips")
    objective.begin_epoch(0)
    assert network.training
    assert network.backbone.norm.training
    clips, targets = torch.randn(4, 3, 6, 16, 16), torch.ones(4, 1)
    loss = objective.loss(Batch({"clips": clips}, targets))
    torch.testing.assert_close(loss, (network(clips) - 1).square().mean())
    assert len(list(objective.parameters())) == 6
