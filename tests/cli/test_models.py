import json
from pathlib import Path

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from severe_bench.cli.models import models
from severe_bench.core.digest import file_digest
from severe_bench.core.errors import UserError
from severe_bench.models.backbone import BACKBONES, Backbone
from severe_bench.models.layouts.tclr import TCLR

ENTRIES = """
version: 1
models:
  none: {backbone: r2plus1d_narrow}
  made: {backbone: r2plus1d_narrow, pretrain: contrast}
  here:
    backbone: r2plus1d_18
    checkpoint: here.pt
    layout: moco
    provenance: {kind: ssl, method: MoCo, pretraining_set: Kinetics-400, source: a paper}
  gone:
    backbone: r2plus1d_18
    checkpoint: gone.pt
    provenance: {kind: supervised}
datasets:
  source: {adapter: procedural, options: {world: source}}
recipes:
  base: {}
pretraining:
  contrast: {method: temporal_contrast, dataset: source, recipe: base}
experiments:
  a: {factor: standard, dataset: source, task: recognition, protocol: linear, recipe: base}
suites:
  demo: {blocks: [{models: [none], experiments: [a], seeds: [0]}]}
"""


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(models, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


@pytest.fixture
def narrow(tmp_path: Path) -> Path:
    tensors = BACKBONES.get("r2plus1d_narrow").build().state_dict()
    path = tmp_path / "w.pth"
    torch.save({"model": {f"module.{name}": tensor for name, tensor in tensors.items()}}, path)
    return path


def test_a_file_that_fits(narrow: Path) -> None:
    code, text = run("check", narrow, "--layout", "torchvision", "--backbone", "r2plus1d_narrow")
    assert code == 0
    assert "fits: layout torchvision, backbone r2plus1d_narrow\n  102 tensors matched" in text


def test_json_has_the_promised_keys(narrow: Path) -> None:
    arguments = ("--layout", "torchvision", "--backbone", "r2plus1d_narrow", "--json")
    code, text = run("check", narrow, *arguments)
    assert code == 0
    assert json.loads(text) == {
        "layout": "torchvision",
        "backbone": "r2plus1d_narrow",
        "entry": "",
        "matched": 102,
        "missing": [],
        "unexpected": [],
        "wrong_shape": [],
        "ok": True,
    }


def test_a_file_that_does_not_fit_ends_with_2_and_names(narrow: Path) -> None:
    code, text = run("check", narrow)
    assert code == 2
    assert "does not fit; nearest is: layout " in text
    assert "unexpected\n    module.stem" in text or "wrong shape\n    stem." in text
    code, text = run("check", narrow, "--json")
    assert code == 2
    assert json.loads(text)["ok"] is False


def test_a_file_of_an_unknown_network_is_not_likened_to_a_known_one(tmp_path: Path) -> None:
    torch.save({"mine.weight": torch.zeros(2), "mine.bias": torch.zeros(2)}, tmp_path / "w.pt")
    code, text = run("check", tmp_path / "w.pt")
    assert code == 2
    assert "no tensor has a partner in a known layout" in text
    assert "2 unexpected\n    mine.bias\n    mine.weight\n" in text
    assert "severe models mock-run NAME" in text
    assert "nearest" not in text


def test_what_a_layout_implies_is_said(tmp_path: Path) -> None:
    with torch.device("meta"):
        shapes = BACKBONES.get("tclr_r2plus1d_18").build().state_dict()
    some = {f"0.{name}": torch.zeros(t.shape) for name, t in shapes.items() if "stem" in name}
    torch.save(some, tmp_path / "w.pth")
    code, text = run("check", tmp_path / "w.pth")
    assert code == 2
    assert f"layout tclr, backbone {TCLR.backbones[0]}" in text
    assert "note: reads BGR, mean (0.0, 0.0, 0.0)" in text
    torch.save({"backbone.stem.conv_s.weight": torch.zeros(45, 3, 1, 7, 7)}, tmp_path / "w.pth")
    assert "eps 0.001, and built with it" in run("check", tmp_path / "w.pth", "--layout", "ctp")[1]


@pytest.mark.parametrize(
    ("options", "words"),
    [(("--layout", "mocco"), "moco"), (("--backbone", "r2plus1d18"), "r2plus1d_18")],
)
def test_unknown_names_get_the_nearest(narrow: Path, options: tuple[str, ...], words: str) -> None:
    with pytest.raises(UserError, match=words):
        run("check", narrow, *options)


def test_entries_with_provenance_and_digest(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(ENTRIES)
    (tmp_path / "here.pt").write_bytes(b"PK\x03\x04weights")
    code, text = run("list", "-c", tmp_path / "b.yaml", "--json")
    assert code == 0
    none, made, here, gone = json.loads(text)
    assert (none["weights"], none["kind"], none["found"]) == ("none", "none", None)
    assert (made["weights"], made["kind"], made["pretraining_set"]) == ("pretrain", "ssl", "source")
    assert here["digest"] == file_digest(tmp_path / "here.pt")
    assert (here["method"], here["layout"], here["source"]) == ("MoCo", "moco", "a paper")
    assert (gone["found"], gone["digest"], gone["layout"]) == (False, None, "severe")
    text = run("list", "-c", tmp_path / "b.yaml")[1]
    assert "gone: r2plus1d_18, supervised, rgb\n" in text
    assert "NOT FOUND" in text
    assert here["digest"] in text


def _sized(width: int = 4) -> nn.Module:
    return nn.Conv3d(3, width, 1)


SIZED = Backbone("sized", width=None, build=_sized)


@pytest.fixture
def wide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a backbone that has other arguments than its own."""
    entries = {**BACKBONES._entries, "sized": f"{__name__}:SIZED"}
    monkeypatch.setattr(BACKBONES, "_entries", entries)
    monkeypatch.chdir(tmp_path)
    torch.save(_sized(width=6).state_dict(), "wide.pt")
    return tmp_path


def entry(kwargs: str) -> str:
    lines = f"here: {{backbone: sized, checkpoint: wide.pt, layout: plain, kwargs: {kwargs},"
    start, _, rest = ENTRIES.partition("  here:")
    return f"{start}  {lines} provenance: {{kind: ssl}}}}\n  gone:{rest.partition('  gone:')[2]}"


def test_a_file_is_held_against_the_arguments_of_its_entries(wide: Path) -> None:
    arguments = ("check", "wide.pt", "--layout", "plain")
    code, text = run(*arguments, "--backbone", "sized")
    assert code == 2
    assert "note: backbones were built with default arguments; for others write an entry" in text
    assert "severe models mock-run NAME" in text
    (wide / "benchmarks.yaml").write_text(entry("{width: 6}"))
    for options in (arguments, arguments[:2], (*arguments, "--backbone", "sized")):
        code, text = run(*options)
        assert code == 0
        assert "fits: layout plain, backbone sized as the entry here says\n  2 tensors" in text
        assert "note" not in text
    (wide / "benchmarks.yaml").write_text(entry("{width: 5}"))
    code, text = run(*arguments)
    assert code == 2
    assert "built with default arguments, and as these entries say: here\n" in text


def test_a_file_is_checked_beside_a_benchmarks_yaml_that_is_not_finished(wide: Path) -> None:
    (wide / "benchmarks.yaml").write_text("version: 1\nmodels: {here: {backbone: sizd}}\n")
    arguments = ("check", "wide.pt", "--layout", "plain", "--backbone", "sized")
    code, text = run(*arguments)
    assert code == 2
    assert "note: no model entry was asked: benchmarks.yaml:" in text
    with pytest.raises(UserError, match="sizd"):
        run(*arguments, "-c", "benchmarks.yaml")
