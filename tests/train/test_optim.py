import pytest
import torch
from torch import nn

from severe_bench.config.recipe import Optimiser
from severe_bench.core.errors import UserError
from severe_bench.train.optim import build_optimiser, norm_parameters


def one_step(spec: Optimiser, value: float, gradient: float) -> float:
    parameter = nn.Parameter(torch.tensor([value], dtype=torch.float64))
    optimiser = build_optimiser(spec, [parameter])
    parameter.grad = torch.tensor([gradient], dtype=torch.float64)
    optimiser.step()
    return parameter.item()


def test_sgd_by_hand() -> None:
    """Gradient plus L2 penalty, times the rate."""
    spec = Optimiser(name="sgd", lr=0.1, weight_decay=0.5)
    assert one_step(spec, 2.0, 3.0) == pytest.approx(2.0 - 0.1 * (3.0 + 0.5 * 2.0))


def test_sgd_momentum_by_hand() -> None:
    parameter = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimiser = build_optimiser(Optimiser(name="sgd", lr=1.0, momentum=0.5), [parameter])
    for _ in range(2):
        parameter.grad = torch.ones(1, dtype=torch.float64)
        optimiser.step()
    assert parameter.item() == pytest.approx(-(1.0 + 1.5))


def test_adams_first_step_is_the_rate() -> None:
    """Kingma and Ba 2015, section 2: |first step| is about lr, whatever the gradient."""
    assert one_step(Optimiser(name="adam", lr=0.01), 2.0, 55.0) == pytest.approx(1.99)


def test_adamw_decays_apart_from_the_gradient() -> None:
    spec = Optimiser(name="adamw", lr=0.01, weight_decay=0.5)
    assert one_step(spec, 2.0, 55.0) == pytest.approx(2.0 * (1 - 0.01 * 0.5) - 0.01)


def test_momentum_is_adams_first_beta() -> None:
    optimiser = build_optimiser(
        Optimiser(name="adam", momentum=0.7), [nn.Parameter(torch.zeros(1))]
    )
    assert optimiser.param_groups[0]["betas"] == (0.7, 0.999)


def test_frozen_parameters_are_left_out() -> None:
    frozen = nn.Parameter(torch.zeros(1), requires_grad=False)
    trained = nn.Parameter(torch.zeros(1))
    groups = build_optimiser(Optimiser(), [frozen, trained]).param_groups
    assert len(groups[0]["params"]) == 1
    assert groups[0]["params"][0] is trained


def test_nothing_to_train_is_said() -> None:
    with pytest.raises(UserError, match="nothing to train"):
        build_optimiser(Optimiser(), [])


def test_nesterov_by_hand() -> None:
    """Sutskever et al. 2013 as torch has it: the gradient plus momentum times the velocity."""
    spec = Optimiser(name="sgd", lr=1.0, momentum=0.5, nesterov=True)
    parameter = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimiser = build_optimiser(spec, [parameter])
    for _ in range(2):
        parameter.grad = torch.ones(1, dtype=torch.float64)
        optimiser.step()
    assert parameter.item() == pytest.approx(-(1 + 0.5 * 1) - (1 + 0.5 * 1.5))


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_norms_are_spared_weight_decay(name: str) -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.LayerNorm(2))
    spec = Optimiser.model_validate(
        {"name": name, "lr": 0.1, "weight_decay": 0.5, "decay_norms": False}
    )
    before = {name: value.clone() for name, value in net.named_parameters()}
    optimiser = build_optimiser(spec, net.parameters(), norm_parameters(net))
    for parameter in net.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimiser.step()
    moved = {name for name, value in net.named_parameters() if not torch.equal(value, before[name])}
    assert moved == {"0.weight", "0.bias"}
    assert len(build_optimiser(Optimiser(), net.parameters()).param_groups) == 1


OPTIMISERS = [
    Optimiser(name="sgd", lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    Optimiser(name="adam", lr=0.01, weight_decay=0.01),
    Optimiser(name="adamw", lr=0.01, weight_decay=0.1),
]


def after_ten_steps(spec: Optimiser, *, fused: bool) -> torch.Tensor:
    """A 3D convolution's weights in channels_last_3d."""
    torch.manual_seed(0)
    layer = nn.Conv3d(3, 5, 3).to(memory_format=torch.channels_last_3d)
    optimiser = build_optimiser(spec, layer.parameters(), fused=fused)
    assert bool(optimiser.param_groups[0]["fused"]) is fused
    for _ in range(10):
        optimiser.zero_grad(set_to_none=True)
        layer(torch.randn(2, 3, 4, 6, 6)).square().mean().backward()
        optimiser.step()
    weight: torch.Tensor = layer.weight.detach()
    return weight


@pytest.mark.parametrize("spec", OPTIMISERS, ids=lambda spec: spec.name)
def test_fused_steps_agree_within_rounding(spec: Optimiser) -> None:
    """In this memory layout too, where a fused step pairs weights and gradients by address."""
    plain, fused = after_ten_steps(spec, fused=False), after_ten_steps(spec, fused=True)
    assert (plain - fused).abs().max() < 1e-5
    torch.manual_seed(0)
    start = nn.Conv3d(3, 5, 3).weight.detach()
    assert (plain - start).abs().max() > 0.01
