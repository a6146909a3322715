"""Pixels and boxes that a prepared or filtered dataset has no more, known before anything runs."""

from collections.abc import Mapping
from typing import Any

from severe_bench.config.recipe import Recipe
from severe_bench.plan.parts import DatasetPart
from severe_bench.tasks.task import Task

WHOLE_FRAMES = frozenset({"boxes", "tubes"})
"""Procedures whose test frames are as large as a clip, uncropped."""

LONG_SIDE = frozenset({"counting"})
"""Procedures that fit a frame's long side into a clip, which a short side says nothing of."""


def enlarged(recipe: Recipe, dataset: DatasetPart, procedure: str | None) -> str:
    """Why prepared videos are too small for a recipe, in words; empty where they are not.

    A short side that a crop draws at random is held to the least that it may draw: more than that
    is enlarged from many original videos too.

    Args:
        recipe: of a cell.
        dataset: that its clips are of.
        procedure: of the task; None for a pretraining, which tests nothing.
    """
    if dataset.prepared is None or procedure in LONG_SIDE:
        return ""
    there, asked = dataset.prepared.short_side, _short_side(recipe, procedure)
    if there >= asked:
        return ""
    return (
        f"the recipe shows frames with a short side of {asked} pixels, dataset {dataset.name} is "
        f"prepared with {there}; prepare it with --short-side {asked + asked % 2} or more"
    )


def _short_side(recipe: Recipe, procedure: str | None) -> int:
    """Pixels of the short side in testing or, where that is more, at least in training."""
    size, augment = recipe.clip.size, recipe.augment
    trained = int(size * augment.short_side[0]) if augment.crop == "short_side" else size
    cropped = procedure is not None and procedure not in WHOLE_FRAMES
    return max(trained, int(size / recipe.test.resize) if cropped else size)


def withheld(task: Task[Any], options: Mapping[str, Any], dataset: DatasetPart) -> str:
    """Why a detector's boxes that a task asks for are not there; empty where they are.

    Args:
        task: of the experiment.
        options: of the task, already checked.
        dataset: of the experiment, whose own option may leave boxes out.
    """
    least = dataset.ref.options.get("min_score")
    chosen = task.options.model_validate(dict(options)).model_dump()
    read = (
        chosen.get("test_boxes") == "proposals" or chosen.get("train_proposals", "none") != "none"
    )
    asked = chosen.get("min_score")
    if least is None or asked is None or not read or asked >= least:
        return ""
    return (
        f"task {task.name} asks for boxes from a score of {asked:g} on, dataset {dataset.name} "
        f"leaves out those below {least:g}; set options.min_score of the dataset to {asked:g}"
    )
