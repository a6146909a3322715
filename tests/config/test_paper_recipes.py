"""The printed hyper-parameters, as literal tables, against the recipes that are loaded.

As written: Thoker 2023, Tables B.2 and C.4, Sections B.2.1 to B.2.4. As run: what the released code
has, as `docs/study.md` states it (D1 to D26).
"""

from functools import cache
from typing import Any

import pytest
import torch
from torch import nn

from severe_bench.config.find import PACKAGED
from severe_bench.config.loading import load_config
from severe_bench.config.network_input import Input
from severe_bench.config.recipe import Recipe
from severe_bench.config.schema import Config
from severe_bench.config.settings import Settings
from severe_bench.plan.grid import grid
from severe_bench.plan.needs import Needed
from severe_bench.plan.resolve import experiment_settings, resolve
from severe_bench.train.numerics import place

WRITTEN, RUN = "as-written", "as-run"


@cache
def config() -> Config:
    return load_config(PACKAGED, {})


def recipe(experiment: str, preset: str) -> Recipe:
    return experiment_settings(config(), experiment, preset).recipe


@cache
def suite(name: str) -> dict[tuple[str, str, str], Settings]:
    entries = grid(config(), name)
    found = resolve(config(), name, entries)
    return {(e.model, e.experiment, e.preset): settings for e, settings in found.items()}


def table(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.split("|")] for line in text.splitlines() if line.strip()
    ]


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.strip("[]").replace(" ", "").split(",") if word)


# ---------------------------------------------------------------------------------- as written

TABLE_B2_FINETUNING = """
ucf101 | 32 | 0.0001 | 160 | [60,100,140]
ntu60  | 32 | 0.0001 | 180 | [90, 140, 160]
gym99  | 32 | 0.0001 | 160 | [60,100,140]
ssv2   | 32 | 0.0001 | 45  | [25, 35, 40]
ek100  | 32 | 0.0025 | 30  | [20, 25]
"""
TABLE_B2_LINEAR = """
ucf101-linear | 64 | 0.01   | 100 | [40,80]
ntu60-linear  | 64 | 0.01   | 120 | [40,80,100]
gym99-linear  | 64 | 0.01   | 120 | [40,80,100]
ssv2-linear   | 64 | 0.01   | 40  | [20,30]
ek100-linear  | 32 | 0.0025 | 30  | [20, 25]
k400-linear   | 64 | 0.01   | 40  | [10,20,30]
"""
SECTION_B23 = """
gym99     | 32 | 0.0001 | 160 | [60, 100, 140]
gym-vault | 32 | 0.0001 | 160 | [60, 100, 140]
gym-floor | 32 | 0.0001 | 160 | [60, 100, 140]
fx-s1     | 32 | 0.0001 | 160 | [60, 100, 140]
ub-s1     | 32 | 0.0001 | 160 | [60, 100, 140]
gym288    | 32 | 0.0001 | 160 | [60, 100, 140]
"""


def assert_row(found: Recipe, row: list[str]) -> None:
    batch, rate, epochs, steps = row
    assert found.batch_size == int(batch)
    assert found.optimiser.lr == float(rate)
    assert found.schedule.epochs == int(epochs)
    assert found.schedule.milestones == numbers(steps)
    assert found.schedule.clips_per_video == 1


@pytest.mark.parametrize("row", table(TABLE_B2_FINETUNING + SECTION_B23), ids=lambda row: row[0])
def test_table_b2_finetuning_and_section_b23(row: list[str]) -> None:
    """32 frames of 112 pixels, multi-scale crop, flip, jitter; Adam, gamma 0.1; 10 centre crops."""
    found = recipe(row[0], WRITTEN)
    assert_row(found, row[1:])
    assert_common_of_section_b21(found)
    assert config().experiments[row[0]].protocol == "finetune"


@pytest.mark.parametrize("row", table(TABLE_B2_LINEAR), ids=lambda row: row[0])
def test_table_b2_linear_evaluation(row: list[str]) -> None:
    found = recipe(row[0], WRITTEN)
    assert_row(found, row[1:])
    assert_common_of_section_b21(found)
    assert config().experiments[row[0]].protocol == "linear"
    assert (found.probe.reads, found.probe.batch_norm) == ("features", "eval")


def assert_common_of_section_b21(found: Recipe) -> None:
    assert (found.clip.frames, found.clip.size) == (32, 112)
    assert (found.clip.sampling, found.clip.stride) == ("stride", 1)
    assert (found.augment.crop, found.augment.flip) == ("multiscale", 0.5)
    assert min(found.augment.brightness, found.augment.contrast, found.augment.saturation) > 0
    assert (found.optimiser.name, found.optimiser.weight_decay) == ("adam", 0)
    assert (found.schedule.kind, found.schedule.gamma) == ("multistep", 0.1)
    assert (found.test.clips, found.test.crops, found.test.resize) == (10, 1, 1.0)
    assert found.selection.model == "last"


TABLE_C4 = """
ucf101   | 32 | 0.0001  | 160 | [60,100,140]
hmdb51   | 32 | 0.0001  | 160 | [60,100,140]
ssv2     | 32 | 0.0001  | 45  | [25, 35, 40]
gym99    | 32 | 0.0001  | 160 | [60,100,140]
ucf-1k   | 32 | 0.0001  | 160 | [80,120,140]
gym-1k   | 32 | 0.0001  | 160 | [80,120,140]
fx-s1    | 32 | 0.0001  | 160 | [70,120,140]
ub-s1    | 32 | 0.0001  | 160 | [70,120,140]
ucf-rc   | 32 | 0.00005 | 100 | -
charades | 16 | 0.0375  | 57  | [41,49]
"""


@pytest.mark.parametrize("row", table(TABLE_C4), ids=lambda row: row[0])
def test_table_c4(row: list[str]) -> None:
    """Of chapter 5's own model; chapter 4 has other steps for 10^3 and for FX-S1 and UB-S1."""
    found = suite("tubelet-contrast")["tubelet_contrast_k400", row[0], WRITTEN].recipe
    steps = "" if row[4] == "-" else row[4]
    assert_row(found, [*row[1:4], steps])
    assert found.schedule.kind == ("constant" if row[4] == "-" else "multistep")
    assert len(suite("tubelet-contrast")) == 2 * len(table(TABLE_C4))


@pytest.mark.parametrize("experiment", ["ucf-1k", "gym-1k"])
def test_chapter_4_trains_on_1000_as_on_the_full_set(experiment: str) -> None:
    full = {"ucf-1k": "ucf101", "gym-1k": "gym99"}[experiment]
    assert recipe(experiment, WRITTEN) == recipe(full, WRITTEN)
    budget = experiment_settings(config(), experiment, WRITTEN).budget
    assert (budget.count, budget.rule) == (1000, "exact")


SECTION_B24: dict[str, dict[str, Any]] = {
    "ucf-det": {
        "clip.frames": 16, "augment.flip": 0.5, "optimiser.name": "adam", "optimiser.lr": 1e-4,
        "optimiser.weight_decay": 5e-4, "batch_size": 64, "schedule.epochs": 12,
        "schedule.milestones": (4, 6, 8, 10), "schedule.gamma": 0.5,
    },
    "ucf-rc": {
        "clip.frames": 32, "clip.size": 112, "schedule.epochs": 100, "batch_size": 32,
        "optimiser.name": "adam", "optimiser.lr": 0.00005, "schedule.kind": "constant",
    },
    "ucf-aot": {
        "clip.frames": 8, "clip.sampling": "linear", "clip.size": 112, "augment.crop": "centre",
        "augment.flip": 0, "augment.brightness": 0, "augment.contrast": 0, "augment.hue": 0,
        "augment.saturation": 0, "batch_size": 12, "schedule.epochs": 10, "optimiser.lr": 1e-5,
        "schedule.kind": "constant", "test.clips": 1,
    },
    "charades": {
        "clip.frames": 32, "clip.stride": 8, "clip.size": 112, "augment.crop": "short_side",
        "augment.flip": 0.5, "schedule.epochs": 57, "batch_size": 16, "optimiser.lr": 0.0375,
        "schedule.milestones": (41, 49), "schedule.gamma": 0.1, "test.clips": 10, "test.crops": 1,
    },
    "ava": {
        "clip.frames": 32, "clip.stride": 2, "clip.size": 112, "augment.crop": "short_side",
        "augment.flip": 0.5, "schedule.epochs": 20, "optimiser.lr": 0.1, "batch_size": 32,
        "schedule.milestones": (10, 15), "schedule.gamma": 0.1, "test.clips": 1,
        "test.frames": 8, "test.stride": 8,
    },
}  # fmt: skip


def value(found: Recipe, path: str) -> Any:
    for step in path.split("."):
        found = getattr(found, step)
    return found


@pytest.mark.parametrize("experiment", SECTION_B24)
def test_section_b24(experiment: str) -> None:
    for path, expected in SECTION_B24[experiment].items():
        assert value(recipe(experiment, WRITTEN), path) == expected, path
    tasks = {"ucf-det": "tube_detection", "ucf-rc": "counting", "ucf-aot": "arrow_of_time",
             "charades": "multi_label", "ava": "ava_detection"}  # fmt: skip
    assert config().experiments[experiment].task == tasks[experiment]


# -------------------------------------------------------------------------------------- as run

LOOP_EPOCHS = """
ucf101    | 16 | 10 | 6,10,14  | 5 | 32 | 32
hmdb51    | 16 | 10 | 6,10,14  | 5 | 32 | 32
gym99     | 16 | 10 | 6,10,14  | 3 | 32 | 32
gym288    | 16 | 10 | 6,10,14  | 5 | 32 | 32
ssv2      | 22 | 2  | 12,17,20 | 1 | 32 | 32
ntu60     | 18 | 10 | 9,14,16  | 1 | 64 | 16
ucf-1k    | 16 | 10 | 6,10,14  | 5 | 32 | 32
gym-1k    | 16 | 10 | 6,10,14  | 3 | 32 | 32
fx-s1     | 18 | 10 | 7,12,16  | 5 | 32 | 32
ub-s1     | 18 | 10 | 7,12,16  | 3 | 32 | 32
gym-vault | 18 | 10 | 7,12,16  | 5 | 32 | 32
gym-floor | 18 | 10 | 7,12,16  | 5 | 32 | 32
diving48  | 16 | 10 | 6,10,14  | 3 | 32 | 32
"""
"""Experiment, loop epochs, clips per video, milestones, clips of a look, batch, frames."""


@pytest.mark.parametrize("row", table(LOOP_EPOCHS), ids=lambda row: row[0])
def test_recognition_as_run(row: list[str]) -> None:
    found = recipe(row[0], RUN)
    schedule = found.schedule
    assert (schedule.epochs, schedule.clips_per_video) == (int(row[1]), int(row[2]))
    assert schedule.milestones == numbers(row[3])
    assert (found.selection.model, found.selection.every) == ("best_test", 1)
    assert found.selection.clips == int(row[4])
    assert found.batch_size == int(row[5])
    assert found.clip.frames == int(row[6])
    assert_released_loader(found)
    assert (found.optimiser.lr, found.optimiser.weight_decay) == (1e-4, 0)


def assert_released_loader(found: Recipe) -> None:
    """Sections 1.2, 1.3, 1.5: 16 fps, resized crop, jitter, 128 then 112, Adam, gamma 0.3."""
    assert (found.clip.sampling, found.clip.rate, found.clip.short) == ("seconds", 16, "loop")
    augment = found.augment
    assert (augment.crop, augment.area, augment.flip) == ("area", (0.08, 1.0), 0.5)
    assert augment.ratio == (3 / 4, 4 / 3)
    assert (augment.brightness, augment.contrast, augment.saturation) == (0.4, 0.4, 0.4)
    assert augment.hue == 0.2
    assert (found.test.clips, found.test.crops, found.test.starts) == (10, 1, "floor")
    assert int(found.clip.size / found.test.resize) == 128
    assert (found.optimiser.name, found.optimiser.momentum) == ("adam", 0.9)
    assert (found.schedule.kind, found.schedule.gamma) == ("multistep", 0.3)
    assert found.drop_last
    assert found.numerics.norm_eps == 1e-5
    assert (found.numerics.precision, found.head.dropout) == ("fp32", 0)


OVERRIDES = """
severe  | avid_cma | ucf101 | optimiser.lr | 0.001
severe  | avid_cma | ssv2   | optimiser.lr | 0.001
severe  | avid_cma | gym99  | optimiser.lr | 0.001
severe  | avid_cma | ucf-1k | optimiser.lr | 0.001
severe  | avid_cma | gym-1k | optimiser.lr | 0.001
severe  | avid_cma | fx-s1  | optimiser.lr | 0.001
severe  | avid_cma | ub-s1  | optimiser.lr | 0.001
severe  | avid_cma | ucf-rc | optimiser.lr | 0.00005
domain  | avid_cma | ek100  | optimiser.lr | 0.0025
ek100   | avid_cma | ek100  | optimiser.lr | 0.0025
hmdb51  | avid_cma | hmdb51 | optimiser.lr | 0.001
actions | avid_cma | gym288 | optimiser.lr | 0.001
severe  | scratch  | ucf101 | schedule.epochs | 20
severe  | scratch  | ucf101 | schedule.milestones | (10, 15, 18)
severe  | scratch  | ucf101 | optimiser.weight_decay | 0.0001
hmdb51  | scratch  | hmdb51 | schedule.epochs | 20
hmdb51  | scratch  | hmdb51 | optimiser.weight_decay | 0.0001
severe  | scratch  | gym99  | schedule.epochs | 20
severe  | scratch  | gym99  | optimiser.weight_decay | 0.0001
actions | scratch  | gym288 | schedule.milestones | (10, 15, 18)
severe  | scratch  | ssv2   | schedule.epochs | 25
severe  | scratch  | ssv2   | schedule.milestones | (12, 19, 22)
severe  | scratch  | ssv2   | schedule.clips_per_video | 2
severe  | scratch  | ssv2   | optimiser.weight_decay | 0.0001
severe  | scratch  | fx-s1  | optimiser.weight_decay | 0.00001
severe  | scratch  | ub-s1  | optimiser.weight_decay | 0.00001
severe  | scratch  | fx-s1  | schedule.epochs | 18
severe  | scratch  | fx-s1  | selection.clips | 3
actions | scratch  | gym-vault | optimiser.weight_decay | 0
actions | scratch  | gym-floor | schedule.epochs | 18
severe  | scratch  | ucf-1k | schedule.epochs | 16
severe  | scratch  | ucf-1k | optimiser.weight_decay | 0
severe  | scratch  | gym-1k | schedule.epochs | 16
severe  | moco     | ucf101 | schedule.epochs | 16
severe  | moco     | fx-s1  | selection.clips | 5
tubelet-contrast | tubelet_contrast_k400 | ucf-1k | schedule.epochs | 18
tubelet-contrast | tubelet_contrast_k400 | ucf-1k | schedule.milestones | (8, 13, 16)
tubelet-contrast | tubelet_contrast_k400 | gym-1k | schedule.milestones | (8, 13, 16)
"""


@pytest.mark.parametrize("row", table(OVERRIDES), ids=lambda row: " ".join(row[:4]))
def test_initialisations_that_the_code_treats_apart(row: list[str]) -> None:
    where, model, experiment, path, expected = row
    found = value(suite(where)[model, experiment, RUN].recipe, path)
    numeric = expected.startswith("(")
    assert found == (numbers(expected.strip("()")) if numeric else float(expected))


def test_every_model_is_alike_as_written() -> None:
    """Table B.2: "We train all the models with same hyperparameters for the ... dataset"."""
    for name in ("severe", "domain", "actions", "tasks"):
        by_experiment: dict[str, set[str]] = {}
        for (_, experiment, preset), settings in suite(name).items():
            if preset == WRITTEN:
                by_experiment.setdefault(experiment, set()).add(settings.recipe.model_dump_json())
        assert {len(recipes) for recipes in by_experiment.values()} == {1}


@pytest.mark.parametrize("experiment", ["ucf-1k", "gym-1k", "ntu60-samples-1000"])
def test_a_thousand_as_run_is_a_ceiling_of_each_class(experiment: str) -> None:
    where = "samples" if experiment.startswith("ntu") else "severe"
    budget = suite(where)["moco", experiment, RUN].budget
    assert (budget.count, budget.rule, budget.draw) == (1000, "per_class_ceil", 99999)


LINEAR_AS_RUN = """
ucf101-linear | 128 | 0.01 | 10 | 10 | 4,8,10
k400-linear   | 64  | 0.01 | 40 | 1  | 10,20,30
"""


@pytest.mark.parametrize("row", table(LINEAR_AS_RUN), ids=lambda row: row[0])
def test_linear_evaluation_as_run(row: list[str]) -> None:
    """Section 2: 1 s, 16 frames; frozen but in train mode; 400 outputs; N(0, 0.01)."""
    found = recipe(row[0], RUN)
    assert found.batch_size == int(row[1])
    assert found.optimiser.lr == float(row[2])
    assert (found.schedule.epochs, found.schedule.clips_per_video) == (int(row[3]), int(row[4]))
    assert found.schedule.milestones == numbers(row[5])
    assert found.clip.frames == 16
    assert (found.probe.reads, found.probe.batch_norm) == ("clips", "train")
    assert (found.head.init, found.head.outputs) == ("normal", 400)
    assert_released_loader(found)


def test_tclr_reads_two_seconds_of_ucf101_and_one_of_kinetics() -> None:
    found = suite("domain")
    assert found["tclr", "ucf101-linear", RUN].recipe.clip.frames == 32
    assert found["tclr", "k400-linear", RUN].recipe.clip.frames == 16
    assert found["gdt", "ucf101-linear", RUN].recipe.clip.frames == 16


AS_RUN: dict[str, dict[str, Any]] = {
    "ucf-rc": {
        "optimiser.name": "adam", "optimiser.lr": 5e-5, "optimiser.weight_decay": 1e-3,
        "schedule.kind": "constant", "schedule.epochs": 100, "batch_size": 32,
        "clip.frames": 32, "clip.size": 112, "augment.flip": 0.5,
        "selection.model": "best_test", "selection.every": 1,
    },
    "charades": {
        "clip.frames": 32, "clip.stride": 8, "clip.frame_rate": 24,
        "clip.short": "hold", "augment.law": "inverse",
        "augment.flip": 0.5, "head.dropout": 0.5, "optimiser.name": "sgd", "optimiser.lr": 0.0375,
        "optimiser.momentum": 0.9, "optimiser.nesterov": True, "optimiser.decay_norms": False,
        "optimiser.weight_decay": 1e-4, "schedule.warmup_epochs": 4, "schedule.warmup_lr": 1e-4,
        "schedule.epochs": 57, "schedule.milestones": (41, 49, 57), "schedule.gamma": 0.1,
        "batch_size": 16, "test.precise_norms": 200, "test.clips": 10, "test.crops": 3,
        "test.resize": 1.0, "test.starts": "round", "selection.model": "last", "drop_last": True,
        "input.mean": (0.45,) * 3, "input.std": (0.225,) * 3, "input.channels": "RGB",
    },
    "ava": {
        "clip.frames": 32, "clip.stride": 2, "clip.frame_rate": 30,
        "augment.law": "uniform", "augment.flip": 0.5,
        "head.dropout": 0.5, "optimiser.name": "sgd", "optimiser.lr": 0.1,
        "optimiser.momentum": 0.9, "optimiser.nesterov": True, "optimiser.decay_norms": False,
        "optimiser.weight_decay": 1e-7, "schedule.warmup_epochs": 5,
        "schedule.warmup_lr": 1.25e-4, "schedule.epochs": 20,
        "schedule.milestones": (10, 15, 20), "schedule.gamma": 0.1, "batch_size": 32,
        "test.precise_norms": 0, "test.clips": 1, "test.resize": 1.0, "test.frames": None,
        "drop_last": True, "selection.model": "last",
        "input.mean": (0.45,) * 3, "input.std": (0.225,) * 3,
    },
}  # fmt: skip


@pytest.mark.parametrize("experiment", AS_RUN)
def test_tasks_as_run(experiment: str) -> None:
    """Sections 6 and 7."""
    for path, expected in AS_RUN[experiment].items():
        assert value(recipe(experiment, RUN), path) == expected, path


@pytest.mark.parametrize(("experiment", "rate"), [("charades", 24), ("ava", 30)])
def test_strides_are_of_the_rates_at_which_frames_are_extracted(
    experiment: str, rate: float
) -> None:
    for preset in (WRITTEN, RUN):
        assert recipe(experiment, preset).clip.frame_rate == rate


@pytest.mark.parametrize(("experiment", "sides"), [("charades", (256, 340)), ("ava", (256, 320))])
def test_short_sides_in_pixels(experiment: str, sides: tuple[int, int]) -> None:
    for preset in (WRITTEN, RUN):
        found = recipe(experiment, preset)
        assert tuple(s * found.clip.size for s in found.augment.short_side) == pytest.approx(sides)
        assert found.augment.crop == "short_side"


def test_task_options_of_the_tasks() -> None:
    charades = config().experiments["charades"].task_options
    assert charades == {"merge": "max", "train_labels": "clip"}
    ava = config().experiments["ava"].task_options
    assert (ava["train_proposals"], ava["min_score"], ava["evaluated"]) == ("all", 0.9, "ava60")


@pytest.mark.parametrize(
    "experiment", ["ek100", "ntu60-linear", "gym99-linear", "ssv2-linear", "ek100-linear"]
)
def test_without_released_code_as_run_keeps_what_is_written(experiment: str) -> None:
    """D25, D14: no code exists, so batch, rate, epochs and milestones are the thesis'."""
    written, run = recipe(experiment, WRITTEN), recipe(experiment, RUN)
    assert run.batch_size == written.batch_size
    assert run.optimiser.lr == written.optimiser.lr
    assert run.schedule.epochs == written.schedule.epochs
    assert run.schedule.milestones == written.schedule.milestones
    assert run.schedule.clips_per_video == 1


def test_what_has_no_code_and_would_differ_in_nothing_has_no_as_run() -> None:
    """D25."""
    assert {(e, p) for _, e, p in suite("tasks") if e in {"ucf-det", "ucf-aot"}} == {
        ("ucf-det", WRITTEN),
        ("ucf-aot", WRITTEN),
    }


@pytest.mark.parametrize("experiment", ["charades", "ava"])
def test_tclr_reads_frames_of_the_fork_unnormalised(experiment: str) -> None:
    """Section 7: mean 0, deviation 1, red first, in the fork's history; the others 0.45, 0.225."""
    found = suite("tasks")
    tclr, other = (found[model, experiment, RUN].recipe.input for model in ("tclr", "gdt"))
    assert tclr == Input(mean=(0, 0, 0), std=(1, 1, 1), channels="RGB")
    assert other == Input(mean=(0.45,) * 3, std=(0.225,) * 3)
    assert found["tclr", experiment, WRITTEN].recipe.input is None


@pytest.mark.parametrize("model", ["ctp", "tubelet_contrast_k400", "moco", "tclr", "scratch"])
def test_norms_have_the_eps_of_pretraining_as_written_and_the_codes_as_run(model: str) -> None:
    part = Needed(config(), lambda path: "0" * 64).network(model, 0)
    pretrained = 1e-3 if model in {"ctp", "tubelet_contrast_k400"} else 1e-5
    assert part.norm_eps == pretrained
    with torch.device("meta"):
        network = part.backbone.build(**part.ref.kwargs)
    norms = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    assert {norm.eps for norm in norms} == {pretrained}
    assert recipe("ucf101", WRITTEN).numerics.norm_eps is None
    place(network, recipe("ucf101", RUN).numerics, "meta")
    assert {norm.eps for norm in norms} == {1e-5}


HEADLINES = """
ucf101 | top1
hmdb51 | top1
ssv2 | top1
gym99 | top1
ntu60 | top1
ek100 | verb_top1
ucf-1k | top1
gym-1k | top1
gym-vault | mean_per_class
gym-floor | mean_per_class
fx-s1 | mean_per_class
ub-s1 | mean_per_class
gym288 | mean_per_class
"""


@pytest.mark.parametrize("row", table(HEADLINES), ids=lambda row: row[0])
def test_the_metric_that_each_column_reports(row: list[str]) -> None:
    entry = config().experiments[row[0]]
    assert (entry.headline or "top1") == row[1]


@pytest.mark.parametrize(
    ("dataset", "rungs"),
    [
        ("ucf101", [2000, 4000, 8000]),
        ("gym99", [2000, 4000, 8000, 16000]),
        ("ntu60", [1000, 2000, 4000, 8000, 16000, 32000]),
        ("ssv2", [1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000]),
    ],
)
def test_samples_double_from_1000_to_the_full_set(dataset: str, rungs: list[int]) -> None:
    """Section B.2.2; 1000 of UCF101 and Gym-99 are `ucf-1k` and `gym-1k`."""
    experiments = {experiment for _, experiment, _ in suite("samples")}
    made = {f"{dataset}-samples-{rung}" for rung in rungs}
    linear = {1000, *rungs}
    made |= {f"{dataset}-linear-samples-{rung}" for rung in linear}
    assert made | {dataset, f"{dataset}-linear"} <= experiments
    here = {e for e in experiments if e.startswith(f"{dataset}-")}
    assert here == made | {f"{dataset}-linear"}


def test_the_benchmark_is_table_4_4() -> None:
    models = {model for model, _, _ in suite("severe")}
    experiments = {experiment for _, experiment, _ in suite("severe")}
    assert len(models) == 11
    assert experiments == {"ucf101", "ssv2", "gym99", "ucf-1k", "gym-1k", "fx-s1", "ub-s1",
                           "ucf-rc", "charades"}  # fmt: skip
    assert {preset for _, _, preset in suite("severe")} == {WRITTEN, RUN}


def test_frames_are_swept_as_in_figure_b12() -> None:
    experiments = {experiment for _, experiment, _ in suite("temporal-awareness")}
    for dataset in ("ucf101", "gym99", "ssv2", "ek100"):
        assert {f"{dataset}-frames-{n}" for n in (1, 2, 4, 8, 16, 64)} | {dataset} <= experiments
    charades = {"1x1", "8x4", "16x4", "32x2", "32x4", "64x2", "64x4"}
    assert {f"charades-frames-{n}" for n in charades} | {"charades"} <= experiments
    assert {model for model, _, _ in suite("temporal-awareness")} == {"supervised_k400"}
    found = suite("temporal-awareness")["supervised_k400", "charades-frames-8x4", RUN].recipe
    assert (found.clip.frames, found.clip.stride) == (8, 4)
