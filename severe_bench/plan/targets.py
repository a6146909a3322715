"""What a task asks of a dataset's annotation, as far as that is known before anything is loaded."""

from collections.abc import Iterable, Mapping
from typing import Any

from severe_bench.config.recipe import Recipe
from severe_bench.plan.coarse import enlarged, withheld
from severe_bench.plan.parts import DatasetPart
from severe_bench.tasks.task import Task


def unfit_dataset(
    task: Task[Any], options: Mapping[str, Any], recipe: Recipe, dataset: DatasetPart
) -> str:
    """Why a task cannot be set by a dataset, in words; empty where it can, or nobody knows.

    Args:
        task: of the experiment.
        options: of the task, already checked.
        recipe: its head and the size of its frames are looked at.
        dataset: of the experiment.
    """
    needs = task.needs(task.options.model_validate(dict(options)))
    return (
        lacking(f"task {task.name}", needs, dataset)
        or _too_few_outputs(task, recipe, dataset)
        or enlarged(recipe, dataset, task.procedure)
        or withheld(task, options, dataset)
    )


def lacking(who: str, needs: Iterable[str], dataset: DatasetPart) -> str:
    """Which targets a dataset has not got, in words; empty where none, or nobody knows.

    Args:
        who: needs them, in words.
        needs: names of targets, as in `core.extras`.
        dataset: that is asked for them.
    """
    there = dataset.known.targets
    missing = [] if there is None else [name for name in needs if name not in there]
    if there is None or not missing:
        return ""
    has = ", ".join(sorted(there)) or "no targets"
    return (
        f"{who} needs {', '.join(missing)} of each sample, and dataset {dataset.name} has {has}; "
        "choose a task or a dataset that fits"
    )


def _too_few_outputs(task: Task[Any], recipe: Recipe, dataset: DatasetPart) -> str:
    asked, classes = recipe.head.outputs, dataset.known.classes
    if asked is None or classes is None or task.outputs is None:
        return ""
    own = task.outputs(classes)
    if asked >= own:
        return ""
    return f"head.outputs: {asked} are fewer than the {own} classes; leave it out, or raise it"
