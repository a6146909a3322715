"""Own networks against their papers, and against slow arithmetic written another way."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from severe_bench.models.backbone import BACKBONES
from severe_bench.models.backbones import svt_network
from severe_bench.models.backbones.avid_network import AvidBlock
from severe_bench.models.backbones.c3d_network import GROUPS
from severe_bench.models.backbones.i3d_network import Pool, Unit
from severe_bench.models.backbones.resnet3d_network import BasicBlock, Bottleneck


def on_meta(name: str) -> nn.Module:
    with torch.device("meta"):
        return BACKBONES.get(name).build().eval()


@pytest.mark.parametrize(
    ("name", "frames", "steps"),
    [("tclr_r2plus1d_18", 32, 8), ("tclr_r2plus1d_18", 16, 4), ("r2plus1d_18", 32, 4)],
)
def test_the_last_layer_of_tclr_keeps_twice_the_steps(name: str, frames: int, steps: int) -> None:
    network = on_meta(name)
    maps = torch.empty(1, 3, frames, 112, 112, device="meta")
    for stage in ("stem", "layer1", "layer2", "layer3", "layer4"):
        maps = network.get_submodule(stage)(maps)
    assert maps.shape == (1, 512, steps, 7, 7)


def test_parameters_of_tclr_with_its_classifier_are_those_of_the_upstream_network() -> None:
    parameters = sum(p.numel() for p in on_meta("tclr_r2plus1d_18").parameters())
    assert parameters + 513 * 400 == 31_505_787


@pytest.mark.parametrize(("size", "kernel", "stride"), [(8, 7, 2), (6, 3, 1), (8, 3, 2), (6, 1, 1)])
def test_i3d_pads_as_tensorflow_does(size: int, kernel: int, stride: int) -> None:
    torch.manual_seed(0)
    unit = Unit(2, 3, (kernel,) * 3, (stride,) * 3).eval()
    maps = torch.randn(1, 2, size, size, size)
    outside = -(-size // stride)
    total = max((outside - 1) * stride + kernel - size, 0)
    found = unit(maps)
    assert found.shape[2:] == (outside,) * 3
    padded = F.pad(maps, (total // 2, total - total // 2) * 3)
    expected = F.conv3d(padded, unit.conv3d.weight, stride=stride)
    torch.testing.assert_close(found, torch.relu(expected / (1 + 1e-5) ** 0.5))


def test_i3d_pools_what_tensorflow_pools() -> None:
    maps = torch.rand(1, 1, 4, 4, 4)
    pooled = Pool((3, 3, 3), (2, 2, 2))(maps)
    assert pooled.shape == (1, 1, 2, 2, 2)
    assert pooled[0, 0, 0, 0, 0] == maps[0, 0, :3, :3, :3].max()
    assert pooled[0, 0, 1, 1, 1] == maps[0, 0, 2:, 2:, 2:].max()


def test_s3d_averages_as_torchvision_does_on_its_own_clip() -> None:
    from torchvision.models import video

    with torch.device("meta"):
        theirs = video.s3d(weights=None)
    maps = torch.randn(1, 5, 2, 7, 7)
    expected = theirs.avgpool(maps).mean(dim=(2, 3, 4))
    torch.testing.assert_close(BACKBONES.get("s3d").build().avgpool(maps).mean((2, 3, 4)), expected)


def test_the_public_avid_block_normalises_after_the_sum() -> None:
    torch.manual_seed(0)
    block = AvidBlock(2, 3, halve=True).eval()
    nn.init.constant_(block.out_bn.bias, 0.5)
    maps = torch.randn(1, 2, 4, 6, 6)
    a = F.conv3d(maps, block.spt_conv1.weight, stride=(1, 2, 2), padding=(0, 1, 1))
    a = F.conv3d(_norm(a), block.tmp_conv1.weight, stride=(2, 1, 1), padding=(1, 0, 0))
    a = F.conv3d(_norm(a), block.spt_conv2.weight, padding=(0, 1, 1))
    a = F.conv3d(_norm(a), block.tmp_conv2.weight, padding=(1, 0, 0))
    a = a + F.conv3d(maps, block.res_conv.weight, stride=2)
    torch.testing.assert_close(block(maps), F.relu(a / (1 + 1e-5) ** 0.5 + 0.5))


def _norm(maps: Tensor) -> Tensor:
    """ReLU of batch normalisation with running mean 0 and variance 1."""
    return F.relu(maps / (1 + 1e-5) ** 0.5)


def test_c3d_has_the_published_number_of_parameters() -> None:
    assert sum(p.numel() for p in on_meta("c3d").parameters()) + 4097 * 101 == 78_409_573
    assert [name for group in GROUPS for name in group] == [
        name for name, _ in on_meta("c3d").named_children() if name.startswith("conv")
    ]


@pytest.mark.parametrize("block", [BasicBlock, Bottleneck])
def test_resnet_blocks_add_their_input(block: type[BasicBlock | Bottleneck]) -> None:
    width = 4 * block.expansion
    module = block(width, 4, 1).eval()
    assert isinstance(module.downsample, nn.Identity)
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    maps = torch.rand(1, width, 2, 3, 3)
    torch.testing.assert_close(module(maps), maps)
    assert block(3, 4, 2)(torch.rand(2, 3, 4, 4, 4)).shape == (2, width, 2, 2, 2)


@pytest.mark.parametrize(
    ("name", "tensor", "shape"),
    [
        ("resnet3d_18", "layer2.0.downsample.0.weight", (128, 64, 1, 1, 1)),
        ("resnet3d_50", "layer1.0.downsample.0.weight", (256, 64, 1, 1, 1)),
        ("resnet3d_50", "layer4.2.conv3.weight", (2048, 512, 1, 1, 1)),
        ("svt_vit_b", "blocks.11.temporal_attn.qkv.weight", (2304, 768)),
        ("svt_vit_b", "patch_embed.proj.weight", (768, 3, 16, 16)),
        ("svt_vit_b", "time_embed", (1, 8, 768)),
        ("c3d", "fc6.weight", (4096, 8192)),
    ],
)
def test_names_are_those_of_the_released_code(
    name: str, tensor: str, shape: tuple[int, ...]
) -> None:
    assert tuple(on_meta(name).state_dict()[tensor].shape) == shape


@pytest.fixture
def small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(svt_network, "PLACES", 4)
    monkeypatch.setattr(svt_network, "FRAMES", 3)
    monkeypatch.setattr(svt_network, "PATCH", 2)


def attention(module: svt_network.Attention, rows: Tensor) -> Tensor:
    """Of one sequence (L, width), head by head."""
    width = rows.shape[1]
    projected = rows @ module.qkv.weight.T + module.qkv.bias
    queries, keys, values = projected.split(width, dim=1)
    size = width // module.heads
    outputs = []
    for head in range(module.heads):
        part = slice(head * size, (head + 1) * size)
        weights = (queries[:, part] @ keys[:, part].T / size**0.5).softmax(1)
        outputs.append(weights @ values[:, part])
    return torch.cat(outputs, 1) @ module.proj.weight.T + module.proj.bias


def slow_block(block: svt_network.Block, first: Tensor, grid: Tensor) -> tuple[Tensor, Tensor]:
    """Class token (width,) and grid (places, frames, width), place by place, frame by frame."""
    moved = [
        place + block.temporal_fc(attention(block.temporal_attn, block.temporal_norm1(place)))
        for place in grid
    ]
    after = torch.stack(moved)
    frames = [
        attention(block.attn, block.norm1(torch.cat((first[None], after[:, t]))))
        for t in range(grid.shape[1])
    ]
    first = first + torch.stack([frame[0] for frame in frames]).mean(0)
    after = after + torch.stack([frame[1:] for frame in frames], dim=1)

    def mixed(token: Tensor) -> Tensor:
        return token + block.mlp["fc2"](F.gelu(block.mlp["fc1"](block.norm2(token))))

    return mixed(first), mixed(after)


@pytest.mark.usefixtures("small_world")
def test_divided_attention_is_what_the_paper_says() -> None:
    torch.manual_seed(0)
    network = svt_network.TimeSformer(width=8, depth=2, heads=2).eval()
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.3)
    clips = torch.randn(2, 3, 3, 4, 4)
    found = network(clips)
    for clip, features in zip(clips, found, strict=True):
        grid = torch.stack([_patches(network, clip[:, t]) for t in range(3)], dim=1)
        grid = grid + network.pos_embed[0, 1:, None] + network.time_embed[0]
        first = network.cls_token[0, 0] + network.pos_embed[0, 0]
        for block in network.blocks:
            first, grid = slow_block(block, first, grid)
        torch.testing.assert_close(features, network.norm(first), rtol=1e-4, atol=1e-5)


def _patches(network: svt_network.TimeSformer, frame: Tensor) -> Tensor:
    """(places, width) of a frame (3, 4, 4), row by row of its 2 x 2 patches."""
    conv = network.patch_embed["proj"]
    corners = [(y, x) for y in (0, 2) for x in (0, 2)]
    parts = [frame[:, y : y + 2, x : x + 2].flatten() for y, x in corners]
    return torch.stack([conv.weight.flatten(1) @ part + conv.bias for part in parts])
