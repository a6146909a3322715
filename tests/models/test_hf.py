"""Model folders of Hugging Face: each against transformers' own loader; none half-loaded."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from severe_bench.config.network_input import Input
from severe_bench.core.digest import file_digest
from severe_bench.core.errors import UserError
from severe_bench.models import backbone as backbone_module
from severe_bench.models.backbone import BACKBONES, Described, described
from severe_bench.models.backbones.hf_network import HfVideo
from severe_bench.models.check import check_file
from severe_bench.models.maps import FEATURES, both, layers
from severe_bench.models.model_folder import read_architecture, read_input
from severe_bench.models.naming import translate
from severe_bench.models.network import build_network
from severe_bench.models.safetensors_file import read_safetensors
from severe_bench.plan.checkpoints import checkpoint_digest, lacks
from severe_bench.plan.job import NetworkRef, WeightsRef
from tests.models.folders import CONFIGS, SMALL, made, saved
from tests.models.test_maps import blob, require_bottom_left_and_late

CLIPS = (2, 3, 4, 32, 32)
KINDS = sorted(CONFIGS)
CLASS_TOKEN = {"timesformer", "vivit"}


def known(folder: Path) -> Described:
    return described(BACKBONES.get("hf_video"), {}, folder)


def ours(folder: Path) -> nn.Module:
    found = known(folder)
    weights = WeightsRef(source="file", digest="0" * 64, layout=found.layout)
    ref = NetworkRef(backbone="hf_video", kwargs=found.kwargs, weights=weights)
    return build_network(ref, folder).eval()


def theirs(folder: Path, clips: Tensor) -> Tensor:
    """Last hidden states as transformers loads and computes them."""
    from transformers import AutoModel

    model = AutoModel.from_pretrained(folder, local_files_only=True).eval()
    with torch.no_grad():
        output = model(**{model.main_input_name: clips.transpose(1, 2)})
    found: Tensor = output.last_hidden_state
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("head", ["", "ForVideoClassification"])
def test_features_are_those_of_transformers_own_loader(
    kind: str, head: str, tmp_path: Path
) -> None:
    saved(tmp_path, kind, head)
    network, clips = ours(tmp_path), torch.randn(CLIPS)
    expected = theirs(tmp_path, clips)
    pooled = expected[:, 0] if kind in CLASS_TOKEN else expected.mean(1)
    with torch.no_grad():
        torch.testing.assert_close(network(clips), pooled)
    found = check_file(tmp_path)
    assert found.match.ok
    assert found.match.matched == len(network.state_dict())
    assert (found.layout.name, found.backbone) == (f"hf_{kind}", "hf_video")


def test_videomae_loads_from_its_pretraining_form(tmp_path: Path) -> None:
    saved(tmp_path, "videomae", "ForPreTraining")
    clips = torch.randn(CLIPS)
    with torch.no_grad():
        torch.testing.assert_close(ours(tmp_path)(clips), theirs(tmp_path, clips).mean(1))


def test_videomae_trained_for_classes_has_its_normalisation_after_the_mean(tmp_path: Path) -> None:
    model = saved(tmp_path, "videomae", "ForVideoClassification", use_mean_pooling=True)
    network, clips = ours(tmp_path), torch.randn(CLIPS)
    with torch.no_grad():
        expected = model(clips.transpose(1, 2)).logits
        torch.testing.assert_close(model.classifier(network(clips)), expected)
    assert network.get_submodule("fc_norm").eps == model.fc_norm.eps


@pytest.mark.parametrize("kind", KINDS)
def test_every_tensor_is_bit_identical(kind: str, tmp_path: Path) -> None:
    model = saved(tmp_path, kind)
    network = ours(tmp_path)
    whole = dict(model.state_dict())
    part = "encoder." if kind == "vjepa2" else ""
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, whole[name.replace("model.", part, 1)])
    left = {name for name in whole if name.startswith(("predictor.", "pooler."))}
    assert len(network.state_dict()) == len(whole) - len(left)


@pytest.mark.parametrize("kind", KINDS)
def test_maps_lie_where_the_pixels_are(kind: str, tmp_path: Path) -> None:
    made(kind)
    config = {"model_type": kind, **CONFIGS[kind]}
    torch.manual_seed(0)
    network = HfVideo(config).eval()
    plain, other = blob((1, 3, 4, 32, 32))
    with torch.no_grad():
        features, maps = both("hf_video", network, torch.cat((plain, other)))
        stages = layers("hf_video", network, plain)
    assert maps.shape[3:] == (4, 4)
    assert list(stages) == [*network.stages.names, FEATURES]
    if kind not in CLASS_TOKEN:
        torch.testing.assert_close(maps.mean((2, 3, 4)), features)
    require_bottom_left_and_late(maps[:1], maps[1:])


def test_weights_may_be_in_several_files(tmp_path: Path) -> None:
    saved(tmp_path / "one", "vivit")
    saved(tmp_path / "parts", "vivit", shard="20KB")
    parts = sorted((tmp_path / "parts").glob("model-*.safetensors"))
    assert len(parts) > 1
    one, many = ours(tmp_path / "one").state_dict(), ours(tmp_path / "parts").state_dict()
    assert all(torch.equal(one[name], many[name]) for name in one)
    before = checkpoint_digest(tmp_path / "parts", file_digest)
    (tmp_path / "parts" / "notes.txt").write_text("x")
    assert checkpoint_digest(tmp_path / "parts", file_digest) == before
    parts[1].unlink()
    with pytest.raises(UserError, match="missing"):
        ours(tmp_path / "parts")
    assert checkpoint_digest(tmp_path / "parts", file_digest) != before


def rewritten(folder: Path, change: Callable[[dict[str, Tensor]], object]) -> None:
    from safetensors.torch import save_file

    tensors = read_safetensors(folder / "model.safetensors").tensors
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


BIAS = "embeddings.patch_embeddings.projection.bias"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.pop(BIAS), "1 missing: model.embeddings.patch_embeddings.projection.bias"),
        (lambda t: t.update(extra=torch.zeros(1)), "1 unexpected: model.extra"),
        (lambda t: t.update({BIAS: torch.zeros(3)}), r"1 of another shape: .*\(3,\) instead"),
    ],
)
def test_a_half_loaded_model_is_refused(
    change: Callable[[dict[str, Tensor]], object], words: str, tmp_path: Path
) -> None:
    saved(tmp_path, "videomae")
    rewritten(tmp_path, change)
    with pytest.raises(UserError, match=words):
        ours(tmp_path)
    assert not check_file(tmp_path).match.ok


def test_pickled_weights_are_not_read(tmp_path: Path) -> None:
    model = saved(tmp_path, "videomae")
    (tmp_path / "model.safetensors").unlink()
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"no model\.safetensors; files that need pickle"):
        ours(tmp_path)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ('{"model_type": "videomae", "auto_map": {"AutoModel": "evil.Model"}}', "auto_map"),
        ('{"model_type": "videomae", "quantization_config": {"bits": 4}}', "quantization_config"),
        ('{"hidden_size": 3}', "no model_type"),
        ("[1, 2]", "not a JSON object"),
        ("{", "cannot be read"),
    ],
)
def test_a_config_that_says_too_much_or_too_little_is_refused(
    config: str, words: str, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(UserError, match=words):
        read_architecture(tmp_path)


def test_types_that_transformers_does_not_know_or_that_are_no_encoders() -> None:
    with pytest.raises(UserError, match=r"quantum_video: transformers cannot build it"):
        HfVideo({"model_type": "quantum_video"})
    with pytest.raises(UserError, match="not stated"):
        BACKBONES.get("hf_video").build()


def test_labels_and_versions_are_not_part_of_the_architecture(tmp_path: Path) -> None:
    saved(tmp_path, "videomae")
    before = known(tmp_path).kwargs
    path = tmp_path / "config.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "id2label": {"0": "run"}, "transformers_version": "9"}))
    assert known(tmp_path).kwargs == before
    path.write_text(json.dumps({**content, "layer_norm_eps": 1e-5}))
    assert known(tmp_path).kwargs != before


@pytest.mark.parametrize(
    ("kind", "frames", "size"),
    [("videomae", 4, 32), ("vivit", 4, 32), ("timesformer", 4, 32), ("vjepa2", None, 32)],
)
def test_fixed_frames_and_sizes_are_known_without_building(
    kind: str, frames: int | None, size: int, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": kind, **CONFIGS[kind]}))
    backbone = known(tmp_path).backbone
    assert (backbone.frames, backbone.size) == (frames, size)


def test_more_frames_need_no_other_weights_where_positions_are_computed(tmp_path: Path) -> None:
    saved(tmp_path, "vjepa2")
    assert ours(tmp_path)(torch.randn(1, 3, 8, 32, 32)).shape == (1, 24)
    saved(tmp_path / "mae", "videomae")
    found = described(BACKBONES.get("hf_video"), {"config": {"num_frames": 8}}, tmp_path / "mae")
    assert found.backbone.frames == 8
    weights = WeightsRef(source="file", digest="0" * 64, layout=found.layout)
    ref = NetworkRef(backbone="hf_video", kwargs=found.kwargs, weights=weights)
    longer = build_network(ref, tmp_path / "mae")
    assert longer(torch.randn(1, 3, 8, 32, 32)).shape == (1, 16)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"image_mean": [0.1, 0.2, 0.3], "image_std": [0.4, 0.5, 0.6]},
         Input(mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6))),
        ({"image_mean": 0.5, "image_std": 0.25}, Input(mean=(0.5,) * 3, std=(0.25,) * 3)),
        ({"do_normalize": False}, Input(mean=(0.0,) * 3, std=(1.0,) * 3)),
        ({"rescale_factor": 1 / 127.5, "offset": True, "do_normalize": False},
         Input(mean=(0.5,) * 3, std=(0.5,) * 3)),
    ],
)  # fmt: skip
def test_the_processors_arithmetic_becomes_the_input_statement(
    said: dict[str, object], expected: Input, tmp_path: Path
) -> None:
    assert read_input(tmp_path) is None
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(said))
    assert read_input(tmp_path) == expected


def test_a_processor_that_transformers_saves_is_understood(tmp_path: Path) -> None:
    from transformers import VideoMAEVideoProcessor

    processor = VideoMAEVideoProcessor(image_mean=[0.1, 0.2, 0.3], image_std=[0.4, 0.5, 0.6])
    processor.save_pretrained(tmp_path)
    found = read_input(tmp_path)
    assert found == Input(mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6))
    pixels = torch.randint(256, (1, 4, 3, 224, 224), dtype=torch.uint8)
    options = {"do_resize": False, "do_center_crop": False, "return_tensors": "pt"}
    expected = processor(pixels, **options)["pixel_values"]
    mean, std = (torch.tensor(v)[:, None, None] for v in (found.mean, found.std))
    torch.testing.assert_close((pixels / 255 - mean) / std, expected)


def test_a_processor_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "preprocessor_config.json").write_text('{"image_mean": [0.5, 0.5]}')
    with pytest.raises(UserError, match="state `input` in the model entry"):
        read_input(tmp_path)


def test_a_processor_of_pixels_up_to_255_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "preprocessor_config.json").write_text('{"image_mean": 123.0}')
    with pytest.raises(UserError, match=r"means of pixels lie in \[0, 1\]") as caught:
        read_input(tmp_path)
    assert "\n" not in str(caught.value)


def upstream_videomae(width: int, depth: int, prefix: str, norm: str) -> dict[str, Tensor]:
    """Names and shapes of the authors' vision transformer (`modeling_finetune.py`)."""
    shapes: dict[str, tuple[int, ...]] = {
        "patch_embed.proj.weight": (width, 3, 2, 16, 16),
        "patch_embed.proj.bias": (width,),
        f"{norm}.weight": (width,),
        f"{norm}.bias": (width,),
    }
    for i in range(depth):
        block = {
            "norm1.weight": (width,), "norm1.bias": (width,),
            "attn.q_bias": (width,), "attn.v_bias": (width,),
            "attn.qkv.weight": (3 * width, width),
            "attn.proj.weight": (width, width), "attn.proj.bias": (width,),
            "norm2.weight": (width,), "norm2.bias": (width,),
            "mlp.fc1.weight": (4 * width, width), "mlp.fc1.bias": (4 * width,),
            "mlp.fc2.weight": (width, 4 * width), "mlp.fc2.bias": (width,),
        }  # fmt: skip
        shapes |= {f"blocks.{i}.{name}": shape for name, shape in block.items()}
    return {f"{prefix}{name}": torch.randn(shape) for name, shape in shapes.items()}


def test_a_released_videomae_pretraining_file_finds_its_layout(tmp_path: Path) -> None:
    tensors = upstream_videomae(384, 12, "encoder.", "norm")
    rest = {
        "mask_token": torch.zeros(1, 1, 192),
        "encoder_to_decoder.weight": torch.zeros(192, 384),
        "decoder.norm.weight": torch.zeros(192),
    }
    torch.save({"model": {**tensors, **rest}, "epoch": 1599}, tmp_path / "checkpoint.pth")
    found = check_file(tmp_path / "checkpoint.pth")
    assert (found.layout.name, found.backbone, found.match.ok) == (
        "videomae", "videomae_vit_s", True,
    )  # fmt: skip
    assert found.match.matched == len(tensors) + 2 * 12
    weights = WeightsRef(source="file", digest="0" * 64, layout="videomae")
    ref = NetworkRef(backbone="videomae_vit_s", weights=weights)
    state = build_network(ref, tmp_path / "checkpoint.pth").state_dict()
    block = "model.encoder.layer.7.attention.attention"
    fused = torch.cat([state[f"{block}.{part}.weight"] for part in ("query", "key", "value")])
    assert torch.equal(fused, tensors["encoder.blocks.7.attn.qkv.weight"])
    assert torch.equal(state[f"{block}.value.bias"], tensors["encoder.blocks.7.attn.v_bias"])


def upstream_forward(tensors: dict[str, Tensor], clips: Tensor, heads: int) -> Tensor:
    """The authors' forward pass, written out: (B, width), after `fc_norm` of the mean."""
    from torch.nn import functional as F

    t = {name.removeprefix("encoder."): tensor for name, tensor in tensors.items()}
    stream = F.conv3d(clips, t["patch_embed.proj.weight"], t["patch_embed.proj.bias"], (2, 16, 16))
    stream = stream.flatten(2).transpose(1, 2)
    batch, length, width = stream.shape
    place = torch.arange(length, dtype=torch.float64)[:, None]
    order = torch.arange(width)
    angle = place / 10000 ** (2 * (order // 2) / width).double()
    stream = stream + torch.where(order % 2 == 0, angle.sin(), angle.cos()).float()
    depth = len({name.split(".")[1] for name in t if name.startswith("blocks")})
    for i in range(depth):
        b = {
            n.removeprefix(f"blocks.{i}."): v for n, v in t.items() if n.startswith(f"blocks.{i}.")
        }
        rows = F.layer_norm(stream, (width,), b["norm1.weight"], b["norm1.bias"], 1e-6)
        bias = torch.cat((b["attn.q_bias"], torch.zeros(width), b["attn.v_bias"]))
        qkv = (rows @ b["attn.qkv.weight"].T + bias).reshape(batch, length, 3, heads, -1)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        seen = ((q @ k.transpose(-1, -2)) / (width // heads) ** 0.5).softmax(-1) @ v
        seen = seen.transpose(1, 2).reshape(batch, length, width)
        stream = stream + F.linear(seen, b["attn.proj.weight"], b["attn.proj.bias"])
        rows = F.layer_norm(stream, (width,), b["norm2.weight"], b["norm2.bias"], 1e-6)
        inner = F.gelu(F.linear(rows, b["mlp.fc1.weight"], b["mlp.fc1.bias"]))
        stream = stream + F.linear(inner, b["mlp.fc2.weight"], b["mlp.fc2.bias"])
    return F.layer_norm(stream.mean(1), (width,), t["fc_norm.weight"], t["fc_norm.bias"], 1e-6)


def test_a_file_of_the_authors_gives_the_features_of_their_forward_pass() -> None:
    from severe_bench.models.layouts.videomae import VIDEOMAE

    config = {"model_type": "videomae", **SMALL, "image_size": 32, "patch_size": 16,
              "num_frames": 4, "use_mean_pooling": True, "pooled_norm": 1e-6,
              "layer_norm_eps": 1e-6}  # fmt: skip
    torch.manual_seed(0)
    tensors = upstream_videomae(16, 4, "", "fc_norm")
    network = HfVideo({**config, "intermediate_size": 64}).eval()
    network.load_state_dict(translate(tensors, VIDEOMAE).tensors)
    clips = torch.randn(2, 3, 4, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(
            network(clips), upstream_forward(tensors, clips, 2), rtol=1e-4, atol=1e-4
        )


def test_a_layout_given_by_name_is_the_one_that_is_tried(tmp_path: Path) -> None:
    saved(tmp_path, "videomae")
    found = check_file(tmp_path, layout="hf_vivit")
    assert (found.layout.name, found.match.ok) == ("hf_vivit", False)
    assert check_file(tmp_path, backbone="hf_video").match.ok


def test_without_transformers_everything_else_works_and_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tmp_path / "mae", "videomae")
    network = BACKBONES.get("r2plus1d_narrow").build()
    torch.save(network.state_dict(), tmp_path / "w.pt")
    found = ours(tmp_path / "mae")
    assert isinstance(found, HfVideo)
    monkeypatch.setitem(sys.modules, "transformers", None)
    monkeypatch.setattr(backbone_module, "find_spec", lambda name: None)
    backbone = known(tmp_path / "mae").backbone
    assert "hf_video needs transformers; install the extra" in lacks(backbone)
    assert lacks(BACKBONES.get("r2plus1d_narrow")) == ""
    assert "videomae_vit_s needs" in lacks(BACKBONES.get("videomae_vit_s"))
    assert check_file(tmp_path / "w.pt", "torchvision", "r2plus1d_narrow").match.ok
    assert not check_file(tmp_path / "w.pt").match.ok
    with pytest.raises(UserError, match=r"not installed; .* pip install 'severe-bench\[hub\]'"):
        ours(tmp_path / "mae")


def test_the_own_name_has_the_norms_of_files_trained_for_classes() -> None:
    with torch.device("meta"):
        plain = BACKBONES.get("videomae_vit_s").build()
        pooled = BACKBONES.get("videomae_vit_s").build(pooled_norm=True)
    only = set(plain.state_dict()) ^ set(pooled.state_dict())
    assert only == {
        "model.layernorm.weight", "model.layernorm.bias", "fc_norm.weight", "fc_norm.bias",
    }  # fmt: skip
    assert {m.eps for m in pooled.modules() if isinstance(m, nn.LayerNorm)} == {1e-6}


def test_nothing_reaches_for_the_network(tmp_path: Path) -> None:
    """Every attempt to open a connection, or to resolve a name, ends the process."""
    saved(tmp_path, "videomae")
    code = f"""
import socket, os
os.environ.pop("HF_HUB_OFFLINE", None)
def refuse(*_, **__): os._exit(7)
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
from pathlib import Path
from severe_bench.models.check import check_file
from severe_bench.models.backbone import BACKBONES, described
from severe_bench.models.network import init_backbone
assert check_file(Path({str(tmp_path)!r})).match.ok
known = described(BACKBONES.get("hf_video"), {{}}, Path({str(tmp_path)!r}))
init_backbone("hf_video", known.kwargs, 0)
"""
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
