"""What stands under datasets, pretraining, models and experiments in benchmarks.yaml."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from severe_bench.config.network_input import Input
from severe_bench.config.prepared import Prepared
from severe_bench.core.budget import Budget
from severe_bench.core.frozen import Frozen

ModelKind = Literal["ssl", "supervised", "teacher-supervised", "none"]
Factor = Literal["standard", "domain", "samples", "actions", "task"]
Seed = Annotated[int, Field(ge=0, lt=2**31)]

PACKAGE_PREFIX = "package:"
DEFAULT_PRESET = "default"


class DatasetEntry(Frozen):
    """Where a dataset lies and which adapter reads it.

    Args:
        adapter: name of a dataset adapter.
        root: folder of the videos; relative to the yaml's folder. None for worlds that are made.
        annotations: folder of the official files; the root where left out.
        options: the adapter's own.
        allow_missing: samples whose video is missing or unreadable are left out of training and
            test, by name, after budgets were drawn from the official list; otherwise they stop a
            run. Which they are is part of the dataset's identity and stored beside each result.
        prepared: read the videos that `severe data prepare` made with these settings.
        prepared_folder: where these lie; by default beside the root.
    """

    adapter: str
    root: str | None = None
    annotations: str | None = None
    options: dict[str, Any] = {}
    allow_missing: bool = False
    prepared: Prepared | None = None
    prepared_folder: str | None = None

    @model_validator(mode="after")
    def _prepared_from_a_root(self) -> Self:
        if self.prepared is not None and self.root is None:
            raise ValueError("prepared videos need the root of the originals")
        return self


class PretrainingEntry(Frozen):
    """How a checkpoint is made inside the grid; the backbone comes from the model entry."""

    method: str
    dataset: str
    budget: Budget = Budget()
    options: dict[str, Any] = {}
    recipe: str
    seed: Seed = 0


class Provenance(Frozen):
    """Where a model's weights come from, for tables; never part of an id.

    Args:
        method: of pretraining, as in its paper.
        kind: what supervision it had.
        pretraining_set: e.g. `Kinetics-400`.
        modality: of the pretraining data.
        source: paper, URL or command that makes the checkpoint.
    """

    method: str = ""
    kind: ModelKind
    pretraining_set: str = ""
    modality: str = "rgb"
    source: str = ""


class ModelEntry(Frozen):
    """A backbone and where its weights come from: a checkpoint, a pretraining, or nowhere.

    Args:
        backbone: registry name.
        factory: instead of it, a function of an installed package, `mypackage.models:build`, which
            returns a network from clips (B, 3, T, H, W) to features (B, D).
        kwargs: of its constructor.
        checkpoint: a file, relative to the yaml's folder, or `package:NAME` for a shipped one; a
            folder or a glob makes an entry `NAME-STEM` of each file.
        layout: how the checkpoint's names map to the backbone's; where left out, `severe`, or
            `plain` (the names as they are) with a factory.
        pretrain: name of an entry under `pretraining`.
        input: how pixels become numbers; where left out, as the backbone or the checkpoint's layout
            says, else ImageNet's mean and deviation.
        provenance: required with `checkpoint`; otherwise filled in.
    """

    backbone: str | None = None
    factory: str | None = None
    kwargs: dict[str, Any] = {}
    checkpoint: str | None = None
    layout: str | None = None
    pretrain: str | None = None
    input: Input | None = None
    provenance: Provenance | None = None

    @property
    def architecture(self) -> str:
        """The backbone's name, or the factory."""
        return self.backbone or self.factory or ""

    @model_validator(mode="after")
    def _one_architecture(self) -> Self:
        if (self.backbone is None) == (self.factory is None):
            raise ValueError("give backbone or factory, one of them")
        return self

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.checkpoint is not None and self.pretrain is not None:
            raise ValueError("give checkpoint or pretrain, not both")
        if self.layout is not None and self.checkpoint is None:
            raise ValueError("layout describes a checkpoint, and there is none")
        self._check_provenance()
        return self

    def _check_provenance(self) -> None:
        if self.checkpoint is None and self.pretrain is None:
            if self.provenance is not None and self.provenance.kind != "none":
                raise ValueError(f"kind {self.provenance.kind} needs a checkpoint or pretrain")
        elif self.provenance is not None and self.provenance.kind == "none":
            raise ValueError("kind none is for models without weights")
        elif self.checkpoint is not None and self.provenance is None:
            raise ValueError("a checkpoint needs provenance (at least its kind)")


def _presets(given: object) -> object:
    return {DEFAULT_PRESET: given} if isinstance(given, str) else given


class ExperimentEntry(Frozen):
    """What is measured: dataset, task, budget, protocol and recipe; and the factor it varies.

    Args:
        recipe: name of a recipe, or preset name -> name of a recipe; a plain name is the preset
            `default`.
        set: dotted path -> value, as in a suite's overrides, for every preset; suites' own come
            after it.
        headline: the metric that ranks; the task's own where left out.
    """

    factor: Factor
    dataset: str
    task: str
    task_options: dict[str, Any] = {}
    protocol: str
    budget: Budget = Budget()
    recipe: Annotated[dict[str, str], BeforeValidator(_presets), Field(min_length=1)]
    set: dict[str, Any] = {}
    headline: str | None = None
