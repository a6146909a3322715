import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from severe_bench.core.errors import UserError
from severe_bench.models.backbone import BACKBONES
from severe_bench.models.batch_norm import set_eps
from severe_bench.models.check import check_file
from severe_bench.models.layout import LAYOUTS
from severe_bench.models.layouts.ctp import CTP
from severe_bench.models.match import backbone_slots, match
from severe_bench.models.naming import translate
from severe_bench.models.network import build_network, init_backbone
from severe_bench.models.reading import unwrapped
from severe_bench.models.weights import Metadata, load_checkpoint, load_into, save_checkpoint
from severe_bench.plan.job import NetworkRef, WeightsRef
from tests.models import upstream

TRANSFORMERS = {"videomae", "hf", "hf_videomae", "hf_vjepa2", "hf_timesformer", "hf_vivit"}
"""Layouts onto networks of transformers; `test_hf.py` has their files."""


def factored() -> nn.Module:
    with torch.device("meta"):
        return upstream.PyvrlResNet()


def plain() -> nn.Module:
    with torch.device("meta"):
        return upstream.PyvrlResNet(factored=False)


@dataclass(frozen=True)
class Released:
    """A released file: what its backbone's tensors are called, and what is around them."""

    layout: str
    backbone: str
    count: int
    shapes: Callable[[], dict[str, tuple[int, ...]]]
    wrap: upstream.Upstream
    pairs: tuple[tuple[str, str], ...] = ()


def r2plus1d() -> dict[str, tuple[int, ...]]:
    return upstream.shapes_of(upstream.torchvision_network("r2plus1d_18"))


PYVRL_PAIRS = (
    ("stem.conv_s.weight", "stem.0.weight"),
    ("stem.bn_s.bias", "stem.1.bias"),
    ("stem.conv_t.weight", "stem.3.weight"),
    ("stem.bn_t.running_mean", "stem.4.running_mean"),
    ("layer1.0.conv1.conv_s.weight", "layer1.0.conv1.0.0.weight"),
    ("layer1.0.conv1.bn_s.weight", "layer1.0.conv1.0.1.weight"),
    ("layer1.0.conv2.conv_t.weight", "layer1.0.conv2.0.3.weight"),
    ("layer1.0.bn2.weight", "layer1.0.conv2.1.weight"),
    ("layer2.0.downsample.conv.weight", "layer2.0.downsample.0.weight"),
    ("layer2.0.downsample_bn.bias", "layer2.0.downsample.1.bias"),
)
R3D_PAIRS = (
    ("stem.conv.weight", "stem.0.weight"),
    ("stem.bn.running_var", "stem.1.running_var"),
    ("layer3.1.conv2.conv.weight", "layer3.1.conv2.0.weight"),
    ("layer4.0.bn1.bias", "layer4.0.conv1.1.bias"),
    ("layer4.0.downsample.conv.weight", "layer4.0.downsample.0.weight"),
)


def tclr_shapes() -> dict[str, tuple[int, ...]]:
    return upstream.shapes_of(upstream.tclr_network())


def pyvrl_shapes() -> dict[str, tuple[int, ...]]:
    return upstream.shapes_of(factored())


RELEASED = [
    Released("torchvision", "r2plus1d_18", 222, r2plus1d, upstream.supervised),
    Released("moco", "r2plus1d_18", 222, r2plus1d, upstream.moco),
    Released("video_moco", "r2plus1d_18", 222, r2plus1d, upstream.moco),
    Released("selavi", "r2plus1d_18", 222, r2plus1d, upstream.selavi),
    Released("gdt", "r2plus1d_18", 222, r2plus1d, upstream.gdt),
    Released("pretext_contrast", "r2plus1d_18", 222, r2plus1d, upstream.pretext_contrast),
    Released("rspnet", "r2plus1d_18", 222, r2plus1d, upstream.rspnet),
    Released("avid_cma", "r2plus1d_18", 222, r2plus1d, upstream.avid),
    Released("ctp", "r2plus1d_18", 222, pyvrl_shapes, upstream.ctp, PYVRL_PAIRS),
    Released("tubelet_contrast", "r2plus1d_18", 222, pyvrl_shapes, upstream.tubelet, PYVRL_PAIRS),
    Released("tclr", "tclr_r2plus1d_18", 216, tclr_shapes, upstream.tclr),
    Released(
        "avid_cma_public", "avid_r2plus1d_18", 201, upstream.avid_public_shapes, upstream.avid
    ),
    Released(
        "tubelet_contrast_r3d",
        "r3d_18",
        120,
        lambda: upstream.shapes_of(plain()),
        upstream.tubelet,
        R3D_PAIRS,
    ),
    Released("tubelet_contrast_i3d", "i3d", 342, upstream.i3d_shapes, upstream.tubelet),
]
TWINS = {"video_moco": "moco"}
"""Layouts whose files cannot be told from another's."""


@pytest.fixture(scope="module", params=RELEASED, ids=lambda released: released.layout)
def released(request: pytest.FixtureRequest) -> Released:
    found: Released = request.param
    return found


@cache
def network(name: str) -> nn.Module:
    return init_backbone(name, {}, 0)


@pytest.fixture(scope="module")
def source(released: Released) -> Iterator[dict[str, Tensor]]:
    yield upstream.drawn(released.shapes())
    gc.collect()


@pytest.fixture(scope="module")
def file(
    released: Released, source: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("released") / f"{released.layout}.pth"
    torch.save(released.wrap(source), path)
    yield path
    path.unlink()  # 125 MB each


def test_every_tensor_of_a_released_file_is_loaded_to_the_bit(
    released: Released, source: dict[str, Tensor], file: Path
) -> None:
    assert len(source) == released.count
    model = network(released.backbone)
    checkpoint = load_checkpoint(file, released.layout)
    load_into(model, checkpoint.tensors, str(file), checkpoint.strays)
    loaded = model.state_dict()
    assert len(loaded) == released.count
    pairs = dict(released.pairs) or {name: name for name in source}
    for theirs, ours in pairs.items():
        assert torch.equal(loaded[ours], source[theirs]), theirs
    # every number of the source is there once, whatever its name
    key = lambda tensor: (tuple(tensor.shape), tensor.double().sum().item())  # noqa: E731
    assert sorted(map(key, loaded.values())) == sorted(map(key, source.values()))


def test_the_layout_is_found_by_itself(released: Released, file: Path) -> None:
    found = check_file(file)
    assert found.as_data() == {
        "layout": TWINS.get(released.layout, released.layout),
        "backbone": released.backbone,
        "entry": "",
        "matched": released.count,
        "missing": [],
        "unexpected": [],
        "wrong_shape": [],
        "ok": True,
    }
    assert released.layout in {found.layout.name, *found.also}


def test_every_layout_has_a_released_file_here() -> None:
    apart = {"severe", "svt", "plain", *TRANSFORMERS}
    assert {released.layout for released in RELEASED} | apart == set(LAYOUTS.names())


def test_the_teacher_of_svt_is_its_backbone() -> None:
    slots = backbone_slots("svt_vit_b")
    teacher = {f"module.backbone.{name}": torch.zeros(1) for name in slots}
    file = {"student": {"a": torch.zeros(1)}, "teacher": {**teacher, "head.mlp.0.weight": teacher}}
    rules = LAYOUTS.get("svt")
    named = translate(unwrapped(file, rules, "file"), rules)
    assert set(named.tensors) == set(slots)
    assert named.strays == ()


def tiny(layout: str, tensors: dict[str, Tensor], wrap: upstream.Upstream) -> list[str]:
    """Names after the layout's rules."""
    rules = LAYOUTS.get(layout)
    named = translate(unwrapped(wrap(tensors), rules, "file"), rules)
    assert named.strays == ()
    return list(named.tensors)


@pytest.mark.parametrize("released", RELEASED, ids=lambda released: released.layout)
def test_module_or_not_and_any_wrapper(released: Released) -> None:
    source = dict.fromkeys(released.shapes(), torch.zeros(1))
    content = released.wrap(source)
    inner = next((content[k] for k in ("state_dict", "model") if k in content), content)
    assert isinstance(inner, dict)
    bare = {name.removeprefix("module."): tensor for name, tensor in inner.items()}
    wrapped = {f"module.{name}": tensor for name, tensor in bare.items()}
    expected = set(backbone_slots(released.backbone))
    for names in (bare, wrapped):
        for wrap in (dict, lambda n: {"state_dict": n}, lambda n: {"model": n, "epoch": 1}):
            found = tiny(released.layout, source, lambda _, n=names, w=wrap: w(n))
            assert set(found) == expected


def test_own_files_are_found_with_their_backbone(tmp_path: Path) -> None:
    model = init_backbone("r2plus1d_narrow", {}, 0)
    about = Metadata(
        method="x", backbone="r2plus1d_narrow", recipe={}, dataset="", seed=0, torch=""
    )
    save_checkpoint(tmp_path / "w.pt", model.state_dict(), about, dtype=torch.float16)
    found = check_file(tmp_path / "w.pt")
    assert (found.layout.name, found.backbone) == ("severe", "r2plus1d_narrow")
    assert found.match.ok
    assert found.match.matched == 102


def test_a_file_of_a_backbone_that_is_not_here_is_named(tmp_path: Path) -> None:
    about = Metadata(method="x", backbone="gone", recipe={}, dataset="", seed=0, torch="")
    save_checkpoint(tmp_path / "w.pt", {"a": torch.zeros(1)}, about, dtype=torch.float32)
    with pytest.raises(UserError, match="unknown backbone 'gone'"):
        check_file(tmp_path / "w.pt")


@pytest.fixture(scope="module")
def ctp_tensors() -> dict[str, Tensor]:
    """With the shapes that matter, in little memory: tests below change copies of the dict."""
    return upstream.drawn(pyvrl_shapes())


def saved(content: object, path: Path) -> Path:
    torch.save(content, path)
    return path


def test_a_missing_block_is_refused_by_name(ctp_tensors: dict[str, Tensor], tmp_path: Path) -> None:
    cut = {n: t for n, t in ctp_tensors.items() if n.startswith(("stem", "layer1.0.conv1"))}
    path = saved(upstream.ctp(cut), tmp_path / "w.pt")
    with pytest.raises(UserError, match=r"missing: layer1\.0\.conv1\.1\.weight.*models check"):
        build(path, "ctp")
    found = check_file(path)
    assert (found.layout.name, found.match.ok) == ("ctp", False)
    assert "layer4.1.conv2.1.bias" in found.match.missing
    assert found.match.matched == len(cut)


def test_weights_of_the_public_ctp_code_have_other_middle_widths() -> None:
    with torch.device("meta"):
        public = upstream.PyvrlResNet(shared_middle=False)
    named = translate(upstream.renamed(public.state_dict(), lambda n: f"backbone.{n}"), CTP)
    found = match(named, backbone_slots("r2plus1d_18"))
    assert (found.missing, found.unexpected) == ((), ())
    assert len(found.wrong_shape) == 18
    assert all(".0.conv2." in name for name in found.wrong_shape)


def test_another_layout_is_refused(ctp_tensors: dict[str, Tensor], tmp_path: Path) -> None:
    small = {name: tensor.flatten()[:1].clone() for name, tensor in ctp_tensors.items()}
    path = saved(upstream.ctp(small), tmp_path / "w.pt")
    for layout in ("moco", "torchvision", "gdt", "tclr"):
        with pytest.raises(UserError, match=r"missing: .* and \d+ more; \d+ unexpected: backbone"):
            build(path, layout, "tclr_r2plus1d_18" if layout == "tclr" else "r2plus1d_18")


def test_names_without_the_root_are_no_backbone(tmp_path: Path) -> None:
    path = saved({"stem.0.weight": torch.zeros(45, 3, 1, 7, 7)}, tmp_path / "w.pt")
    found = check_file(path, "moco")
    assert found.match.unexpected == ("stem.0.weight",)
    assert found.match.matched == 0


def test_what_may_be_left_over_is_the_layout_s_own() -> None:
    """Layouts that keep one part of a larger model drop the rest; others name each leftover."""
    odd = {"module.another.part.weight": torch.zeros(1)}
    drops = {n for n in LAYOUTS.names() if not translate(odd, LAYOUTS.get(n)).strays}
    whole = {"plain", "severe", "torchvision", *TRANSFORMERS} - {
        "hf_vjepa2"
    }  # no root: the name is then unexpected
    assert drops - whole == {
        "avid_cma",
        "avid_cma_public",
        "rspnet",
        "selavi",
        "tubelet_contrast_i3d",
    }


def test_two_tensors_for_one_name_are_refused(tmp_path: Path) -> None:
    weight = torch.zeros(45, 3, 1, 7, 7)
    twice = {"stem.0.weight": weight, "module.stem.0.weight": weight}
    found = check_file(saved(twice, tmp_path / "w.pt"), "torchvision", "r2plus1d_18")
    assert found.match.unexpected == ("module.stem.0.weight",)
    assert found.match.matched == 1


def test_a_file_that_matches_nothing_gets_the_nearest_by_shapes(tmp_path: Path) -> None:
    names = {
        f"net.{i}": torch.zeros(shape) for i, shape in enumerate(r2plus1d().values()) if i < 40
    }
    found = check_file(saved(names, tmp_path / "w.pt"))
    assert (found.match.matched, found.match.ok) == (0, False)
    assert (found.layout.name, found.backbone) == ("torchvision", "r2plus1d_18")
    assert found.match.missing[0] == "stem.0.weight"
    assert found.match.unexpected[0] == "net.0"


@pytest.mark.parametrize(
    ("tensor", "words"),
    [
        (torch.zeros(45, 3, 1, 5, 5), r"\(45, 3, 1, 5, 5\) instead of \(45, 3, 1, 7, 7\)"),
        (torch.zeros(45, 3, 1, 7, 7, dtype=torch.int8), "int8 instead of"),
        (torch.zeros(45, 3, 1, 7, 7, dtype=torch.complex64), "complex64 instead of"),
    ],
)
def test_another_shape_or_type_is_refused(tensor: Tensor, words: str, tmp_path: Path) -> None:
    path = saved({"stem.0.weight": tensor}, tmp_path / "w.pt")
    with pytest.raises(UserError, match=words):
        build(path, "torchvision")
    assert check_file(path, "torchvision", "r2plus1d_18").match.wrong_shape == ("stem.0.weight",)


def build(path: Path, layout: str, backbone: str = "r2plus1d_18", **kwargs: object) -> nn.Module:
    weights = WeightsRef(source="file", digest="0" * 64, layout=layout)
    return build_network(NetworkRef(backbone=backbone, kwargs=kwargs, weights=weights), path)


@pytest.mark.parametrize(
    ("layout", "backbone", "is_factored", "wrap"),
    [
        ("ctp", "r2plus1d_18", True, upstream.ctp),
        ("tubelet_contrast_r3d", "r3d_18", False, upstream.tubelet),
    ],
)
def test_upstream_code_and_ours_give_the_same_features(
    layout: str, backbone: str, is_factored: bool, wrap: upstream.Upstream, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    theirs = upstream.PyvrlResNet(is_factored).eval()
    for module in theirs.modules():
        if isinstance(module, nn.BatchNorm3d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.01, 0.2)
    path = saved(wrap(theirs.state_dict()), tmp_path / "w.pt")
    eps = LAYOUTS.get(layout).bn_eps
    assert eps is not None
    ours = build(path, layout, backbone, bn_eps=eps).eval()
    clips = torch.randn(1, 3, 4, 32, 32)
    with torch.no_grad():
        expected = theirs(clips)
        torch.testing.assert_close(ours(clips), expected, rtol=1e-4, atol=1e-4)
        set_eps(ours, 1e-5)  # as SEVERE does
        assert (ours(clips) - expected).norm() > 0.02 * expected.norm()


def test_layouts_name_backbones_that_exist_and_their_inputs() -> None:
    for name in LAYOUTS.names():
        for backbone in LAYOUTS.get(name).backbones:
            assert BACKBONES.get(backbone).name == backbone
    tclr = LAYOUTS.get("tclr").input
    assert tclr is not None
    assert (tclr.channels, tclr.mean, tclr.std) == ("BGR", (0, 0, 0), (1, 1, 1))
