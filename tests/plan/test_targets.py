"""What a dataset's annotation lacks for a task is told before anything runs."""

from dataclasses import replace
from pathlib import Path

import pytest

from severe_bench.config.loading import load_config
from severe_bench.core.extras import LABEL
from severe_bench.data.adapter import Known
from severe_bench.data.datasets.ucf101 import UCF101
from severe_bench.plan.build import Plan, plan_suite
from severe_bench.plan.summary import summarised
from severe_bench.pretrain.method import METHODS
from severe_bench.tasks.task import TASKS

STUDY = """\
version: 1
datasets:
  it: {DATASET}
recipes:
  probe: {clip: {frames: 8, size: 48}, HEAD}
models:
  none: {backbone: r2plus1d_narrow}
experiments:
  asked: {factor: task, dataset: it, task: TASK, protocol: PROTOCOL, recipe: probe,
          task_options: {OPTIONS}}
suites:
  s: {blocks: [{models: none, experiments: "*", seeds: [0, 1]}]}
"""


def planned(
    folder: Path,
    dataset: str,
    task: str,
    protocol: str = "finetune",
    options: str = "",
    head: str = "head: {}",
) -> Plan:
    text = STUDY.replace("DATASET", dataset).replace("TASK", task).replace("HEAD", head)
    path = folder / "benchmarks.yaml"
    path.write_text(text.replace("PROTOCOL", protocol).replace("OPTIONS", options))
    return plan_suite(load_config(path), "s")


def why(plan: Plan) -> str:
    """The one reason of the suite's two cells, as `severe plan` prints it; empty for none."""
    (problem,) = {cell.problem for cell in plan.cells if cell.label}
    if not plan.refused:
        assert "needs" not in problem
        return ""
    (refused,) = plan.refused
    assert problem == refused.what
    assert (refused.cells, refused.where) == (2, "benchmarks.yaml:9")
    assert plan.warnings == (f"benchmarks.yaml:9: 2 cells cannot run: {problem}",)
    assert plan.missing == ()
    return problem


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("dataset", "task", "lacks"),
    [
        ("ucf101", "counting", "count, starts, stop"),
        ("gym99", "verb_noun", "verb, noun"),
        ("ssv2", "segmentation", "spans, duration"),
        ("ssv2", "localisation", "spans, duration"),
        ("charades", "recognition", "label"),
        ("ava", "tube_detection", "tubes"),
        ("ucf101_24", "ava_detection", "boxes, key_time, proposals"),
        ("hmdb51", "multi_label", "labels"),
        ("ucfrep", "counting", ""),
        ("charades", "segmentation", ""),
        ("charades", "multi_label", ""),
        ("ava", "ava_detection", ""),
        ("epic_kitchens_100", "verb_noun", ""),
        ("ucf101_24", "tube_detection", ""),
        ("charades", "arrow_of_time", ""),
    ],
)
def test_official_datasets(tmp_path: Path, dataset: str, task: str, lacks: str) -> None:
    found = why(planned(Path(), f"adapter: {dataset}, root: {tmp_path}", task))
    assert found.startswith(f"task {task} needs {lacks} of each sample") if lacks else not found


def test_the_whole_line(tmp_path: Path) -> None:
    assert why(planned(Path(), f"adapter: ucf101, root: {tmp_path}", "counting")) == (
        "task counting needs count, starts, stop of each sample, and dataset it has label; "
        "choose a task or a dataset that fits"
    )


@pytest.mark.parametrize("task", ["retrieval", "clustering"])
def test_frozen_features_of_what_has_no_class(tmp_path: Path, task: str) -> None:
    plan = planned(Path(), f"adapter: charades, root: {tmp_path}", task, "frozen")
    assert why(plan).startswith(f"task {task} needs label")


@pytest.mark.parametrize(
    ("world", "task", "fits"),
    [
        ("near", "recognition", True),
        ("near", "counting", False),
        ("counted", "counting", True),
        ("together", "multi_label", True),
        ("together", "recognition", False),
        ("keyed", "ava_detection", True),
        ("staged", "tube_detection", True),
        ("routine", "localisation", True),
        ("kitchen", "verb_noun", True),
        ("arrow", "arrow_of_time", True),
        ("arrow", "verb_noun", False),
    ],
)
def test_built_in_worlds(world: str, task: str, fits: bool) -> None:
    assert (
        bool(why(planned(Path(), f"adapter: procedural, options: {{world: {world}}}", task)))
        != fits
    )


def test_options_change_what_is_needed(tmp_path: Path) -> None:
    rows = "path,label,split,labels,key_time\na.mp4,,train,x,1\nb.mp4,,test,y,1\n"
    (tmp_path / "annotations.csv").write_text(rows)
    mine = f"adapter: manifest, root: {tmp_path}"
    assert why(planned(Path(), mine, "multi_label")) == ""
    clips = planned(Path(), mine, "multi_label", options="train_labels: clip")
    assert why(clips).startswith("task multi_label needs spans of each sample")
    shown = planned(Path(), mine, "ava_detection", options="test_boxes: annotated")
    assert why(shown).startswith("task ava_detection needs boxes of each sample")
    assert "and dataset it has key_time, labels;" in why(shown)


def test_an_adapter_that_says_nothing_is_asked_in_the_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = replace(UCF101, known=lambda _, __: Known())
    monkeypatch.setattr("severe_bench.data.datasets.ucf101.UCF101", silent)
    assert not why(planned(Path(), f"adapter: ucf101, root: {tmp_path}", "counting"))


@pytest.mark.parametrize(
    ("dataset", "task", "outputs", "own"),
    [
        ("ucf101", "recognition", 100, 101),
        ("ucf101", "recognition", 101, None),
        ("ucf101", "arrow_of_time", 1, 2),
        ("ucf101", "arrow_of_time", 2, None),
        ("ucfrep", "recognition", 1, None),  # how many classes there are, its files say
    ],
)
def test_outputs_below_the_class_count(
    tmp_path: Path, dataset: str, task: str, outputs: int, own: int | None
) -> None:
    head = f"head: {{outputs: {outputs}}}"
    found = why(planned(Path(), f"adapter: {dataset}, root: {tmp_path}", task, head=head))
    said = f"head.outputs: {outputs} are fewer than the {own} classes; leave it out, or raise it"
    assert found == ("" if own is None else said)


def test_every_task_says_what_it_needs() -> None:
    needs = {name: TASKS.get(name).needs(TASKS.get(name).options()) for name in TASKS.names()}
    assert [name for name, needed in needs.items() if not needed] == ["arrow_of_time"]


def test_a_supervised_pretraining_needs_classes(tmp_path: Path) -> None:
    assert METHODS.get("supervised").needs == (LABEL,)
    text = STUDY.replace("DATASET", "adapter: procedural, options: {world: together}")
    text = text.replace("HEAD", "head: {}").replace("TASK", "multi_label")
    text = text.replace("PROTOCOL", "finetune").replace("OPTIONS", "")
    text = text.replace(
        "none: {backbone: r2plus1d_narrow}",
        (
            "none: {backbone: r2plus1d_narrow, pretrain: taught}\n"
            "pretraining:\n  taught: {method: supervised, dataset: it, recipe: probe}"
        ),
    )
    Path("benchmarks.yaml").write_text(text)
    plan = plan_suite(load_config(Path("benchmarks.yaml")), "s")
    (taught,) = [cell for cell in plan.cells if cell.job.kind == "pretrain"]
    assert taught.problem.startswith("its method needs label of each sample, and dataset it has")
    (refused,) = plan.refused
    assert refused.what == f"pretraining taught: {taught.problem}"
    assert (refused.where, refused.cells) == ("benchmarks.yaml:9", 2)
    assert all(refused.what in cell.problem for cell in plan.cells if cell.label)


def test_what_can_run_nowhere_costs_nothing(tmp_path: Path) -> None:
    plan = planned(Path(), f"adapter: ucf101, root: {tmp_path}", "counting")
    costly, free = (
        summarised(plan.cells, {}, {}, refused).factors[0] for refused in ((), plan.refused)
    )
    assert (costly.cells, free.cells) == (2, 2)
    assert costly.compute_seconds > 0
    assert (free.compute_seconds, free.gpu_seconds) == (0, 0)
