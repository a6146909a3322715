"""Prepared videos that are too small, and boxes that a dataset leaves out, are told beforehand."""

from pathlib import Path

import pytest

from severe_bench.config.loading import load_config
from severe_bench.config.prepared import Prepared
from severe_bench.config.recipe import Recipe
from severe_bench.data.adapter import Known, Location
from severe_bench.data.prepared import Manifest
from severe_bench.plan.build import Plan, plan_suite
from severe_bench.plan.coarse import enlarged, withheld
from severe_bench.plan.job import DatasetRef
from severe_bench.plan.parts import DatasetPart
from severe_bench.tasks.task import TASKS

JITTER = {"crop": "short_side", "short_side": (2.2858, 3.036)}


def part(prepared: int | None = None, **options: object) -> DatasetPart:
    ref = DatasetRef(adapter="ava", options=options, digest="0" * 64)
    how = None if prepared is None else Prepared(short_side=prepared)
    return DatasetPart("it", ref, Location(None, None), "rgb", False, "", Known(), how)


@pytest.mark.parametrize(
    ("procedure", "size", "augment", "least"),
    [
        ("clips", 112, {}, 128),
        ("clips", 224, {}, 256),
        ("clips", 112, JITTER, 256),
        ("timeline", 224, {}, 256),
        ("boxes", 224, {}, 224),
        ("boxes", 112, JITTER, 256),
        ("tubes", 224, {}, 224),
        (None, 112, {}, 112),
    ],
)
def test_prepared_videos_are_never_enlarged(
    procedure: str | None, size: int, augment: dict[str, object], least: int
) -> None:
    recipe = Recipe.model_validate({"clip": {"size": size}, "augment": augment})
    assert enlarged(recipe, part(), procedure) == ""
    assert enlarged(recipe, part(least), procedure) == ""
    said = enlarged(recipe, part(least - 2), procedure)
    assert f"a short side of {least} pixels, dataset it is prepared with {least - 2}" in said
    assert said.endswith(f"prepare it with --short-side {least} or more")
    assert enlarged(recipe, part(least - 2), "counting") == ""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, ""),
        ({"min_score": 0.95}, ""),
        ({"min_score": 0.8}, "asks for boxes from a score of 0.8 on, dataset it leaves out"),
        ({"min_score": 0.8, "test_boxes": "annotated"}, ""),
        ({"min_score": 0.8, "test_boxes": "annotated", "train_proposals": "all"}, "of 0.8 on"),
    ],
)
def test_boxes_that_the_dataset_leaves_out(options: dict[str, object], said: str) -> None:
    found = withheld(TASKS.get("ava_detection"), options, part(min_score=0.9))
    assert said in found
    assert bool(found) == bool(said)
    assert withheld(TASKS.get("ava_detection"), options, part(min_score=0.0)) == ""
    assert withheld(TASKS.get("ava_detection"), options, part()) == ""
    assert withheld(TASKS.get("localisation"), {"min_score": 0.1}, part(min_score=0.9)) == ""


STUDY = """\
version: 1
datasets:
  it: {adapter: manifest, root: videos, prepared: {short_side: 128}}
recipes:
  probe: {clip: {frames: 8, size: SIZE}}
models:
  PRETRAINED
experiments:
  asked: {factor: task, dataset: it, task: recognition, protocol: finetune, recipe: probe}
suites:
  s: {blocks: [{models: m, experiments: "*"}]}
"""


def planned(folder: Path, size: int, model: str = "m: {backbone: r2plus1d_narrow}") -> Plan:
    (folder / "videos").mkdir(exist_ok=True)
    table = "path,label,split,group\na.mp4,x,train,g\nb.mp4,x,test,g\n"
    (folder / "videos" / "annotations.csv").write_text(table)
    made = folder / "videos-prepared-128-crf20"
    made.mkdir(exist_ok=True)
    Manifest(made, Prepared()).begin()
    path = folder / "benchmarks.yaml"
    path.write_text(STUDY.replace("SIZE", str(size)).replace("PRETRAINED", model))
    return plan_suite(load_config(path), "s")


def test_the_plan_refuses_what_would_be_enlarged(tmp_path: Path) -> None:
    assert planned(tmp_path, 112).refused == ()
    (refused,) = planned(tmp_path, 224).refused
    assert "dataset it is prepared with 128; prepare it with --short-side 256" in refused.what


def test_the_plan_refuses_a_pretraining_that_would_enlarge(tmp_path: Path) -> None:
    model = (
        "m: {backbone: r2plus1d_narrow, pretrain: p}\n"
        "pretraining:\n  p: {method: supervised, dataset: it, recipe: probe}"
    )
    found = planned(tmp_path, 224, model).refused
    assert any(r.what.startswith("pretraining p: the recipe shows frames") for r in found)


def test_the_plan_says_what_is_mostly_a_slip(tmp_path: Path) -> None:
    notes = planned(tmp_path, 112).notes
    assert "dataset it: 1 group(s) are in both splits, e.g. g" in notes
