"""A task: a head, a loss, how views become one prediction, and metrics. Nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from severe_bench.core.extras import LABEL
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import Dataset, Record
from severe_bench.core.registry import Registry

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import nn

Options = TypeVar("Options", bound=Frozen)
Placement = Callable[["NDArray[np.float32]", "NDArray[np.float64]", Record], "NDArray[np.float32]"]
Ballots = Callable[["torch.Tensor"], "torch.Tensor"]
"""Targets (N, ...) -> what each training sample votes for as a neighbour: float (N, C), or (N, ...)
as scores are."""


class NoOptions(Frozen):
    """Of a task that has none."""


@dataclass(frozen=True)
class Assignment:
    """A task as one dataset sets it: its options and classes are settled.

    Args:
        head: feature width -> module from features (B, D) to outputs (B, ...).
        targets: records -> target tensor (N, ...), checked for range.
        loss: (outputs, targets) -> scalar mean over the batch.
        merge: outputs of all views of one sample (V, ...) and weights (V,) summing to 1 -> the
            scores (...) that metrics see.
        clip_targets: targets of training clips, where these differ from those of their videos:
            records (B) and when the earliest and the latest frame of a clip of each are shown,
            (B, 2) seconds of the whole video -> (B, ...). Of timelines, of the snippets of windows:
            the stretches that they stand for, (B, S, 2), NaN where there is none -> (B, S, ...).
        placed: of timelines: what was merged of a video's snippets (V, ...), the stretches that
            they stand for (V, 2), and its record -> the video's scores (K, ...).
    """

    head: "Callable[[int], nn.Module]"
    targets: "Callable[[Sequence[Record]], torch.Tensor]"
    loss: "Callable[[torch.Tensor, torch.Tensor], torch.Tensor]"
    merge: "Callable[[torch.Tensor, torch.Tensor], torch.Tensor]"
    clip_targets: "Callable[[Sequence[Record], NDArray[np.float64]], torch.Tensor] | None" = None
    placed: "Placement | None" = None


def class_names(dataset: Dataset) -> tuple[tuple[str, ...], ...]:
    """The dataset's classes as the one list of names."""
    return (dataset.classes,)


def _no_unit_options(_: object) -> dict[str, Any]:
    return {}


def _nothing(_: object) -> tuple[str, ...]:
    return ()


def labelled(_: object) -> tuple[str, ...]:
    """`Task.needs` of a task that asks for the one class of each sample, whatever its options."""
    return (LABEL,)


def one_each(classes: int) -> int:
    """`Task.outputs` of a head with one output for each of the dataset's classes."""
    return classes


@dataclass(frozen=True)
class Task(Generic[Options]):
    """What is predicted; light to import, torch only inside the functions.

    Args:
        name: registry name.
        options: schema of `task_options` in the yaml.
        bind: (options, dataset) -> the task as this dataset sets it.
        metrics: names in `severe_bench.metrics.METRICS`, in table order.
        headline: the one that ranks.
        procedure: how its samples meet a network, a name in `severe_bench.adapt.PROCEDURES`.
        unit: what one row of its cached features is, a name in `severe_bench.adapt.UNITS`; None
            where frozen features cannot be cached, and a probe runs the frozen backbone.
        unit_options: options -> those that change what the rows are.
        needs: options -> the targets that records must have, by name (`core.extras`, `LABEL`), so
            that `plan` can tell that a dataset has none.
        outputs: number of the dataset's classes -> outputs of its head, where that is one linear
            layer to which a recipe's `head.outputs` may add more; its loss then takes them too.
        train_features: when a protocol that trains nothing reads the features of training samples:
            `always`, or only for the statistics of the recipe's `standardise`.
        clips: options -> about how many clips of each sample an epoch and the test take, for
            estimates; None: one for each of `schedule.clips_per_video`, and the recipe's views.
        names: dataset -> what the class ids of its targets and scores are called: one list, or
            several where they have several; None where ids are no classes of a list.
        ballots: (options, dataset) -> what the nearest training samples vote for; None where they
            cannot vote, and protocols that need it are refused.
    """

    name: str
    options: type[Options]
    bind: Callable[[Options, Dataset], Assignment]
    metrics: tuple[str, ...]
    headline: str
    procedure: str = "clips"
    unit: str | None = "clip"
    unit_options: Callable[[Options], dict[str, Any]] = _no_unit_options
    needs: Callable[[Options], tuple[str, ...]] = _nothing
    outputs: Callable[[int], int] | None = None
    train_features: Literal["always", "standardise"] = "always"
    clips: Callable[[Options], tuple[int, int]] | None = None
    names: Callable[[Dataset], tuple[tuple[str, ...], ...]] | None = None
    ballots: Callable[[Options, Dataset], Ballots] | None = None

    @property
    def spare_outputs(self) -> bool:
        """Whether a recipe's `head.outputs` may add outputs to its head."""
        return self.outputs is not None


TASKS: Registry[Task[Any]] = Registry(
    "task",
    {
        "recognition": "severe_bench.tasks.recognition:RECOGNITION",
        "ava_detection": "severe_bench.tasks.ava_detection:AVA_DETECTION",
        "tube_detection": "severe_bench.tasks.tube_detection:TUBE_DETECTION",
        "counting": "severe_bench.tasks.counting:COUNTING",
        "multi_label": "severe_bench.tasks.multi_label:MULTI_LABEL",
        "arrow_of_time": "severe_bench.tasks.arrow_of_time:ARROW_OF_TIME",
        "verb_noun": "severe_bench.tasks.verb_noun:VERB_NOUN",
        "retrieval": "severe_bench.tasks.retrieval:RETRIEVAL",
        "clustering": "severe_bench.tasks.clustering:CLUSTERING",
        "segmentation": "severe_bench.tasks.segmentation:SEGMENTATION",
        "localisation": "severe_bench.tasks.localisation:LOCALISATION",
    },
    group="severe_bench.tasks",
    of=Task,
)
