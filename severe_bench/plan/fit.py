"""Whether a network can read a dataset's clips and a budget be met, known before anything runs."""

from severe_bench.config.recipe import Recipe
from severe_bench.core.budget import Budget
from severe_bench.models.backbone import Backbone
from severe_bench.plan.parts import DatasetPart


def misfit(backbone: Backbone, dataset: DatasetPart, recipe: Recipe) -> str:
    """Why not, in words; empty where it can."""
    if backbone.modality != dataset.modality:
        return (
            f"{backbone.name} reads {backbone.modality}, "
            f"dataset {dataset.name} has {dataset.modality}"
        )
    clip = recipe.clip
    if backbone.frames not in {None, clip.frames}:
        return f"{backbone.name} reads {backbone.frames} frames, the recipe has {clip.frames}"
    if backbone.size not in {None, clip.size}:
        return f"{backbone.name} reads {backbone.size} pixels, the recipe has {clip.size}"
    return ""


def overdraft(budget: Budget, dataset: DatasetPart) -> str:
    """Why the training set is too small for a budget; empty where it is not, or nobody knows."""
    there = dataset.train_size
    capped = budget.rule == "per_class_ceil"
    if budget.count is None or capped or there is None or budget.count <= there:
        return ""
    return (
        f"the budget asks for {budget.count} videos but the training set of {dataset.name} has "
        f"{there}; use at most {there}, or no budget for the full training set"
    )


def view_recipe(recipe: Recipe, views: str) -> Recipe:
    """The part of a recipe that features depend on; the rest at its defaults.

    Probes that differ elsewhere (head, schedule, optimiser) then share their features.

    Args:
        recipe: of the experiment.
        views: `train`: augmented clips; `test`: equally spaced clips.
    """
    if views == "train":
        return Recipe(
            clip=recipe.clip,
            augment=recipe.augment,
            numerics=recipe.numerics,
            feature_views=recipe.feature_views,
        )
    return Recipe(clip=recipe.clip, test=recipe.test, numerics=recipe.numerics)
