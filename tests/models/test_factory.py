import importlib
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import torch
from torch import nn

from severe_bench.core import source as source_module
from severe_bench.core.digest import digest_of, file_digest
from severe_bench.core.errors import UserError
from severe_bench.models import backbone as backbone_module
from severe_bench.models.backbone import BACKBONES, Backbones
from severe_bench.models.factory import find_factory
from severe_bench.models.network import build_network, feature_width, init_backbone
from severe_bench.plan.job import NetworkRef, WeightsRef

SOURCE = """
from torch import nn

class Net(nn.Module):
    def __init__(self, width=6):
        super().__init__()
        self.conv = nn.Conv3d(3, width, 3)
        self.norm = nn.BatchNorm3d(width)

    def forward(self, clips):
        return self.norm(self.conv(clips)).mean((2, 3, 4))

def build(width=6):
    return Net(width)

def number():
    return 3

def flat(**kwargs):
    return nn.Identity()

THING = 3
"""


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package that is not ours, in a folder of its own on Python's path."""
    package = tmp_path / "outside" / "mypackage"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')\n")
    (package / "models.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(package.parent)
    find_factory.cache_clear()
    yield package
    for name in [name for name in sys.modules if name.partition(".")[0] == "mypackage"]:
        del sys.modules[name]
    find_factory.cache_clear()


@pytest.fixture
def importable(outside: Path) -> Path:
    (outside / "__init__.py").write_text("")
    return outside


def test_looking_a_factory_up_imports_nothing(outside: Path) -> None:
    factory = find_factory("mypackage.models:build")
    files = {name: file_digest(outside / name) for name in ("__init__.py", "models.py")}
    assert factory.digest == digest_of(files)[:16]
    assert "mypackage" not in sys.modules
    assert BACKBONES.get("mypackage.models:build").name == factory.name
    with pytest.raises(
        UserError, match=r"mypackage\.models: cannot be imported: RuntimeError: imp"
    ):
        factory.build()


def test_the_digest_follows_the_source_and_an_old_stamp_is_refused(outside: Path) -> None:
    before = find_factory("mypackage.models:build").name
    assert find_factory(before).name == before
    (outside / "models.py").write_text(SOURCE + "# changed\n")
    find_factory.cache_clear()
    assert find_factory("mypackage.models:build").name != before
    with pytest.raises(UserError, match="has changed since this was planned"):
        find_factory(before)


def test_what_the_module_imports_from_its_own_package_counts_too(
    outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = find_factory("mypackage.models:build").digest
    (outside / "deep").mkdir()
    (outside / "deep" / "blocks.py").write_text("WIDTH = 3\n")
    find_factory.cache_clear()
    more = find_factory("mypackage.models:build").digest
    (outside / "deep" / "blocks.py").write_text("WIDTH = 4\n")
    (outside / "notes.txt").write_text("words")
    find_factory.cache_clear()
    changed = find_factory("mypackage.models:build").digest
    assert len({before, more, changed}) == 3
    outside.parent.rename(outside.parent.with_name("elsewhere"))
    monkeypatch.syspath_prepend(outside.parent.with_name("elsewhere"))
    find_factory.cache_clear()
    assert find_factory("mypackage.models:build").digest == changed


@pytest.mark.parametrize("limit", ["FILES", "BYTES"])
def test_of_a_library_the_module_and_the_version_count(
    limit: str, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_module, limit, 1)
    found = find_factory("mypackage.models:build")
    assert found.library == "mypackage, of no version"
    digests = {found.digest}
    for version in ("1.0", "1.1"):
        info = outside.parent / "mypackage_of_mine.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Name: mypackage-of-mine\nVersion: {version}\n")
        (info / "top_level.txt").write_text("mypackage\n")
        find_factory.cache_clear()
        importlib.invalidate_caches()
        found = find_factory("mypackage.models:build")
        assert found.library == f"mypackage-of-mine {version}"
        digests.add(found.digest)
    assert len(digests) == 3
    (outside / "__init__.py").write_text("# another file\n")
    find_factory.cache_clear()
    assert find_factory("mypackage.models:build").digest == found.digest


def test_what_lies_beside_a_module_of_no_package_counts_too(outside: Path) -> None:
    folder = outside.parent
    (folder / "alone.py").write_text("from beside import Net as build\n")
    alone = find_factory("alone:build")
    assert alone.digest == digest_of({"alone.py": file_digest(folder / "alone.py")})[:16]
    assert alone.library is None
    digests = {alone.digest}
    for text in (SOURCE, SOURCE + "# changed\n"):
        (folder / "beside.py").write_text(text)
        find_factory.cache_clear()
        digests.add(find_factory("alone:build").digest)
    assert len(digests) == 3
    with pytest.raises(UserError, match="has changed since this was planned"):
        find_factory(alone.name)


def test_installed_modules_of_no_package_have_nothing_to_do_with_each_other(
    outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_module, "INSTALLED", frozenset({outside.parent}))
    (outside.parent / "alone.py").write_text(SOURCE)
    found = find_factory("alone:build")
    (outside.parent / "beside.py").write_text(SOURCE)
    find_factory.cache_clear()
    assert find_factory("alone:build") == found
    assert found.library == "alone, of no version"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mypackage.models", "is no factory; write mypackage.models:build"),
        ("mypackage.models:", "is no factory"),
        ("mypackage.models:a.b", "is no factory"),
        (":build", "is no factory"),
        ("../x:build", "is no factory"),
        ("nowhere.models:build", "there is no module nowhere here; install its package"),
        ("mypackage.nothing:build", r"there is no module mypackage\.nothing here"),
        ("sys:exit", "there is no module sys here|no source file"),
    ],
)
@pytest.mark.usefixtures("outside")
def test_what_is_not_there_is_said_before_anything_runs(name: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        find_factory(name)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("bild", r"there is no function 'bild'; did you mean build\?"),
        ("THING", "there is no function 'THING'"),
        ("number", r"number returns int, not a torch\.nn\.Module"),
    ],
)
@pytest.mark.usefixtures("importable")
def test_what_is_no_factory_is_said_in_one_line(function: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        find_factory(f"mypackage.models:{function}").build()


def ref(source: str = "none", **fields: object) -> NetworkRef:
    name = find_factory("mypackage.models:build").name
    layout = "plain" if source == "file" else ""
    seed = 3 if source == "none" else None
    weights = WeightsRef.model_validate({"source": source, "layout": layout, "init_seed": seed})
    return NetworkRef.model_validate({"backbone": name, "weights": weights, **fields})


@pytest.mark.usefixtures("importable")
def test_a_factory_builds_a_network_of_its_own_width() -> None:
    built = ref(kwargs={"width": 9})
    network = build_network(built, None).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    assert feature_width(built.backbone, network, 4, 16) == 9
    assert network.training
    assert all(torch.equal(before[name], t) for name, t in network.state_dict().items())
    with pytest.raises(UserError, match="width_"):
        init_backbone(built.backbone, {"width_": 9}, 0)


@pytest.mark.usefixtures("importable")
def test_features_that_are_no_vectors_are_refused() -> None:
    name = "mypackage.models:flat"
    with pytest.raises(UserError, match=r"became \(1, 3, 4, 16, 16\); return features \(B, D\)"):
        feature_width(name, nn.Identity(), 4, 16)


def test_a_checkpoint_of_it_loads_whole_or_not_at_all(importable: Path, tmp_path: Path) -> None:
    saved = build_network(ref(), None)
    parallel = {f"module.{name}": tensor for name, tensor in saved.state_dict().items()}
    torch.save({"state_dict": parallel, "epoch": 3}, tmp_path / "w.pt")
    loaded = build_network(ref("file"), tmp_path / "w.pt").state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in saved.state_dict().items())
    torch.save({"state_dict": {**parallel, "fc.weight": torch.zeros(1)}}, tmp_path / "w.pt")
    with pytest.raises(UserError, match=r"1 unexpected: fc\.weight"):
        build_network(ref("file"), tmp_path / "w.pt")


@pytest.mark.usefixtures("importable")
def test_an_entry_point_names_a_factory(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("mine", "mypackage.models:build", "severe_bench.models")

    def points(group: str) -> list[EntryPoint]:
        return [point] if group == "severe_bench.models" else []

    monkeypatch.setattr(backbone_module, "entry_points", points)
    registry = Backbones("backbone", {}, group="severe_bench.backbones")
    assert registry.names() == ["mine"]
    assert registry.get("mine").name == find_factory("mypackage.models:build").name
    with pytest.raises(UserError, match="did you mean mine"):
        registry.get("mines")
