"""Jobs: what a cell computes, as data. Every field can change the number; nothing else is here.

A job's digest is the cell's id. Names, paths, devices and workers live in `Cell`, outside it.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from severe_bench.config.network_input import Input as Input  # noqa: PLC0414 - others import it from here
from severe_bench.config.recipe import Recipe
from severe_bench.core.budget import Budget
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import Split


class DatasetRef(Frozen):
    """Which data, whatever the folder: adapter, its options, and the digest of the annotations.

    For the built-in world the digest is that of its specification, and the files are made by a
    `dataset` cell.
    """

    adapter: str
    options: dict[str, Any] = {}
    digest: str


class WeightsRef(Frozen):
    """Which weights: none (random, from `init_seed`), a file by digest, or a pretraining cell.

    Args:
        source: `none`, `file` or `pretrain`.
        digest: SHA-256 of the file, or the id of the pretraining cell.
        layout: how the file's names map to the backbone's.
        init_seed: of the random initialisation, for `none` only.
    """

    source: Literal["none", "file", "pretrain"]
    digest: str = ""
    layout: str = ""
    init_seed: int | None = None


class NetworkRef(Frozen):
    """Backbone, weights and input statement: a model as far as numbers go."""

    backbone: str
    kwargs: dict[str, Any] = {}
    weights: WeightsRef
    input: Input = Input()


class DatasetJob(Frozen):
    """Make a dataset that can be made (the built-in world)."""

    kind: Literal["dataset"] = "dataset"
    dataset: DatasetRef


class PretrainJob(Frozen):
    """Turn unlabelled (or, for `supervised`, labelled) clips into a checkpoint."""

    kind: Literal["pretrain"] = "pretrain"
    method: str
    options: dict[str, Any]
    backbone: str
    kwargs: dict[str, Any] = {}
    input: Input = Input()
    dataset: DatasetRef
    budget: Budget = Budget()
    recipe: Recipe
    seed: int


class FeaturesJob(Frozen):
    """Features of one split under one view rule; shared by every probe, budget and analysis.

    Args:
        views: `test`: the recipe's equally spaced clips; `train`: `feature_views` augmented clips.
        unit: what one row is; `unit_options` are its own.
        seed: of the augmented views (0 for test views, which draw nothing).
    """

    kind: Literal["features"] = "features"
    network: NetworkRef
    dataset: DatasetRef
    split: Split
    views: Literal["train", "test"]
    unit: str = "clip"
    unit_options: dict[str, Any] = {}
    recipe: Recipe
    seed: int = 0


class EvaluateJob(Frozen):
    """One measured cell: a model adapted to a task on a dataset, then tested."""

    kind: Literal["evaluate"] = "evaluate"
    network: NetworkRef
    dataset: DatasetRef
    task: str
    task_options: dict[str, Any] = {}
    protocol: str
    budget: Budget
    recipe: Recipe
    seed: int


Job = Annotated[DatasetJob | PretrainJob | FeaturesJob | EvaluateJob, Field(discriminator="kind")]
