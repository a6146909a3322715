"""A compiled network computes what it would otherwise; one that cannot be compiled still does."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import nn

from severe_bench.config.recipe import Numerics
from severe_bench.core.remarks import heard_by
from severe_bench.train import compiling
from severe_bench.train.compiling import LOWERED_AT_ONCE, compile_parts
from severe_bench.train.numerics import place
from tests.train.fakes import assert_same, state_of

COMPILED = Numerics(compile=True)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    config, lowering = torch._dynamo.config, torch._functorch.config
    before = config.cache_size_limit, config.fail_on_cache_limit_hit
    at_once = getattr(lowering, LOWERED_AT_ONCE)
    yield
    config.cache_size_limit, config.fail_on_cache_limit_hit = before
    setattr(lowering, LOWERED_AT_ONCE, at_once)
    torch.compiler.reset()


@pytest.fixture
def said() -> Iterator[list[str]]:
    heard: list[str] = []
    with heard_by(heard.append):
        yield heard


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.BatchNorm1d(4), nn.ReLU()))


def stepped(module: nn.Module) -> dict[str, torch.Tensor]:
    """State and gradients after a forward and a backward pass."""
    inputs = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
    module(inputs).square().sum().backward()
    grads = {f"{name}.grad": p.grad for name, p in module.named_parameters() if p.grad is not None}
    return state_of(module) | grads


@pytest.mark.slow
def test_compiled_agrees_with_eager_within_rounding(said: list[str]) -> None:
    plain, compiled = net(), net()
    place(plain, Numerics(), "cpu")
    place(compiled, COMPILED, "cpu")
    expected, found = stepped(plain), stepped(compiled)
    assert said == []
    assert all(part._compiled_call_impl is not None for part in compiled.children())
    assert found.keys() == expected.keys()
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_without_a_compiler_it_is_eager_to_the_bit_and_says_why_once(
    said: list[str],
) -> None:
    """torch looks for the compiler in CXX when its configuration is first read, so that is set.

    By its own `patch`: what a monkeypatch undoes in it is gone for the rest of the process.
    """
    broken = {"cpp.cxx": (None, "/nowhere/c++"), "force_disable_caches": True}
    torch._inductor.cpp_builder.cpp_compiler_search.cache_clear()
    plain, compiled = net(), net()
    place(plain, Numerics(), "cpu")
    place(compiled, COMPILED, "cpu")
    try:
        with torch._inductor.config.patch(broken):
            assert_same(stepped(compiled), stepped(plain))
            assert_same(stepped(compiled), stepped(plain))
    finally:
        torch._inductor.cpp_builder.cpp_compiler_search.cache_clear()
    (text,) = said
    assert text.startswith("torch.compile failed, the network ran without it: InvalidCxxCompiler")
    assert "/nowhere/c++" in text


def fails(reason: Exception) -> Any:
    def compile_(call: object) -> object:
        def compiled(*_: object, **__: object) -> None:
            raise reason

        return compiled

    return compile_


def test_all_parts_give_up_together(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", fails(RuntimeError("\n  no triton\nmore")))
    module = net()
    compile_parts(module)
    assert_same(stepped(module), stepped(net()))
    assert [part._compiled_call_impl for part in module.children()] == [None, None]
    assert said == ["torch.compile failed, the network ran without it: RuntimeError: no triton"]


def test_an_error_of_the_networks_own_is_raised_as_it_is(
    said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "compile", fails(RuntimeError("translated beyond recognition")))
    module = nn.Sequential(nn.Linear(3, 4))
    compile_parts(module)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        module(torch.ones(2, 5))
    assert said == []
    assert module[0]._compiled_call_impl is not None


def test_a_module_without_parts_is_compiled_itself() -> None:
    leaf = nn.Linear(2, 2)
    compile_parts(leaf)
    assert leaf._compiled_call_impl is not None


def test_more_different_parts_than_torchs_own_limit(
    said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond its limit of 8 torch runs a function uncompiled without an error."""
    of_torch = torch.compile
    monkeypatch.setattr(torch, "compile", lambda call: of_torch(call, backend="eager"))
    for cell in range(2):
        module = nn.Sequential(*[nn.Linear(2 + n, 3 + n) for n in range(cell, cell + 12)])
        place(module, COMPILED, "cpu")
        torch._dynamo.utils.counters.clear()
        module(torch.ones(1, 2 + cell))
        frames = torch._dynamo.utils.counters["frames"]
        assert frames["ok"] == frames["total"] == 12
    assert said == []


def test_going_beyond_our_limit_is_said(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    of_torch = torch.compile
    monkeypatch.setattr(torch, "compile", lambda call: of_torch(call, backend="eager"))
    monkeypatch.setattr(compiling, "RECOMPILES", 2)
    module = nn.Sequential(*[nn.Linear(2 + n, 3 + n) for n in range(3)])
    place(module, COMPILED, "cpu")
    module(torch.ones(1, 2))
    (text,) = said
    assert "imit" in text
