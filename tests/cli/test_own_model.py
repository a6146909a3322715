"""A model from a package outside this repository: nothing of ours is changed for it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.cli.conftest import TINY, Reply, Severe

SOURCE = """
from torch import nn

class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv3d(3, width, (3, 5, 5), stride=(2, 4, 4))
        self.norm = nn.BatchNorm3d(width)

    def forward(self, clips):
        return self.norm(self.conv(clips)).relu().mean((2, 3, 4))

def build(width=6):
    return Net(width)
"""
ENTRIES = """
  mine:
    factory: outside.models:build
    kwargs: {width: 5}
    input: {mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], channels: BGR}
  trained:
    factory: outside.models:build
    kwargs: {width: 5}
    checkpoint: weights/*.pt
    provenance: {kind: ssl, method: ours}
"""
PRETRAINING = """
  contrast: {method: temporal_contrast, dataset: near, recipe: tune, seed: 0,
             options: {hidden: 8, projection: 4, queue: 0, momentum: 0.0}}
"""
EXPERIMENT = """
  near-finetune: {factor: standard, dataset: near, task: recognition, protocol: finetune,
                  budget: {count: 10, draw: cell}, recipe: tune}
"""
RECIPE = """
  tune:
    extends: probe
    batch_size: 10
    schedule: {epochs: 1}
"""
MODELS = "from severe_bench.cli.models import models; models()"


@pytest.fixture
def study(tmp_path: Path, severe: Severe) -> Path:
    """The folder that `severe` runs in, with a package beside the study."""
    package = tmp_path / "packages" / "outside"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "models.py").write_text(SOURCE)
    text = TINY.replace("  none: {backbone: r2plus1d_narrow}\n", ENTRIES.lstrip("\n"))
    text = text.replace("models:\n", f"{RECIPE.strip(chr(10))}\nmodels:\n")
    text = text.replace("suites:", f"{EXPERIMENT.strip(chr(10))}\nsuites:")
    (tmp_path / "benchmarks.yaml").write_text(text.replace("[0, 1]", "[0]"))
    (tmp_path / "weights").mkdir()
    tensors = {
        "module.conv.weight": torch.randn(5, 3, 3, 5, 5),
        "module.conv.bias": torch.zeros(5),
        "module.norm.weight": torch.ones(5),
        "module.norm.bias": torch.zeros(5),
        "module.norm.running_mean": torch.zeros(5),
        "module.norm.running_var": torch.ones(5),
        "module.norm.num_batches_tracked": torch.tensor(1),
    }
    torch.save({"state_dict": tensors}, tmp_path / "weights" / "last.pt")
    return tmp_path


def environment(study: Path) -> dict[str, str]:
    return {"PYTHONPATH": str(study / "packages"), "OMP_NUM_THREADS": "1"}


def planned(severe: Severe, study: Path) -> dict[str, str]:
    found = severe("plan", "tiny", "--json", **environment(study))
    assert found.code == 0, found.err
    return {cell["title"]: cell["id"] for cell in json.loads(found.out)["cells"]}


def mock_run(study: Path, *arguments: str) -> Reply:
    import os

    found = subprocess.run(
        [sys.executable, "-c", MODELS, "mock-run", *arguments],
        cwd=study, capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, **environment(study)},
    )  # fmt: skip
    return Reply(found.returncode, found.stdout, found.stderr)


def test_it_runs_in_a_suite_from_plan_to_result(severe: Severe, study: Path) -> None:
    found = severe("run", "tiny", **environment(study))
    assert found.code == 0, found.out + found.err
    rows = (study / "results" / "tiny" / "results.csv").read_text().splitlines()
    mine = [row for row in rows if "mine," in row]
    assert len(mine) >= 2
    cells = planned(severe, study)
    (title,) = [title for title in cells if title.startswith("mine / near-linear")]
    shown = severe("show", cells[title])
    assert "(with the package of outside.models installed, or its folder on PYTHONPATH)" in (
        shown.out
    )
    assert sum("trained-last," in row for row in rows) >= 2


def test_it_is_pretrained_inside_the_grid(severe: Severe, study: Path) -> None:
    config = study / "benchmarks.yaml"
    text = config.read_text().replace(
        "kwargs: {width: 5}", "kwargs: {width: 5}\n    pretrain: contrast", 1
    )
    config.write_text(
        text.replace("models:\n", f"pretraining:\n{PRETRAINING.strip(chr(10))}\nmodels:\n")
    )
    found = severe("run", "tiny", "--model", "mine", **environment(study))
    assert found.code == 0, found.out + found.err
    cells = planned(severe, study)
    assert "pretraining contrast" in cells
    made = list((study / "results").rglob("weights.pt"))
    assert len(made) == 1
    before = cells["pretraining contrast"]
    (study / "packages" / "outside" / "blocks.py").write_text("WIDTH = 3\n")
    assert planned(severe, study)["pretraining contrast"] != before


def test_source_and_kwargs_are_part_of_the_identity_and_places_are_not(
    severe: Severe, study: Path
) -> None:
    before = planned(severe, study)
    (study / "packages").rename(study / "moved")
    elsewhere = {"PYTHONPATH": str(study / "moved")}
    same = severe("plan", "tiny", "--json", **elsewhere)
    assert {c["title"]: c["id"] for c in json.loads(same.out)["cells"]} == before
    (study / "moved").rename(study / "packages")
    source = study / "packages" / "outside" / "models.py"
    source.write_text(SOURCE.replace(".relu()", ".sigmoid()"))
    changed = planned(severe, study)
    touched = {title for title in before if not title.startswith("dataset")}
    assert {title for title in before if changed[title] != before[title]} == touched
    config = study / "benchmarks.yaml"
    config.write_text(config.read_text().replace("kwargs: {width: 5}", "kwargs: {width: 7}", 1))
    again = planned(severe, study)
    mine = {title for title in touched if "mine" in title}
    assert {title for title in before if again[title] != changed[title]} == mine


def test_a_package_that_is_not_there_is_said_with_the_line(severe: Severe, study: Path) -> None:
    found = severe("plan", "tiny")
    assert found.code == 2
    assert "models.mine.factory: there is no module outside here; install" in found.err


def test_mock_run_says_in_a_line_each_whether_it_will_work(study: Path) -> None:
    for name in ("mine", "trained-last"):
        found = mock_run(study, name, "--json")
        assert found.code == 0, found.out + found.err
        assert [stage["ok"] for stage in json.loads(found.out)["stages"]] == [True] * 5
    (study / "packages" / "outside" / "models.py").write_text(
        SOURCE.replace("mean((2, 3, 4))", "mean((3, 4))")
    )
    found = mock_run(study, "mine", "--frames", "8", "--size", "32")
    assert found.code == 2
    assert found.out.splitlines()[0].startswith("ok     build")
    assert found.out.splitlines()[0].endswith("parameters; random weights")
    assert max(map(len, found.out.splitlines())) <= 80
    assert "FAILED forward" in found.out
    assert "(1, 5, 3); return features (B, D)" in found.out


def test_mock_run_says_whether_weights_were_loaded(study: Path) -> None:
    loaded = mock_run(study, "trained-last", "--frames", "8", "--size", "32")
    assert loaded.code == 0, loaded.out + loaded.err
    assert "parameters; 7 of 7 tensors from last.pt" in loaded.out
    assert max(map(len, loaded.out.splitlines())) <= 80
    file = study / "weights" / "last.pt"
    torch.save({"state_dict": {"conv.weight": torch.zeros(5, 3, 3, 5, 5)}}, file)
    misfit = " ".join(mock_run(study, "trained-last").out.split())
    assert "FAILED build" in misfit
    assert "then try: severe models mock-run NAME" in misfit
    assert "models check" not in misfit
