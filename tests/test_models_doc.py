"""What docs/models.md tells people to write and to type is accepted."""

import json
import re
from pathlib import Path

import pytest
import torch
import yaml

from severe_bench.adapt.protocol import PROTOCOLS
from severe_bench.config.find import PACKAGED
from severe_bench.config.loading import load_config
from severe_bench.models.factory import find_factory
from severe_bench.plan.build import plan_suite

DOC = (Path(__file__).parent.parent / "docs" / "models.md").read_text()
SUITE = {
    "doc": {
        "blocks": [
            {
                "models": ["our-ctp", "mae-s", "epochs-*", "jepa", "mae-b", "ours", "ours-here"],
                "experiments": ["near-finetune"],
                "seeds": [0],
            }
        ]
    }
}
FIXED = {"mae-s": "reads 16 frames", "mae-b": "reads 16 frames", "jepa": "reads 256 pixels"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files where the document's paths lead, and the package that it names."""
    (tmp_path / "runs").mkdir()
    for name in ("e100", "e200"):
        torch.save({}, tmp_path / "runs" / f"{name}.pt")
    for name in ("ctp.pth", "videomae_s.pth", "ours.pt"):
        torch.save({}, tmp_path / name)
    hub = {
        "vjepa2-vitl-fpc64-256": {"model_type": "vjepa2", "crop_size": 256},
        "videomae-base": {"model_type": "videomae", "num_frames": 16, "image_size": 224},
    }
    for name, config in hub.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps(config))
        (tmp_path / name / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "mypackage").mkdir()
    (tmp_path / "mypackage" / "__init__.py").write_text("")
    (tmp_path / "mypackage" / "models.py").write_text("def build(width=1): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    find_factory.cache_clear()
    return tmp_path


def test_its_entries_plan(folder: Path) -> None:
    study = yaml.safe_load(PACKAGED.read_text())
    blocks = re.findall(r"```yaml\n(.*?)```", DOC, re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        here = re.sub(r"\$\{CHECKPOINTS:-/data/checkpoints\}|/data/(checkpoints|models)",
                      str(folder), block)  # fmt: skip
        study["models"].update(yaml.safe_load(here)["models"])
    study["suites"] = SUITE
    (folder / "benchmarks.yaml").write_text(yaml.safe_dump(study))
    plan = plan_suite(load_config(folder / "benchmarks.yaml", {}), "doc")
    cells = {c.label.model: c.problem for c in plan.cells if c.label is not None}
    assert set(cells) == {
        "our-ctp", "mae-s", "epochs-e100", "epochs-e200", "jepa", "mae-b", "ours", "ours-here",
    }  # fmt: skip
    for model, problem in cells.items():
        assert (FIXED[model] in problem) if model in FIXED else problem == ""


def test_its_table_has_every_protocol() -> None:
    table = DOC[DOC.index("| protocol |") :]
    assert set(re.findall(r"`([a-z_]+)`", table)) >= set(PROTOCOLS.names())
