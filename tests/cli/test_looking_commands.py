"""`severe saliency`, `severe layers` and `severe attributes`, each from end to end."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from tests.cli.conftest import TINY, Severe, caller

MODEL = "  none: {backbone: r2plus1d_narrow}\n"
TRAINED = "  trained: {backbone: r2plus1d_narrow, checkpoint: package:supervised, provenance: "
TRAINED += "{kind: supervised, method: ours}}\n"
MODELS = {"none", "trained"}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `severe` runs: two networks measured on a built-in world of 20 test videos."""
    found = tmp_path_factory.mktemp("looking")
    assert MODEL in TINY
    (found / "benchmarks.yaml").write_text(TINY.replace(MODEL, MODEL + TRAINED))
    reply = caller(found)("run", "tiny", "--results", "r")
    assert reply.code == 0, reply.err
    return found


@pytest.fixture
def looking(folder: Path) -> Severe:
    return caller(folder)


def drawn(folder: Path, command: str) -> str:
    """All text of a command's figure."""
    path = folder / "r" / "tiny" / command / f"{command}.svg"
    return " ".join(ET.parse(path).getroot().itertext())  # noqa: S314 - our own file


def test_saliency_measures_what_lies_inside_the_boxes(looking: Severe, folder: Path) -> None:
    reply = looking("saliency", "tiny", "--results", "r", "--videos", "6")
    assert reply.code == 0, reply.err
    assert "saliency.svg" in reply.out
    rows = pd.read_csv(folder / "r" / "tiny" / "saliency" / "saliency.csv").set_index("model")
    assert set(rows.index) == MODELS
    assert set(rows["videos"]) == {6}
    assert rows["inside"].between(0, 100).all()
    assert rows["gain"].to_numpy() == pytest.approx((rows["inside"] / rows["area"]).to_numpy(), 0.5)
    assert len(pd.read_csv(folder / "r" / "tiny" / "saliency" / "saliency_videos.csv")) == 12
    assert "% inside" in drawn(folder, "saliency")


def test_layers_compares_every_stage_with_every_other(looking: Severe, folder: Path) -> None:
    reply = looking("layers", "tiny", "--results", "r", "--videos", "12", "--json")
    assert reply.code == 0, reply.err
    stages = {row["stage"] for row in json.loads(reply.out)["nearest"]}
    assert {stage.partition(": ")[0] for stage in stages} == MODELS
    pairs = pd.read_csv(folder / "r" / "tiny" / "layers" / "layers.csv")
    assert len(pairs) == len(stages) * (len(stages) - 1) // 2
    assert pairs["cka"].max() <= 1.0
    assert all(stage in drawn(folder, "layers") for stage in stages)


def test_attributes_tells_what_the_datasets_are_like(looking: Severe, folder: Path) -> None:
    reply = looking("attributes", "tiny", "--results", "r", "--source", "near", "--json")
    assert reply.code == 0, reply.err
    (row,) = json.loads(reply.out)["attributes"]
    assert (row["dataset"], row["train"], row["test"]) == ("near", 20, 20)
    assert row["label_overlap"] == pytest.approx(1.0)
    assert "near" in drawn(folder, "attributes")


def test_attributes_asks_for_the_pretraining_set(looking: Severe) -> None:
    reply = looking("attributes", "tiny", "--results", "r")
    assert reply.code == 2
    assert "name it with --source" in reply.err
