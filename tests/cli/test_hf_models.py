"""Hugging Face models from a local folder, from the yaml to numbers."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import TINY, Severe
from tests.cli.test_models import run
from tests.models.folders import saved

ENTRIES = """
  mae:
    backbone: hf_video
    checkpoint: hub/mae
    provenance: {kind: ssl, method: VideoMAE}
  jepa:
    backbone: hf_video
    checkpoint: hub/jepa
    provenance: {kind: ssl, method: V-JEPA 2}
"""
EXPERIMENT = """
  near-finetune: {factor: standard, dataset: near, task: recognition, protocol: finetune,
                  budget: {count: 10, draw: cell}, recipe: tune}
  near-attentive: {factor: standard, dataset: near, task: recognition, protocol: attentive,
                   recipe: tune}
"""
RECIPE = """
  tune:
    extends: probe
    batch_size: 10
    schedule: {epochs: 1}
"""
CLIP = {"patch_size": 16}


@pytest.fixture
def study(tmp_path: Path, severe: Severe) -> Path:
    """The folder that `severe` runs in, with two model folders for clips of 8 x 48 x 48."""
    text = TINY.replace("  none: {backbone: r2plus1d_narrow}\n", ENTRIES.lstrip("\n"))
    text = text.replace("models:\n", f"{RECIPE.strip(chr(10))}\nmodels:\n", 1)
    text = text.replace("suites:", f"{EXPERIMENT.strip(chr(10))}\nsuites:")
    (tmp_path / "benchmarks.yaml").write_text(text.replace("[0, 1]", "[0]"))
    saved(tmp_path / "hub" / "mae", "videomae", "ForPreTraining", image_size=48, num_frames=8,
          **CLIP)  # fmt: skip
    saved(tmp_path / "hub" / "jepa", "vjepa2", crop_size=48, **CLIP)
    said = {"image_mean": [0.1, 0.2, 0.3], "image_std": [0.4, 0.5, 0.6]}
    (tmp_path / "hub" / "mae" / "preprocessor_config.json").write_text(json.dumps(said))
    return tmp_path


def planned(severe: Severe) -> dict[str, dict[str, object]]:
    found = severe("plan", "tiny", "--json")
    assert found.code == 0, found.err
    return {cell["title"]: cell for cell in json.loads(found.out)["cells"]}


def test_videomae_and_vjepa2_finetune_and_probe(severe: Severe, study: Path) -> None:
    found = severe("run", "tiny", OMP_NUM_THREADS="1")
    assert found.code == 0, found.out + found.err
    rows = (study / "results" / "tiny" / "results.csv").read_text().splitlines()
    for model in ("mae", "jepa"):
        for experiment in ("near-linear", "near-finetune", "near-attentive"):
            assert sum(model in row and experiment in row for row in rows) >= 1


def test_the_folders_content_is_the_identity_and_its_place_is_not(
    severe: Severe, study: Path
) -> None:
    before = planned(severe)
    ids = {title: cell["id"] for title, cell in before.items()}
    (study / "hub" / "mae" / "README.md").write_text("words")
    config = study / "benchmarks.yaml"
    (study / "hub").rename(study / "elsewhere")
    config.write_text(config.read_text().replace("hub/", "elsewhere/"))
    assert {title: cell["id"] for title, cell in planned(severe).items()} == ids
    for name, key, value in (("config", "layer_norm_eps", 1e-3), ("preprocessor_config",
                             "image_mean", [0.5, 0.5, 0.5])):  # fmt: skip
        path = study / "elsewhere" / "mae" / f"{name}.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
        after = {title: cell["id"] for title, cell in planned(severe).items()}
        changed = {title for title in ids if after[title] != ids[title]}
        assert changed == {title for title in ids if "mae" in title}
        ids = after
    saved(study / "elsewhere" / "jepa", "vjepa2", crop_size=48, initializer_range=0.1, **CLIP)
    weights = study / "elsewhere" / "jepa" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    after = {title: cell["id"] for title, cell in planned(severe).items()}
    assert {title for title in ids if after[title] != ids[title]} == {
        title for title in ids if "jepa" in title
    }


def test_a_clip_of_another_size_is_said_in_the_plan(severe: Severe, study: Path) -> None:
    config = study / "benchmarks.yaml"
    config.write_text(config.read_text().replace("frames: 8, size: 48", "frames: 16, size: 64"))
    problems = {title: str(cell["reason"]) for title, cell in planned(severe).items()}
    mae = next(p for title, p in problems.items() if title.startswith("mae / near-finetune"))
    jepa = next(p for title, p in problems.items() if title.startswith("jepa / near-finetune"))
    assert "hf_video reads 8 frames, the recipe has 16" in mae
    assert "hf_video reads 48 pixels, the recipe has 64" in jepa


def test_mock_run_uses_the_clip_that_the_folder_states(severe: Severe, study: Path) -> None:
    found = severe("models", "mock-run", "mae", "--json", OMP_NUM_THREADS="1")
    assert found.code == 0, found.out + found.err
    stages = json.loads(found.out)["stages"]
    assert [stage["ok"] for stage in stages] == [True] * 5
    assert "maps of 4 x 3 x 3 places x 16" in stages[2]["seen"]


def test_check_and_list_know_model_folders(study: Path) -> None:
    code, text = run("check", study / "hub" / "mae")
    assert code == 0
    assert "fits: layout hf_videomae, backbone hf_video" in text
    assert "note: reads 8 frames of 48 pixels" in text
    assert "mean (0.1, 0.2, 0.3)" in text
    assert "note: reads any number of frames of 48 pixels" in run("check", study / "hub/jepa")[1]
    code, text = run("list", "-c", study / "benchmarks.yaml", "--json")
    assert code == 0
    mae, jepa = json.loads(text)
    assert (mae["layout"], jepa["layout"]) == ("hf_videomae", "hf_vjepa2")
    assert mae["found"]
    assert len(mae["digest"]) == 64
    (study / "hub" / "jepa" / "config.json").write_text("{}")
    code, text = run("list", "-c", study / "benchmarks.yaml")
    assert code == 0
    assert "PROBLEM: " in text
    assert "names no model_type" in text


def test_a_folder_of_model_folders_becomes_entries(severe: Severe, study: Path) -> None:
    config = study / "benchmarks.yaml"
    text = config.read_text()
    start, end = text.index("  mae:"), text.index("experiments:")
    entry = "  all: {backbone: hf_video, checkpoint: hub/*, provenance: {kind: ssl}}\n"
    config.write_text(text[:start] + entry + text[end:])
    titles = planned(severe)
    assert {title.split(" / ")[0] for title in titles if "finetune" in title} == {
        "all-mae", "all-jepa",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda folder: (folder / "model.safetensors").unlink(), "there is no model.safetensors"),
        (lambda folder: (folder / "config.json").write_text("{"), "config.json: cannot be read"),
    ],
)
def test_a_broken_folder_is_a_problem_of_its_own_cells_only(
    severe: Severe, study: Path, break_it: object, words: str
) -> None:
    break_it(study / "hub" / "mae")
    problems = {title: str(cell["reason"]) for title, cell in planned(severe).items()}
    assert all(words in p for title, p in problems.items() if title.startswith("mae /"))
    assert not any(p for title, p in problems.items() if title.startswith("jepa /"))


def test_an_entry_that_states_no_architecture_is_refused_with_its_line(
    severe: Severe, study: Path
) -> None:
    config = study / "benchmarks.yaml"
    config.write_text(
        config.read_text().replace("models:\n", "models:\n  x: {backbone: hf_video}\n")
    )
    found = severe("plan", "tiny")
    assert found.code == 2
    assert "models.x.backbone: the architecture is not stated; give `checkpoint:" in found.err
