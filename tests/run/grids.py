"""Small plans of fake cells."""

from typing import Any

from severe_bench.config.recipe import Recipe
from severe_bench.core.budget import Budget
from severe_bench.plan.cell import Cell, Label
from severe_bench.plan.job import (
    DatasetJob,
    DatasetRef,
    EvaluateJob,
    NetworkRef,
    PretrainJob,
    WeightsRef,
)

DATASET = DatasetRef(adapter="procedural", digest="world")


def dataset() -> Cell:
    return Cell.of(DatasetJob(dataset=DATASET), "world")


def pretrain(seed: int = 0, needs: dict[str, str] | None = None) -> Cell:
    job = PretrainJob(
        method="supervised",
        options={},
        backbone="r3d_18",
        dataset=DATASET,
        recipe=Recipe(),
        seed=seed,
    )
    return Cell.of(job, f"pretrain {seed}", needs=needs or {})


def evaluate(seed: int, needs: dict[str, str] | None = None, **options: Any) -> Cell:
    weights = (needs or {}).get("weights", "")
    ref = WeightsRef(source="pretrain", digest=weights) if weights else WeightsRef(source="none")
    job = EvaluateJob(
        network=NetworkRef(backbone="r3d_18", weights=ref),
        dataset=DATASET,
        task="recognition",
        task_options=options,
        protocol="finetune",
        budget=Budget(),
        recipe=Recipe(),
        seed=seed,
    )
    label = Label(
        model=f"model {weights[:4]}",
        model_kind="ssl",
        experiment="near",
        factor="standard",
        dataset="near",
        task="recognition",
        budget="full",
        protocol="finetune",
        preset="quick",
        seed=seed,
        headline="top1",
    )
    return Cell.of(job, f"evaluate {seed}", needs=needs or {}, label=label)


def tree(leaves: int = 4, steps: int = 20, pause: float = 0.01) -> list[Cell]:
    """One dataset, two pretrainings on it, and so many evaluations of each."""
    world = dataset()
    models = [pretrain(seed, {"dataset": world.id}) for seed in range(2)]
    probes = [
        evaluate(seed, {"dataset": world.id, "weights": model.id}, steps=steps, pause=pause)
        for model in models
        for seed in range(leaves)
    ]
    return [world, *models, *probes]
