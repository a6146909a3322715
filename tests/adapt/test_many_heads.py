"""Heads that train together: each where it would have ended alone."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from severe_bench.adapt.many_heads import Heads, HeadsObjective, HeadsOptimiser
from severe_bench.adapt.network import TaskObjective
from severe_bench.config.recipe import Optimiser, Recipe
from severe_bench.core.errors import Interrupted
from severe_bench.train.batch import Batch
from severe_bench.train.errors import NanLoss
from severe_bench.train.loop import fit, fit_unchecked
from tests.adapt.fakes import COUNTS, THREE, recipe
from tests.train.fakes import Wires

RATES, DECAYS = (0.03, 0.003, 0.3), (0.1, 0.0)


class Blobs:
    """Batches of noisy points around three corners."""

    steps_per_epoch = 4

    def batch(self, epoch: int, step: int) -> Batch:
        generator = torch.Generator().manual_seed(100 * epoch + step)
        labels = torch.randint(3, (16,), generator=generator)
        noise = torch.randn(16, 6, generator=generator)
        return Batch({"features": 2 * torch.eye(6)[labels] + noise}, labels)


def specs(**common: Any) -> list[Optimiser]:
    return [
        Optimiser.model_validate({**common, "lr": rate, "weight_decay": decay})
        for rate in RATES
        for decay in DECAYS
    ]


def plan(spec: Optimiser, **rest: Any) -> Recipe:
    schedule = {"epochs": 5, "kind": "cosine", "warmup_epochs": 1}
    return recipe(**{"optimiser": spec.model_dump(), "schedule": schedule, **rest})


def head(width: int = 6) -> nn.Module:
    torch.manual_seed(7)
    return THREE.head(width)


def together(
    folder: Path, all_specs: list[Optimiser], make: Any = head, wires: Wires | None = None,
    **rest: Any,
) -> Heads:  # fmt: skip
    folder.mkdir(exist_ok=True)
    heads = Heads(make(), len(all_specs))
    session = (wires or Wires(folder)).session
    names = tuple(n for n, _ in make().named_parameters() if "norm" in n)
    spared = () if all_specs[0].decay_norms else names
    optimiser = partial(HeadsOptimiser, heads, all_specs, spared)
    objective = HeadsObjective(heads, THREE, "features")
    fit_unchecked(objective, Blobs(), plan(all_specs[0], **rest), session, 3, optimiser)
    return heads


def alone(folder: Path, spec: Optimiser, make: Any = head, **rest: Any) -> dict[str, Tensor]:
    folder.mkdir(exist_ok=True)
    module = make()
    fit(TaskObjective(module, THREE, "features"), Blobs(), plan(spec, **rest),
        Wires(folder).session, 3)  # fmt: skip
    return dict(module.state_dict())


KINDS: list[dict[str, Any]] = [
    {"name": "sgd", "momentum": 0.0},
    {"name": "sgd", "momentum": 0.9},
    {"name": "sgd", "momentum": 0.9, "nesterov": True},
    {"name": "adam"},
    {"name": "adamw", "momentum": 0.8},
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(map(str, kind.values())))
@pytest.mark.parametrize("rest", [{}, {"numerics": {"micro_batch": 5}}], ids=["whole", "parts"])
def test_each_ends_where_it_would_have_ended_alone(
    kind: dict[str, Any], rest: dict[str, Any], tmp_path: Path
) -> None:
    heads = together(tmp_path / "together", specs(**kind), **rest)
    for number, spec in enumerate(specs(**kind)):
        expected = alone(tmp_path / f"alone-{number}", spec, **rest)
        found = heads.apart(number, head()).state_dict()
        for name, tensor in expected.items():
            torch.testing.assert_close(found[name], tensor, rtol=2e-4, atol=2e-5)


def deep() -> nn.Module:
    torch.manual_seed(7)
    parts = {"drop": nn.Dropout(0.4), "norm": nn.LayerNorm(6), "out": nn.Linear(6, 3)}
    module = nn.Sequential()
    for name, part in parts.items():
        module.add_module(name, part)
    return module


def test_dropout_drops_the_same_and_norms_are_spared_where_the_recipe_says_so(
    tmp_path: Path,
) -> None:
    kind = {"name": "adamw", "decay_norms": False}
    heads = together(tmp_path / "together", specs(**kind), deep)
    plain = together(tmp_path / "plain", specs(name="adamw"), deep)
    spared = alone(tmp_path / "alone", specs(**kind)[0], deep)
    found = heads.apart(0, deep()).state_dict()
    other = plain.apart(0, deep()).state_dict()
    decayed = alone(tmp_path / "decayed", specs(name="adamw")[0], deep)
    for name, tensor in decayed.items():
        torch.testing.assert_close(other[name], tensor, rtol=2e-4, atol=2e-5)
    assert (found["norm.weight"] - 1).abs().sum() < (other["norm.weight"] - 1).abs().sum()
    torch.testing.assert_close(found["out.weight"], spared["out.weight"], rtol=0.1, atol=0.02)


def test_a_head_that_diverges_is_out_and_the_others_do_not_notice(tmp_path: Path) -> None:
    calm = specs(name="sgd")
    wild = [*calm[:2], replace_lr(calm[0], 1e30), *calm[2:]]
    heads = together(tmp_path / "wild", wild)
    assert heads.alive.tolist() == [True, True, False, True, True, True, True]
    expected = together(tmp_path / "calm", calm)
    for place, number in zip((0, 1, 3, 4, 5, 6), range(6), strict=True):
        found = heads.apart(place, head()).state_dict()
        for name, tensor in expected.apart(number, head()).state_dict().items():
            torch.testing.assert_close(found[name], tensor)


def replace_lr(spec: Optimiser, lr: float) -> Optimiser:
    return spec.model_copy(update={"lr": lr})


def test_no_finite_head_at_all_ends_the_training(tmp_path: Path) -> None:
    wild = [replace_lr(spec, 1e38) for spec in specs(name="sgd")]
    with pytest.raises(NanLoss):
        together(tmp_path, wild)


@pytest.mark.parametrize("kind", [{"name": "sgd"}, {"name": "adamw"}])
def test_an_interrupted_training_ends_with_the_same_bits(
    kind: dict[str, Any], tmp_path: Path
) -> None:
    whole = together(tmp_path / "whole", specs(**kind))
    for _ in range(20):
        try:
            wires = Wires(tmp_path / "cut", stop=lambda call: call == 6)
            cut = together(tmp_path / "cut", specs(**kind), wires=wires)
            break
        except Interrupted:
            continue
    for name, tensor in whole.state_dict().items():
        assert torch.equal(cut.state_dict()[name], tensor)


def test_every_head_begins_alike_and_eval_mode_reaches_them() -> None:
    torch.manual_seed(0)
    head = COUNTS.head(6)
    heads = Heads(head, 4)
    features = torch.randn(5, 6)
    assert sum(p.numel() for p in heads.parameters()) == 4 * sum(
        p.numel() for p in head.parameters()
    )
    expected = head.eval()(features)
    outputs = heads.eval()(features)
    assert outputs.shape == (4, 5, 1)
    torch.testing.assert_close(outputs, expected.expand(4, -1, -1))
    assert (heads.train()(features)[0] != outputs[0]).any()


def test_the_copies_are_independent() -> None:
    heads = Heads(head(), 2)
    before = replace_numbers(heads)
    torch.testing.assert_close(before[1], head().state_dict()["weight"])


def replace_numbers(heads: Heads) -> Tensor:
    weight = heads.get_parameter("weight")
    with torch.no_grad():
        weight[0] += 1
    return weight.detach()
