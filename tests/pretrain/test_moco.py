import pytest
import torch
from torch import nn

from severe_bench.pretrain.contrast_options import ContrastOptions
from severe_bench.pretrain.info_nce import info_nce
from severe_bench.pretrain.moco import ContrastObjective, MomentumContrast
from severe_bench.train.batch import Batch

WIDTH = 6


def encoder() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(12, WIDTH), nn.BatchNorm1d(WIDTH))


def contrast(**options: float) -> MomentumContrast:
    torch.manual_seed(0)
    small = {"hidden": 8, "projection": 4, "queue": 10, "momentum": 0.9}
    return MomentumContrast(encoder(), WIDTH, ContrastOptions.model_validate({**small, **options}))


def batch(size: int = 4) -> Batch:
    first, second = torch.randn(2, size, 3, 1, 2, 2)
    return Batch({"first": first, "second": second}, torch.zeros(size))


def stepped(objective: ContrastObjective, steps: int) -> ContrastObjective:
    optimiser = torch.optim.SGD(objective.parameters(), lr=0.1)
    objective.begin_epoch(0)
    for _ in range(steps):
        optimiser.zero_grad()
        objective.loss(batch()).backward()
        optimiser.step()
        objective.after_step()
    return objective


def test_key_encoder_starts_as_a_copy_and_takes_no_gradient() -> None:
    module = contrast()
    for own, other in zip(
        module.key_backbone.parameters(), module.backbone.parameters(), strict=True
    ):
        assert torch.equal(own, other)
        assert own is not other
        assert not own.requires_grad
    objective = ContrastObjective(module, 0.2)
    objective.loss(batch()).backward()
    assert all(p.grad is not None for p in module.backbone.parameters())
    assert all(p.grad is None for p in module.key_backbone.parameters())
    learned = {id(p) for p in objective.parameters()}
    assert learned == {id(p) for part in (module.backbone, module.head) for p in part.parameters()}


@pytest.mark.parametrize("momentum", [0.0, 0.9, 0.99])
def test_key_encoder_is_the_moving_average(momentum: float) -> None:
    module = contrast(momentum=momentum)
    before = module.key_backbone[1].weight.clone()
    with torch.no_grad():
        module.backbone[1].weight.add_(1.0)
    module.follow()
    expected = momentum * before + (1 - momentum) * module.backbone[1].weight
    torch.testing.assert_close(module.key_backbone[1].weight, expected)


def test_queue_holds_the_newest_keys() -> None:
    module = contrast(queue=5)
    keys = torch.arange(1.0, 9.0)[:, None].expand(8, 4)
    assert len(module.negatives()) == 0
    module.enqueue(keys[:3])
    assert sorted(module.negatives()[:, 0].tolist()) == [1, 2, 3]
    module.enqueue(keys[3:7])
    assert sorted(module.negatives()[:, 0].tolist()) == [3, 4, 5, 6, 7]


def test_queue_smaller_than_a_batch_keeps_its_last_keys() -> None:
    module = contrast(queue=2)
    module.enqueue(torch.arange(5.0)[:, None].expand(5, 4))
    assert sorted(module.negatives()[:, 0].tolist()) == [3, 4]


def test_no_queue_means_the_batch_alone() -> None:
    module = contrast(queue=0)
    module.enqueue(torch.ones(3, 4))
    assert module.negatives().shape == (0, 4)


def test_loss_is_info_nce_both_ways_round() -> None:
    module = contrast()
    module.enqueue(torch.eye(4))
    objective, pairs = ContrastObjective(module, 0.3), batch()
    loss = objective.loss(pairs)
    clips = torch.cat([pairs.inputs["first"], pairs.inputs["second"]])
    queries, keys = module.embed(clips), module.embed_keys(clips)
    torch.testing.assert_close(queries.norm(dim=1), torch.ones(8))
    one = info_nce(queries[:4], keys[4:], torch.eye(4), 0.3)
    other = info_nce(queries[4:], keys[:4], torch.eye(4), 0.3)
    torch.testing.assert_close(loss, (one + other) / 2)


def test_keys_enter_the_queue_after_the_step_once() -> None:
    objective = stepped(ContrastObjective(contrast(), 0.2), 1)
    assert len(objective.module.negatives()) == 8
    stepped(objective, 1)
    assert len(objective.module.negatives()) == 10


def test_state_dict_is_all_that_a_resume_needs() -> None:
    whole = stepped(ContrastObjective(contrast(), 0.2), 3)
    resumed = ContrastObjective(contrast(), 0.2)
    resumed.module.load_state_dict(whole.module.state_dict())
    torch.manual_seed(5)
    ours = stepped(whole, 1).module.state_dict()
    torch.manual_seed(5)
    theirs = stepped(resumed, 1).module.state_dict()
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())
