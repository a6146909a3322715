"""The released files, rebuilt from their authors' code: names and shapes, made without our rules.

Networks are written as upstream writes them (names of children decide the names of tensors);
what a file holds beside the backbone is added by hand.
"""

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn

Tensors = dict[str, Tensor]

BATCH_NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def _factored(inside: int, outside: int, middle: int, stride: int) -> nn.Sequential:
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    layers["conv_s"] = nn.Conv3d(
        inside, middle, (1, 3, 3), (1, stride, stride), (0, 1, 1), bias=False
    )
    layers["bn_s"] = nn.BatchNorm3d(middle, eps=1e-3)
    layers["relu_s"] = nn.ReLU()
    layers["conv_t"] = nn.Conv3d(middle, outside, (3, 1, 1), (stride, 1, 1), (1, 0, 0), bias=False)
    return nn.Sequential(layers)


def _plain(inside: int, outside: int, size: int, stride: int) -> nn.Sequential:
    conv = nn.Conv3d(inside, outside, size, stride, size // 2, bias=False)
    return nn.Sequential(OrderedDict(conv=conv))


class PyvrlBlock(nn.Module):
    """A block of CtP's code base.

    Args:
        shared_middle: one middle width per block, as torchvision has it; the public code computes
            it for each convolution.
    """

    def __init__(
        self, inside: int, outside: int, stride: int, factored: bool, shared_middle: bool
    ) -> None:
        super().__init__()
        first = 27 * inside * outside // (9 * inside + 3 * outside)
        second = first if shared_middle else 27 * outside * outside // (12 * outside)
        if factored:
            self.conv1 = _factored(inside, outside, first, stride)
            self.conv2 = _factored(outside, outside, second, 1)
        else:
            self.conv1 = _plain(inside, outside, 3, stride)
            self.conv2 = _plain(outside, outside, 3, 1)
        self.bn1 = nn.BatchNorm3d(outside, eps=1e-3)
        self.bn2 = nn.BatchNorm3d(outside, eps=1e-3)
        self.downsample = None
        if stride != 1:
            self.downsample = _plain(inside, outside, 1, stride)
            self.downsample_bn = nn.BatchNorm3d(outside, eps=1e-3)

    def forward(self, maps: Tensor) -> Tensor:
        inner = torch.relu(self.bn1(self.conv1(maps)))
        inner = self.bn2(self.conv2(inner))
        if self.downsample is not None:
            maps = self.downsample_bn(self.downsample(maps))
        return torch.relu(inner + maps)


class PyvrlResNet(nn.Module):
    """R(2+1)D-18 or R3D-18 of CtP's code base."""

    def __init__(self, factored: bool = True, shared_middle: bool = True) -> None:
        super().__init__()
        stem: OrderedDict[str, nn.Module] = OrderedDict()
        if factored:
            stem["conv_s"] = nn.Conv3d(3, 45, (1, 7, 7), (1, 2, 2), (0, 3, 3), bias=False)
            stem["bn_s"] = nn.BatchNorm3d(45, eps=1e-3)
            stem["relu_s"] = nn.ReLU()
            stem["conv_t"] = nn.Conv3d(45, 64, (3, 1, 1), 1, (1, 0, 0), bias=False)
            stem["bn_t"] = nn.BatchNorm3d(64, eps=1e-3)
            stem["relu_t"] = nn.ReLU()
        else:
            stem["conv"] = nn.Conv3d(3, 64, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False)
            stem["bn"] = nn.BatchNorm3d(64, eps=1e-3)
            stem["relu"] = nn.ReLU()
        self.stem = nn.Sequential(stem)
        for number, (inside, outside) in enumerate(
            [(64, 64), (64, 128), (128, 256), (256, 512)], 1
        ):
            stride = 1 if number == 1 else 2
            first = PyvrlBlock(inside, outside, stride, factored, shared_middle)
            second = PyvrlBlock(outside, outside, 1, factored, shared_middle)
            self.add_module(f"layer{number}", nn.Sequential(first, second))

    def forward(self, clips: Tensor) -> Tensor:
        maps = self.stem(clips)
        for number in range(1, 5):
            maps = self.get_submodule(f"layer{number}")(maps)
        return maps.mean(dim=(2, 3, 4))


def torchvision_network(name: str, head: bool = False) -> nn.Module:
    from torchvision.models import video

    with torch.device("meta"):
        network: nn.Module = getattr(video, name)(weights=None)
    if not head:
        network.fc = nn.Identity()
    return network


def tclr_network() -> nn.Module:
    network = torchvision_network("r2plus1d_18")
    block = network.get_submodule("layer4.0")
    with torch.device("meta"):
        block.conv1[0] = nn.Conv3d(
            256, 512, 3, stride=(1, 2, 2), padding=(2, 1, 1), dilation=(2, 1, 1), bias=False
        )
    return network


def avid_public_shapes() -> dict[str, tuple[int, ...]]:
    """Names and shapes of AVID-CMA's public R(2+1)D-18."""
    shapes: dict[str, tuple[int, ...]] = {"conv1.0.weight": (64, 3, 3, 7, 7)}
    shapes |= _norm("conv1.1", 64)
    for number, (inside, outside) in enumerate([(64, 64), (64, 128), (128, 256), (256, 512)], 2):
        for block in (0, 1):
            name, width = f"conv{number}x.{block}", inside if block == 0 else outside
            shapes[f"{name}.spt_conv1.weight"] = (outside, width, 1, 3, 3)
            shapes[f"{name}.tmp_conv1.weight"] = (outside, outside, 3, 1, 1)
            shapes[f"{name}.spt_conv2.weight"] = (outside, outside, 1, 3, 3)
            shapes[f"{name}.tmp_conv2.weight"] = (outside, outside, 3, 1, 1)
            for norm in ("spt_bn1", "tmp_bn1", "spt_bn2", "out_bn"):
                shapes |= _norm(f"{name}.{norm}", outside)
        if number > 2:
            shapes[f"conv{number}x.0.res_conv.weight"] = (outside, inside, 1, 1, 1)
    return shapes


I3D_WIDTHS = {
    "3b": (192, 64, 96, 128, 16, 32, 32),
    "3c": (256, 128, 128, 192, 32, 96, 64),
    "4b": (480, 192, 96, 208, 16, 48, 64),
    "4c": (512, 160, 112, 224, 24, 64, 64),
    "4d": (512, 128, 128, 256, 24, 64, 64),
    "4e": (512, 112, 144, 288, 32, 64, 64),
    "4f": (528, 256, 160, 320, 32, 128, 128),
    "5b": (832, 256, 160, 320, 32, 128, 128),
    "5c": (832, 384, 192, 384, 48, 128, 128),
}


def i3d_shapes() -> dict[str, tuple[int, ...]]:
    """Names and shapes of the I3D of Tubelet-Contrast's code."""
    shapes = _unit("conv3d_1a_7x7", 3, 64, 7) | _unit("conv3d_2b_1x1", 64, 64, 1)
    shapes |= _unit("conv3d_2c_3x3", 64, 192, 3)
    for block, (inside, b0, b1a, b1b, b2a, b2b, b3) in I3D_WIDTHS.items():
        name = f"mixed_{block}"
        shapes |= _unit(f"{name}.branch_0", inside, b0, 1)
        shapes |= _unit(f"{name}.branch_1.0", inside, b1a, 1)
        shapes |= _unit(f"{name}.branch_1.1", b1a, b1b, 3)
        shapes |= _unit(f"{name}.branch_2.0", inside, b2a, 1)
        shapes |= _unit(f"{name}.branch_2.1", b2a, b2b, 3)
        shapes |= _unit(f"{name}.branch_3.1", inside, b3, 1)
    return shapes


def _unit(name: str, inside: int, outside: int, size: int) -> dict[str, tuple[int, ...]]:
    conv = {f"{name}.conv3d.weight": (outside, inside, size, size, size)}
    return conv | _norm(f"{name}.batch3d", outside)


def _norm(name: str, width: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.{part}": () if "num" in part else (width,) for part in BATCH_NORM}


def shapes_of(network: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def drawn(shapes: dict[str, tuple[int, ...]], seed: int = 0) -> Tensors:
    """Tensors with distinct numbers; counts are integers, as in every batch normalisation."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.tensor(number)
        if name.endswith("num_batches_tracked")
        else torch.empty(shape).uniform_(0.1, 1.0, generator=generator)
        for number, (name, shape) in enumerate(shapes.items())
    }


def extras(*names: str) -> Tensors:
    return {name: torch.ones(2, 2) for name in names}


def _children(name: str) -> str:
    """As `nn.Sequential(*network.children())` names them."""
    child, _, rest = name.partition(".")
    return f"{0 if child == 'stem' else child.removeprefix('layer')}.{rest}"


def renamed(tensors: Tensors, rename: Callable[[str], str]) -> Tensors:
    return {rename(name): tensor for name, tensor in tensors.items()}


Upstream = Callable[[Tensors], dict[str, object]]

MOMENTUM = ("module.encoder_q.fc.weight", "module.encoder_q.fc.bias", "module.queue")
AUDIO = ("module.audio_network.base.conv1.weight", "module.mlp_v0.weight", "module.mlp_a11.bias")


def moco(backbone: Tensors) -> dict[str, object]:
    query = renamed(backbone, lambda name: f"module.encoder_q.{name}")
    key = renamed(dict(list(backbone.items())[:8]), lambda name: f"module.encoder_k.{name}")
    extra = extras(*MOMENTUM, "module.queue_ptr", "module.encoder_k.fc.weight")
    return {"epoch": 200, "state_dict": query | key | extra, "optimizer": {"lr": 0.1}}


def selavi(backbone: Tensors) -> dict[str, object]:
    video = renamed(backbone, lambda name: f"module.video_network.base.{name}")
    return {"model": video | extras(*AUDIO), "epoch": 100}


def gdt(backbone: Tensors) -> dict[str, object]:
    video = renamed(backbone, lambda name: f"video_network.base.{name}")
    heads = [f"mlp_{m}.block_forward.{i}.weight" for m in "va" for i in (2, 4, 8)]
    return {"model": video | extras(*heads, "audio_network.base.conv1.weight")}


def pretext_contrast(backbone: Tensors) -> dict[str, object]:
    network = renamed(backbone, lambda name: f"module.base_network.{_children(name)}")
    heads = ("module.fc.weight", "module.projector.mlp.0.weight", "module.projector.mlp.2.bias")
    return {**network, **extras(*heads)}


def rspnet(backbone: Tensors) -> dict[str, object]:
    query = renamed(backbone, lambda name: f"encoder_q.encoder.base_network.{_children(name)}")
    key = extras("encoder_k.encoder.base_network.0.0.weight", "queue", "queue_ptr")
    heads = ("encoder_q.encoder.linear.weight", "encoder_q.fc1.2.weight", "encoder_q.fc2.2.bias")
    return {"model": query | key | extras(*heads), "arch": "moco"}


def avid(backbone: Tensors) -> dict[str, object]:
    video = renamed(backbone, lambda name: f"module.video_model.{name}")
    rest = ("module.audio_model.conv1.0.weight", "module.video_proj.projection.0.weight")
    audio = extras(*rest, "module.audio_proj.projection.0.bias")
    return {"model": video | audio, "train_criterion": {"alpha": 0.5}, "epoch": 20}


def ctp(backbone: Tensors) -> dict[str, object]:
    network = renamed(backbone, lambda name: f"backbone.{name}")
    heads = extras("head.temporal_conv.weight", "head.fc1.weight", "head.pred_head.bias")
    return {"meta": {"epoch": 90}, "state_dict": network | heads}


def tubelet(backbone: Tensors) -> dict[str, object]:
    network = renamed(backbone, lambda name: f"backbone.{name}")
    key = extras("key_encoder.stem.conv_s.weight", "key_fc.0.weight", "fc.0.weight", "fc.2.bias")
    return {"meta": {}, "state_dict": network | key | extras("queue", "queue_ptr")}


def tclr(backbone: Tensors) -> dict[str, object]:
    network = renamed(backbone, lambda name: f"module.0.{name}")
    heads = ("module.0.fc.weight", "module.1.fc1.weight", "module.1.bn1.bias", "module.1.fc2.bias")
    return {"state_dict": network | extras(*heads), "epoch": 400}


def supervised(backbone: Tensors) -> dict[str, object]:
    return {**backbone, **extras("fc.weight", "fc.bias")}
