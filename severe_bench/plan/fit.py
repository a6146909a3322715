"""Whether a network can read a dataset's clips and a budget be met, known before anything runs."""

from collections.abc import Mapping
from typing import Any

from severe_bench.config.recipe import Clip, Probe, Recipe
from severe_bench.core.budget import Budget
from severe_bench.models.backbone import Backbone
from severe_bench.plan.parts import DatasetPart
from severe_bench.plan.rows import LINEAR
from severe_bench.tasks.task import Task

UNCROPPED = frozenset({"boxes", "tubes", "counting"})
"""Procedures that see whole frames in testing."""
ONE_CLIP = frozenset({"tubes", "counting"})
"""Procedures whose clips are the same in training and in testing."""
SELECTING = frozenset({"clips", "counting"})
"""Procedures that can select a state during training."""


def misfit(backbone: Backbone, dataset: DatasetPart, *clips: Clip) -> str:
    """Why not, in words; empty where it can.

    Args:
        backbone: of the network.
        dataset: that the clips are of.
        clips: that it would read, in training and in testing.
    """
    if backbone.modality != dataset.modality:
        return (
            f"{backbone.name} reads {backbone.modality}, "
            f"dataset {dataset.name} has {dataset.modality}"
        )
    for clip in clips:
        if backbone.frames not in {None, clip.frames}:
            return f"{backbone.name} reads {backbone.frames} frames, the recipe has {clip.frames}"
        if backbone.size not in {None, clip.size}:
            return f"{backbone.name} reads {backbone.size} pixels, the recipe has {clip.size}"
    return ""


def overdraft(budget: Budget, dataset: DatasetPart) -> str:
    """Why the training set is too small for a budget; empty where it is not, or nobody knows."""
    there = dataset.known.train
    capped = budget.rule == "per_class_ceil"
    if budget.count is None or capped or there is None or budget.count <= there:
        return ""
    return (
        f"the budget asks for {budget.count} videos but the training set of {dataset.name} has "
        f"{there}; use at most {there}, or no budget for the full training set"
    )


def idle_setting(task: Task[Any], protocol: str, recipe: Recipe, *, reads_clips: bool) -> str:
    """Which setting of a recipe would be without effect, in words; empty where none would.

    Args:
        task: of the experiment.
        protocol: of the experiment.
        recipe: of the cell.
        reads_clips: whether the network runs in training, not on cached features.
    """
    return (
        _idle_selection(task, recipe, reads_clips=reads_clips)
        or _idle_norms(task, protocol, recipe, reads_clips=reads_clips)
        or _idle_test(task, recipe)
        or _idle_parts(task, protocol, recipe)
    )


def _idle_selection(task: Task[Any], recipe: Recipe, *, reads_clips: bool) -> str:
    selects = reads_clips and task.procedure in SELECTING
    if recipe.selection.model == "last" or selects:
        return ""
    where = "on clips" if reads_clips else "on cached features"
    return f"task {task.name} {where} takes the last state; set selection.model: last"


def _idle_norms(task: Task[Any], protocol: str, recipe: Recipe, *, reads_clips: bool) -> str:
    if not recipe.test.precise_norms:
        return ""
    if not (reads_clips and task.procedure == "clips"):
        return "test.precise_norms is for networks that train on clips of videos; set it to 0"
    if protocol == LINEAR and recipe.probe.batch_norm == "eval":
        return (
            "test.precise_norms would change a frozen backbone; set it to 0, or "
            "probe.batch_norm: train"
        )
    return ""


def _idle_test(task: Task[Any], recipe: Recipe) -> str:
    test = recipe.test
    if test.crops > 1 and task.procedure in UNCROPPED:
        return f"task {task.name} is not tested on crops; set test.crops: 1"
    if task.procedure in ONE_CLIP and (test.frames, test.stride) != (None, None):
        return (
            f"task {task.name} is tested on clips as in training; leave test.frames and "
            "test.stride out"
        )
    return ""


def _idle_parts(task: Task[Any], protocol: str, recipe: Recipe) -> str:
    if recipe.probe != Probe() and protocol != LINEAR:
        return f"probe is for protocol linear, not {protocol}; leave it out"
    if recipe.head.outputs is not None and not task.spare_outputs:
        return f"task {task.name} has no classes to add outputs to; leave head.outputs out"
    return ""


def dropped_twice(task: str, options: Mapping[str, Any], recipe: Recipe) -> str:
    """Why features would be dropped twice before one layer, in words; empty where they are not.

    Args:
        task: name of the experiment's.
        options: of the task, defaults written out.
        recipe: of the cell.
    """
    if not (options.get("dropout") and recipe.head.dropout):
        return ""
    return (
        f"task {task} has a dropout of {options['dropout']} and head.dropout is "
        f"{recipe.head.dropout}, one after the other; set task_options.dropout: 0, or leave "
        "head.dropout out"
    )


def selecting(recipe: Recipe) -> str:
    """Why a pretraining cannot follow a recipe, in words; empty where it can."""
    if recipe.selection.model == "last":
        return ""
    return "a pretraining takes the last state; set selection.model: last"


def restating(recipe: Recipe) -> str:
    """Why a pretraining cannot read pixels by a recipe's statement; empty where there is none.

    What reads its weights afterwards would read by the model entry's.
    """
    if recipe.input is None:
        return ""
    return "a pretraining reads pixels as its model entry says; state input there, not in a recipe"


def view_recipe(recipe: Recipe, views: str) -> Recipe:
    """The part of a recipe that features depend on; the rest at its defaults.

    Probes that differ elsewhere (head, schedule, optimiser) then share their features.

    Args:
        recipe: of the experiment.
        views: `train`: augmented clips; `test`: equally spaced clips.
    """
    numerics = recipe.numerics.model_copy(update={"fused": False})  # nothing is optimised
    if views == "train":
        return Recipe(
            clip=recipe.clip,
            augment=recipe.augment,
            numerics=numerics,
            feature_views=recipe.feature_views,
        )
    return Recipe(clip=recipe.clip, test=recipe.test, numerics=numerics)
