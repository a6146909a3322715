from pathlib import Path

import pytest
import torch
from torch import nn

from severe_bench.core.errors import UserError
from severe_bench.models.network import build_network, init_backbone
from severe_bench.models.weights import Metadata, save_checkpoint
from severe_bench.plan.job import NetworkRef, WeightsRef

NARROW = "r2plus1d_narrow"


def untrained(seed: int) -> NetworkRef:
    return NetworkRef(backbone=NARROW, weights=WeightsRef(source="none", init_seed=seed))


def pretrained(layout: str = "") -> NetworkRef:
    weights = WeightsRef(source="pretrain", digest="0" * 16, layout=layout)
    return NetworkRef(backbone=NARROW, weights=weights)


def equal(one: nn.Module, other: nn.Module) -> bool:
    tensors = other.state_dict()
    return all(torch.equal(tensor, tensors[name]) for name, tensor in one.state_dict().items())


def test_the_init_seed_decides_and_nothing_else() -> None:
    torch.manual_seed(1)
    first = build_network(untrained(5), None)
    torch.manual_seed(2)
    assert equal(first, build_network(untrained(5), None))
    assert not equal(first, build_network(untrained(6), None))


def test_the_global_generator_is_left_alone() -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    build_network(untrained(5), None)
    assert torch.equal(torch.rand(3), expected)


def test_a_checkpoint_is_loaded_whole(tmp_path: Path) -> None:
    saved = init_backbone(NARROW, {}, 11)
    metadata = Metadata(method="x", backbone=NARROW, recipe={}, dataset="", seed=0, torch="")
    save_checkpoint(tmp_path / "w.pt", saved.state_dict(), metadata, dtype=torch.float32)
    assert equal(saved, build_network(pretrained(), tmp_path / "w.pt"))


def test_torchvision_weights_load_without_their_classifier(tmp_path: Path) -> None:
    from torchvision.models import video

    theirs = video.r3d_18(weights=None)
    torch.save(theirs.state_dict(), tmp_path / "w.pt")
    weights = WeightsRef(source="file", digest="0" * 64, layout="torchvision")
    network = build_network(NetworkRef(backbone="r3d_18", weights=weights), tmp_path / "w.pt")
    assert equal(network, theirs)


def test_a_checkpoint_of_another_backbone_is_refused(tmp_path: Path) -> None:
    torch.save(init_backbone(NARROW, {}, 0).state_dict(), tmp_path / "w.pt")
    weights = WeightsRef(source="file", digest="0" * 64, layout="torchvision")
    ref = NetworkRef(backbone="r3d_18", weights=weights)
    with pytest.raises(UserError, match="missing"):
        build_network(ref, tmp_path / "w.pt")


def test_a_file_must_be_given() -> None:
    with pytest.raises(UserError, match="no weights file"):
        build_network(pretrained(), None)


def test_unknown_arguments_are_named() -> None:
    with pytest.raises(UserError, match="depth"):
        init_backbone(NARROW, {"depth": 3}, 0)
