"""A cell: a job with its id, what it waits for, where its inputs lie, and how it is called."""

from typing import Self

from severe_bench.config.prepared import Prepared
from severe_bench.core.digest import short_id
from severe_bench.core.frozen import Frozen
from severe_bench.plan.job import Job


class Label(Frozen):
    """How an evaluated cell is called in tables; names never enter its id.

    Args:
        model: name of the model entry; `model_kind` is ssl, supervised, teacher-supervised or none.
        factor: standard, domain, samples, actions or task.
        headline: name of the metric that ranks.
    """

    model: str
    model_kind: str
    experiment: str
    factor: str
    dataset: str
    task: str
    budget: str
    protocol: str
    preset: str
    seed: int
    headline: str


class Places(Frozen):
    """Where the inputs lie on this machine; never part of the id.

    Args:
        dataset: its name in benchmarks.yaml.
        allow_missing: samples without a readable video are left out; which, is in the dataset's
            digest.
        sizes: number of samples of the dataset by split, as far as known, for estimates.
    """

    dataset: str = ""
    dataset_root: str | None = None
    annotations: str | None = None
    weights_file: str | None = None
    prepared: Prepared | None = None
    prepared_folder: str | None = None
    allow_missing: bool = False
    sizes: dict[str, int] = {}


class Cell(Frozen):
    """One unit of work.

    Args:
        id: 16 hex digits, the digest of `job`.
        needs: role -> id of the cell that must be done first.
        title: short human name, e.g. `tubelet_contrast / near-linear / seed 0`.
        label: for evaluated cells only.
        problem: why it cannot run (missing root, wrong modality), or empty.
    """

    id: str
    job: Job
    title: str
    needs: dict[str, str] = {}
    places: Places = Places()
    label: Label | None = None
    problem: str = ""

    @classmethod
    def of(cls, job: Job, title: str, **rest: object) -> Self:
        """A cell whose id is the digest of its job."""
        return cls.model_validate({"id": short_id(job), "job": job, "title": title, **rest})
