"""An adaptation protocol: which parameters train, from what input."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from severe_bench.adapt.procedure import PROCEDURES
from severe_bench.core.registry import Registry
from severe_bench.tasks.task import Task

if TYPE_CHECKING:
    from severe_bench.adapt.inputs import Inputs, Outcome

Refusal = Callable[[Task[Any]], str]


@dataclass(frozen=True)
class Protocol:
    """How a model meets a dataset; light to import, torch only inside `run`.

    Args:
        name: registry name.
        reads: `clips`: the backbone runs in every step; `features`: from `features` cells of the
            task's unit, which the plan then adds (roles `train_features` and `test_features`).
        run: adapts and tests: scores of the test set in official list order, and what that cost.
            Metrics are not its business.
        refuses: why it does not work with a task, in words; empty where it does.
        unit: of the features that it reads, where that is not the task's own.
        train_views: how cached features see a training video: in the recipe's augmented clips, or,
            where nothing trains, in the clips of a test video.
        ignores: parts of a recipe that it never reads, so that `plan` can say that an override of
            theirs changes nothing.
    """

    name: str
    reads: Literal["clips", "features"]
    run: "Callable[[Inputs], Outcome]"
    refuses: Refusal
    unit: str | None = None
    train_views: Literal["train", "test"] = "train"
    ignores: tuple[str, ...] = ()


OF_TRAINING = ("optimiser", "schedule", "head", "batch_size", "drop_last")
"""What protocols that train nothing do not read of a recipe."""

LACKS = {
    "finetune": "has nothing to finetune",
    "probe": "has no head to train",
    "frozen": "needs training",
}


def needs_way(way: Literal["finetune", "probe", "frozen"]) -> Refusal:
    """Refuses tasks whose procedure does not offer `way`."""

    def refusal(task: Task[Any]) -> str:
        offered = getattr(PROCEDURES.get(task.procedure), way)
        return "" if offered else f"task {task.name} {LACKS[way]}"

    return refusal


def needs_vectors(task: Task[Any]) -> str:
    """Refuses tasks whose samples are not one vector per view."""
    if task.procedure == "clips":
        return ""
    return f"it reads one vector of each sample, and task {task.name} has other features"


def needs_ballots(task: Task[Any]) -> str:
    """Refuses tasks whose nearest training samples have nothing to vote for."""
    why = "" if task.ballots else f"neighbours cannot vote, since task {task.name} has no `ballots`"
    return needs_vectors(task) or why


PROTOCOLS: Registry[Protocol] = Registry(
    "protocol",
    {
        "finetune": "severe_bench.adapt.finetune:FINETUNE",
        "linear": "severe_bench.adapt.linear:LINEAR",
        "linear_selected": "severe_bench.adapt.linear_selected:LINEAR_SELECTED",
        "attentive": "severe_bench.adapt.attentive:ATTENTIVE",
        "knn": "severe_bench.adapt.knn:KNN",
        "frozen": "severe_bench.adapt.frozen:FROZEN",
    },
    group="severe_bench.protocols",
    of=Protocol,
)
