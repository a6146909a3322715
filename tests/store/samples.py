"""Cells and results for the store's tests."""

from severe_bench.config.recipe import Recipe
from severe_bench.core.budget import Budget
from severe_bench.plan.cell import Cell, Label
from severe_bench.plan.job import DatasetJob, DatasetRef, EvaluateJob, NetworkRef, WeightsRef
from severe_bench.store.result import Cost, MetricValue, OutputFile, Provenance, Result

PROVENANCE = Provenance(
    version="0",
    code="c0de",
    libraries={"torch": "2"},
    python="3",
    host="here",
    device="cpu",
    platform="linux",
    started="2026-01-01T00:00:00+00:00",
    finished="2026-01-01T00:00:01+00:00",
)


def label(model: str = "tubelet", experiment: str = "near", seed: int = 0) -> Label:
    return Label(
        model=model,
        model_kind="ssl",
        experiment=experiment,
        factor="standard",
        dataset="near",
        task="recognition",
        budget="full",
        protocol="linear",
        preset="quick",
        seed=seed,
        headline="top1",
    )


def evaluate_cell(
    seed: int = 0, model: str = "tubelet", needs: dict[str, str] | None = None, problem: str = ""
) -> Cell:
    job = EvaluateJob(
        network=NetworkRef(backbone="r3d_18", weights=WeightsRef(source="none", init_seed=0)),
        dataset=DatasetRef(adapter="manifest", digest="d"),
        task="recognition",
        protocol="linear",
        budget=Budget(),
        recipe=Recipe(),
        seed=seed,
    )
    return Cell.of(
        job, f"{model} / {seed}", needs=needs or {}, label=label(model, seed=seed), problem=problem
    )


def dataset_cell(name: str = "world", problem: str = "") -> Cell:
    job = DatasetJob(dataset=DatasetRef(adapter="procedural", digest=name))
    return Cell.of(job, name, problem=problem)


def result_of(
    cell: Cell, value: float = 50.0, files: dict[str, OutputFile] | None = None
) -> Result:
    metrics = (
        MetricValue(
            name="top1",
            value=value,
            unit="%",
            higher_is_better=True,
            ci_low=1 / 3,
            ci_high=60.0,
            n=9,
        ),
        MetricValue(name="mae", value=0.1 + 0.2, unit="", higher_is_better=False, n=9),
    )
    return Result(
        cell=cell.id,
        kind=cell.job.kind,
        label=cell.label,
        metrics=metrics if cell.label else (),
        cost=Cost(seconds=1.5, peak_memory_bytes=10),
        provenance=PROVENANCE,
        files=files or {},
    )
