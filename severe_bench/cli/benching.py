"""From the names of a dataset and a model to what `severe doctor --bench` measures."""

from pathlib import Path

from severe_bench.config.find import find_config
from severe_bench.config.loading import load_config
from severe_bench.config.schema import Config
from severe_bench.core.digest import short_id
from severe_bench.core.errors import UserError
from severe_bench.core.session import Session
from severe_bench.doctor.speed import Speed, Trial
from severe_bench.models.network import build_network
from severe_bench.plan.build import plan_suite
from severe_bench.plan.cell import Cell
from severe_bench.plan.grid import Filters
from severe_bench.plan.job import DatasetJob, EvaluateJob
from severe_bench.run.kinds.inputs import load_dataset, weights_file
from severe_bench.run.work import Work
from severe_bench.store.layout import SHARED, Layout


def bench(dataset: str, model: str, config: Path | None, results: Path) -> Speed:
    """Measure training clips of a dataset through a model, as a suite would train it.

    Raises:
        UserError: no suite evaluates this model on this dataset, or their files are not there.
    """
    import torch

    loaded = load_config(find_config(config))
    cell, suite = _cell(loaded, dataset, model)
    job = cell.job
    assert isinstance(job, EvaluateJob)  # noqa: S101 - `_cell` chooses among these
    layout = Layout(results.absolute(), suite)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    work = Work(cell, _session(layout.results / SHARED, device, _needs(cell, job, layout)))
    videos = load_dataset(job.dataset, work)
    network = build_network(job.network, weights_file(work, job.network))
    return Trial(videos, job.recipe, network, job.network.input, device).speed()


def _cell(config: Config, dataset: str, model: str) -> tuple[Cell, str]:
    """The first cell of this model on this dataset, one that trains on clips if there is one."""
    found: list[tuple[Cell, str]] = []
    for suite in config.suites:
        cells = plan_suite(config, suite, Filters()).cells
        here = [
            c for c in cells if c.label and (c.label.dataset, c.label.model) == (dataset, model)
        ]
        found += [(cell, suite) for cell in here]
    if not found:
        what = f"no suite evaluates the model {model!r} on the dataset {dataset!r}"
        raise UserError(what, mend="see `severe plan SUITE --cells` for both names")
    return min(
        found, key=lambda pair: pair[0].label is None or pair[0].label.protocol != "finetune"
    )


def _needs(cell: Cell, job: EvaluateJob, layout: Layout) -> dict[str, Path]:
    needs = {}
    if cell.places.dataset_root is None:
        needs["dataset"] = layout.needed(short_id(DatasetJob(dataset=job.dataset)))
    if job.network.weights.source == "pretrain":
        needs["weights"] = layout.needed(job.network.weights.digest)
    return needs


def _session(folder: Path, device: str, needs: dict[str, Path]) -> Session:
    return Session(
        folder=folder,
        device=device,
        needs=needs,
        should_stop=lambda: False,
        checkpoint_due=lambda: False,
        report=lambda _: None,
    )
