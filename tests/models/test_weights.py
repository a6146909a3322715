import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from severe_bench.core.errors import UserError
from severe_bench.models.layout import LAYOUTS, Layout
from severe_bench.models.naming import translate
from severe_bench.models.reading import StateDict
from severe_bench.models.weights import (
    Metadata,
    load_checkpoint,
    load_into,
    save_checkpoint,
)

METADATA = Metadata(
    method="temporal_contrast",
    backbone="r2plus1d_narrow",
    recipe={"lr": 0.1},
    dataset="d" * 64,
    seed=3,
    torch="2.6",
)


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))


def test_own_checkpoints_come_back_equal(tmp_path: Path) -> None:
    tensors = network().state_dict()
    save_checkpoint(tmp_path / "w.pt", tensors, METADATA, dtype=torch.float32)
    loaded = load_checkpoint(tmp_path / "w.pt", "severe")
    assert loaded.metadata == METADATA
    assert loaded.tensors.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert loaded.tensors[name].dtype == tensor.dtype
        assert torch.equal(loaded.tensors[name], tensor)


def test_half_precision_files_are_read_as_float32(tmp_path: Path) -> None:
    tensors = network().state_dict()
    save_checkpoint(tmp_path / "w.pt", tensors, METADATA, dtype=torch.float16)
    loaded = load_checkpoint(tmp_path / "w.pt", "severe").tensors
    assert torch.equal(loaded["0.weight"], tensors["0.weight"].half().float())
    assert loaded["1.num_batches_tracked"].dtype == torch.int64


def test_saving_does_not_follow_the_network(tmp_path: Path) -> None:
    model = network()
    save_checkpoint(tmp_path / "w.pt", model.state_dict(), METADATA, dtype=torch.float32)
    before = load_checkpoint(tmp_path / "w.pt", "severe").tensors["0.weight"].clone()
    with torch.no_grad():
        model[0].weight.zero_()
    assert torch.equal(load_checkpoint(tmp_path / "w.pt", "severe").tensors["0.weight"], before)


class Malicious:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        import os

        return os.system, ("echo ran >> ran.txt",)


def test_pickle_is_refused_and_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": Malicious()}, tmp_path / "w.pt")
    with pytest.raises(UserError, match=r"needs pickle.*state dict"):
        load_checkpoint(tmp_path / "w.pt", "torchvision")
    assert not (tmp_path / "ran.txt").exists()


def test_a_bare_pickle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w.pkl").write_bytes(pickle.dumps(Malicious()))
    with pytest.raises(UserError):
        load_checkpoint(tmp_path / "w.pkl", "torchvision")
    assert not (tmp_path / "ran.txt").exists()


@pytest.mark.parametrize("content", [b"", b"no checkpoint at all", b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_named(tmp_path: Path, content: object) -> None:
    path = tmp_path / "w.pt"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"w\.pt"):
        load_checkpoint(path, "torchvision")


def test_a_truncated_checkpoint_is_named(tmp_path: Path) -> None:
    path = tmp_path / "w.pt"
    save_checkpoint(path, network().state_dict(), METADATA, dtype=torch.float32)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UserError, match=r"w\.pt"):
        load_checkpoint(path, "severe")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such checkpoint"):
        load_checkpoint(tmp_path / "w.pt", "severe")


def test_a_foreign_file_is_not_taken_for_our_own(tmp_path: Path) -> None:
    torch.save(network().state_dict(), tmp_path / "w.pt")
    with pytest.raises(UserError, match=r"not a checkpoint of severe.*layout"):
        load_checkpoint(tmp_path / "w.pt", "severe")


@pytest.mark.parametrize("content", [torch.zeros(2), {"epoch": 3}, {}])
def test_a_file_without_tensors_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(UserError, match=r"state dict|no tensors"):
        load_checkpoint(tmp_path / "w.pt", "torchvision")


def test_an_unknown_layout_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="torchvision"):
        load_checkpoint(tmp_path / "w.pt", "torchvison")


@pytest.mark.parametrize(
    "wrap",
    [lambda s: s, lambda s: {"state_dict": s, "epoch": 3}, lambda s: {"model": {"state_dict": s}}],
)
def test_wrappers_and_prefixes_go(tmp_path: Path, wrap: Callable[[StateDict], object]) -> None:
    tensors = network().state_dict()
    parallel = {f"module.{name}": tensor for name, tensor in tensors.items()}
    parallel["module.fc.weight"] = torch.zeros(2, 4)
    torch.save(wrap(parallel), tmp_path / "w.pt")
    assert load_checkpoint(tmp_path / "w.pt", "torchvision").tensors.keys() == tensors.keys()


def test_rules_rename_in_order_and_drop_whole_names_only() -> None:
    layout = Layout("x", leftovers=(r"head\..*",), renames=((r"^enc\.", "body."), ("body", "0")))
    tensors = dict.fromkeys(["enc.weight", "head.bias", "ahead.bias"], torch.zeros(1))
    assert list(translate(tensors, layout).tensors) == ["0.weight", "ahead.bias"]


def test_every_layout_is_registered_under_its_name() -> None:
    assert [LAYOUTS.get(name).name for name in LAYOUTS.names()] == LAYOUTS.names()


def without(name: str) -> StateDict:
    return {other: tensor for other, tensor in network().state_dict().items() if other != name}


def changed(name: str, tensor: torch.Tensor) -> StateDict:
    return {**network().state_dict(), name: tensor}


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (without("0.weight"), r"1 missing: 0\.weight"),
        (changed("extra", torch.zeros(1)), "1 unexpected: extra"),
        (changed("0.weight", torch.zeros(4, 2)), r"0\.weight \(4, 2\) instead of \(4, 3\)"),
    ],
)
def test_any_difference_is_refused_by_name(tensors: StateDict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_into(network(), tensors, "w.pt")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(value: float) -> None:
    tensors = changed("0.weight", torch.full((4, 3), value))
    with pytest.raises(UserError, match=r"1 of its tensors hold NaN or infinity, first 0\.weight"):
        load_into(network(), tensors, "w.pt")
    with pytest.raises(UserError, match=r"running_var"):
        load_into(network(), changed("1.running_var", torch.full((4,), torch.nan)), "w.pt")


def test_doubles_too_large_for_single_precision_are_refused(tmp_path: Path) -> None:
    tensors = changed("0.weight", torch.full((4, 3), 1e300, dtype=torch.float64))
    torch.save(tensors, tmp_path / "w.pt")
    loaded = load_checkpoint(tmp_path / "w.pt", "plain")
    with pytest.raises(UserError, match="NaN or infinity"):
        load_into(network(), loaded.tensors, "w.pt")


def test_a_mask_may_be_made_of_infinity() -> None:
    model = network()
    model.register_buffer("mask", torch.full((2,), -torch.inf))
    load_into(model, {**network().state_dict(), "mask": torch.full((2,), -torch.inf)}, "w.pt")


def test_a_long_list_of_names_is_cut_short() -> None:
    with pytest.raises(UserError, match=r"7 missing: .* and 4 more"):
        load_into(network(), {}, "w.pt")


def test_a_refused_checkpoint_leaves_the_network_as_it_was() -> None:
    model = network()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(UserError):
        load_into(model, without("1.bias"), "w.pt")
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    tensors = {"a": torch.arange(3.0)}
    for name in ("first.pt", "second.pt"):
        save_checkpoint(tmp_path / name, tensors, METADATA, dtype=torch.float32)
    assert (tmp_path / "first.pt").read_bytes() == (tmp_path / "second.pt").read_bytes()
