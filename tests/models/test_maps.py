"""Maps, tokens and stages of every backbone: where they come from, and that they lie right."""

import pytest
import torch
from torch import Tensor, nn

from severe_bench.core.errors import UserError
from severe_bench.models.backbone import BACKBONES
from severe_bench.models.backbones.svt_network import TimeSformer
from severe_bench.models.maps import FEATURES, both, feature_maps, layers, stages_of, tokens
from severe_bench.models.measure import measured
from severe_bench.models.stages import grid_of

CONVOLUTIONAL = (
    "avid_r2plus1d_18",
    "c3d",
    "i3d",
    "mc3_18",
    "r2plus1d_18",
    "r2plus1d_34",
    "r2plus1d_narrow",
    "r3d_18",
    "resnet3d_18",
    "resnet3d_50",
    "s3d",
    "tclr_r2plus1d_18",
)
SWIN = ("swin3d_t", "swin3d_s", "swin3d_b")
NOT_AVERAGED = {"avid_r2plus1d_18", "c3d", "mvit_v1_b", "mvit_v2_s", "svt_vit_b"}
"""The maximum, fully connected layers, and three class tokens."""
VIDEOMAE = {"videomae_vit_s", "videomae_vit_b"}
"""Averaged too; `test_hf.py` tests that on a small one."""
NARROW = "r2plus1d_narrow"


def shape_of(name: str) -> tuple[int, ...]:
    """Of a small clip that the backbone reads."""
    backbone = BACKBONES.get(name)
    size = backbone.size or 64
    return (1, 3, backbone.frames or 16, size, size)


def network_of(name: str) -> nn.Module:
    torch.manual_seed(0)
    return BACKBONES.get(name).build().eval()


@pytest.mark.parametrize("name", measured())
def test_every_backbone_says_where_its_maps_are(name: str) -> None:
    backbone = BACKBONES.get(name)
    frames, size = backbone.frames or 16, backbone.size or 112
    with torch.device("meta"):
        network = backbone.build().eval()
        clips = torch.empty(2, 3, frames, size, size)
        features, found = both(name, network, clips)
        stages = layers(name, network, clips)
        rows = tokens(name, network, clips)
    names = stages_of(name, network).names
    assert features.shape == (2, backbone.width)
    assert found.dim() == 5
    assert len(found) == 2
    assert found.shape[3] == found.shape[4] > 1
    assert rows.shape == (2, found[0, 0].numel(), found.shape[1])
    assert list(stages) == [*names, FEATURES]
    assert all(vectors.dim() == 2 for vectors in stages.values())
    assert stages[names[-1]].shape == (2, found.shape[1])


@pytest.mark.parametrize("name", [n for n in measured() if n not in {*NOT_AVERAGED, *VIDEOMAE}])
def test_the_mean_of_the_maps_is_the_feature_vector(name: str) -> None:
    network, clips = network_of(name), torch.randn(1, 3, 8, 32, 32)
    with torch.no_grad():
        features, found = both(name, network, clips)
        torch.testing.assert_close(found.mean((2, 3, 4)), features)
        torch.testing.assert_close(network(clips), features)
        torch.testing.assert_close(tokens(name, network, clips).mean(1), features)


def test_networks_that_do_not_average_pool_the_same_maps_their_way() -> None:
    clips = torch.randn(2, 3, 16, 64, 64)
    avid = network_of("avid_r2plus1d_18")
    features, found = both("avid_r2plus1d_18", avid, clips)
    torch.testing.assert_close(found.amax((2, 3, 4)), features)
    c3d = network_of("c3d")
    features, found = both("c3d", c3d, torch.randn(1, 3, 16, 112, 112))
    pooled = torch.nn.functional.max_pool3d(found, 2, padding=(0, 1, 1)).flatten(1)
    torch.testing.assert_close(c3d.fc7(c3d.fc6(pooled).relu()).relu(), features)


def test_the_stages_of_a_resnet_are_what_a_walk_through_it_gives() -> None:
    network, clips = network_of("r3d_18"), torch.randn(2, 3, 8, 48, 48)
    with torch.no_grad():
        found = layers("r3d_18", network, clips)
        maps = clips
        for stage in ("stem", "layer1", "layer2", "layer3", "layer4"):
            maps = network.get_submodule(stage)(maps)
            torch.testing.assert_close(found[stage], maps.mean((2, 3, 4)))
    torch.testing.assert_close(found[FEATURES], network(clips))


@pytest.mark.parametrize("name", [*CONVOLUTIONAL, "swin3d_t"])
@pytest.mark.parametrize("training", [True, False])
def test_gradients_flow_back_to_the_pixels(name: str, *, training: bool) -> None:
    network = network_of(name).train(training)
    fixed = BACKBONES.get(name)
    size = fixed.size or 32
    clips = torch.randn(2, 3, fixed.frames or 8, size, size, requires_grad=True)
    feature_maps(name, network, clips).square().mean().backward()
    assert clips.grad is not None
    assert clips.grad.isfinite().all()
    assert clips.grad.abs().sum() > 0
    first = next(network.parameters())
    assert first.grad is not None


@pytest.mark.parametrize("name", [n for n in (*CONVOLUTIONAL, *SWIN) if n != "c3d"])
def test_clips_of_odd_sizes_have_maps(name: str) -> None:
    with torch.device("meta"):
        network = BACKBONES.get(name).build().eval()
        features, found = both(name, network, torch.empty(1, 3, 13, 99, 75))
    assert features.shape == (1, found.shape[1])
    assert found.shape[3] >= found.shape[4] > 1


def blob(shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Two clips that differ in the last frames, at the bottom left."""
    torch.manual_seed(1)
    plain = 0.1 * torch.randn(shape)
    _, _, frames, height, width = shape
    other = plain.clone()
    part = other[:, :, -(frames // 8 or 1) :, height * 3 // 4 :, : width // 4]
    part += 3 * torch.randn(part.shape)
    return plain, other


def require_bottom_left_and_late(plain: Tensor, other: Tensor) -> None:
    """The energy of the difference lies where the clips differ."""
    energy = (plain - other).square().sum(1)[0]
    energy = energy / energy.sum()
    for dim, late in ((0, True), (1, True), (2, False)):
        along = energy.sum([d for d in range(3) if d != dim])
        if len(along) > 1:
            places = torch.linspace(0, 1, len(along))
            assert ((along * places).sum() > 0.5) == late


@pytest.mark.parametrize("name", [*CONVOLUTIONAL, "swin3d_t", "mvit_v2_s"])
def test_maps_lie_where_the_pixels_are(name: str) -> None:
    network = network_of(name)
    with torch.no_grad():
        found = feature_maps(name, network, torch.cat(blob(shape_of(name))))
    require_bottom_left_and_late(found[:1], found[1:])


def test_the_maps_of_divided_attention_lie_where_the_pixels_are() -> None:
    torch.manual_seed(0)
    network = TimeSformer(width=16, depth=12, heads=2).eval()
    clips = torch.cat(blob((1, 3, 8, 224, 224)))
    with torch.no_grad():
        found = feature_maps("svt_vit_b", network, clips)
        stream = network.norm(network.blocks[11](torch.ones(1, 1 + 8 * 196, 16)))
    assert found.shape == (2, 16, 8, 14, 14)
    assert stream.shape == (1, 1 + 8 * 196, 16)
    require_bottom_left_and_late(found[:1], found[1:])


def test_tokens_go_frame_after_frame_row_after_row() -> None:
    rows = torch.arange(25.0).reshape(1, 25, 1)
    maps = grid_of(rows, (2, 3, 4), first=1)
    assert maps.shape == (1, 1, 2, 3, 4)
    assert maps[0, 0, 1, 2, 3] == 24
    assert maps[0, 0, 1, 0, 0] == 13
    assert maps[0, 0, 0, 1, 0] == 5
    assert torch.equal(maps.flatten(2).transpose(1, 2), rows[:, 1:])


def test_one_pass_gives_features_and_maps_and_leaves_no_hook() -> None:
    network = network_of(NARROW)
    passes = []
    network.register_forward_hook(lambda *_: passes.append(1))
    both(NARROW, network, torch.randn(1, 3, 8, 48, 48))
    layers(NARROW, network, torch.randn(1, 3, 8, 48, 48))
    assert len(passes) == 2
    assert not network.get_submodule("blocks.2")._forward_hooks
    with pytest.raises(RuntimeError):
        both(NARROW, network, torch.randn(1, 5, 8, 48, 48))
    assert not network.get_submodule("blocks.2")._forward_hooks


class Own(nn.Module):
    """Somebody else's network."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv3d(3, 4, 3, stride=2)
        self.flat = nn.Flatten()

    def forward(self, clips: Tensor) -> Tensor:
        maps = self.conv(clips)
        self.flat(maps)
        return maps.mean((2, 3, 4))


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a backbone without maps."""
    from severe_bench.models.backbone import Backbone

    monkeypatch.setattr(BACKBONES, "get", lambda name, where="": Backbone(name, None, Own))
    return "outside:build"


def test_a_foreign_network_names_its_stages(foreign: str) -> None:
    network, clips = Own(), torch.randn(2, 3, 5, 9, 9)
    network.stages = ("conv",)
    features, found = both(foreign, network, clips)
    torch.testing.assert_close(found, network.conv(clips))
    torch.testing.assert_close(layers(foreign, network, clips)["conv"], features)


def test_or_has_a_method_for_its_maps(foreign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network, clips = Own(), torch.randn(2, 3, 5, 9, 9)
    monkeypatch.setattr(Own, "maps", lambda self, clips: self.conv(clips), raising=False)
    features, found = both(foreign, network, clips)
    torch.testing.assert_close(found.mean((2, 3, 4)), features)
    monkeypatch.setattr(Own, "maps", lambda self, clips: self.conv(clips).mean(2))
    with pytest.raises(UserError, match=r"maps gives \(2, 4, 4, 4\), not maps"):
        both(foreign, network, clips)


def test_or_is_refused_with_the_way_out(foreign: str) -> None:
    network, clips = Own(), torch.randn(2, 3, 5, 9, 9)
    with pytest.raises(UserError, match=r"attribute `stages`.* or a method `maps"):
        feature_maps(foreign, network, clips)
    network.stages = nn.ModuleList()  # a part of the network that happens to be called so
    with pytest.raises(UserError, match="attribute `stages`"):
        layers(foreign, network, clips)
    del network.stages
    network.stages = ("conv", "layer4")
    with pytest.raises(UserError, match="no submodule 'layer4'"):
        feature_maps(foreign, network, clips)
    network.stages = ["flat"]
    with pytest.raises(UserError, match=r"flat gives \(2, 128\), not maps"):
        feature_maps(foreign, network, clips)


class Twice(nn.Module):
    """A part that is used twice: once on the clip, once on what came of it."""

    stages = ("part",)

    def __init__(self) -> None:
        super().__init__()
        self.part = nn.Conv3d(3, 3, 1)

    def forward(self, clips: Tensor) -> Tensor:
        maps: Tensor = self.part(self.part(clips))
        return maps.mean((2, 3, 4))


def test_a_part_that_is_called_twice_is_refused() -> None:
    network = Twice()
    with pytest.raises(UserError, match="part: is called more than once in a forward pass"):
        feature_maps("foreign", network, torch.zeros(1, 3, 4, 8, 8))
    assert not network.part._forward_hooks


def test_a_network_that_does_not_compile_may_begin_anew() -> None:
    network, clips = Own(), torch.randn(2, 3, 5, 9, 9)
    network.stages = ("conv",)

    def breaks_off(seen: Tensor) -> Tensor:
        network.conv(seen)
        return network.forward(seen)

    network._compiled_call_impl = breaks_off
    torch.testing.assert_close(feature_maps("foreign", network, clips), network.conv(clips))
