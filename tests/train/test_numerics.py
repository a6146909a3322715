import pytest
import torch
from torch import nn

from severe_bench.config.recipe import Numerics
from severe_bench.train.numerics import arithmetic, lay_out, place

PLAIN = Numerics(channels_last=False)
LAST = Numerics(channels_last=True)


def net() -> nn.Module:
    torch.manual_seed(0)
    parts = [nn.Conv3d(3, 4, 3), nn.BatchNorm3d(4), nn.AdaptiveAvgPool3d(1), nn.Flatten()]
    return nn.Sequential(*parts, nn.Linear(4, 2))


def is_last(tensor: torch.Tensor) -> bool:
    return tensor.is_contiguous(memory_format=torch.channels_last_3d)


def test_channels_last_is_layout_only() -> None:
    clips = torch.randn(2, 3, 4, 8, 8)
    reference, other = net(), net()
    place(reference, PLAIN, "cpu")
    place(other, LAST, "cpu")
    laid = lay_out({"clips": clips, "features": torch.ones(2, 5)}, LAST)
    assert is_last(other[0].weight)
    assert is_last(laid["clips"])
    assert not is_last(reference[0].weight)
    assert torch.equal(laid["clips"], clips)
    torch.testing.assert_close(other(laid["clips"]), reference(clips))


def test_plain_leaves_inputs_alone() -> None:
    clips = torch.randn(2, 3, 4, 8, 8)
    assert lay_out({"clips": clips}, PLAIN)["clips"] is clips


def test_layout_survives_loading_a_state() -> None:
    module = net()
    place(module, LAST, "cpu")
    module.load_state_dict(net().state_dict())
    assert is_last(module[0].weight)


@pytest.mark.parametrize(("precision", "kind"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_precision_is_that_of_the_outputs(precision: str, kind: torch.dtype) -> None:
    numerics = Numerics.model_validate({"precision": precision})
    with arithmetic(numerics, "cpu"):
        assert nn.Linear(3, 2)(torch.ones(1, 3)).dtype == kind


def test_compiling_keeps_the_names_of_the_state() -> None:
    """What is compiled is each direct child; see `test_compiling`."""
    module = net()
    place(module, Numerics(compile=True), "cpu")
    assert all(part._compiled_call_impl is not None for part in module.children())
    assert module.state_dict().keys() == net().state_dict().keys()
