"""An adaptation protocol: which parameters train, from what input."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from severe_bench.core.registry import Registry

if TYPE_CHECKING:
    from severe_bench.adapt.evaluate import Inputs, Outcome


@dataclass(frozen=True)
class Protocol:
    """How a model meets a dataset; light to import, torch only inside `run`.

    Args:
        name: registry name.
        reads: `clips`: the backbone runs in every step; `features`: from `features` cells, which
            the plan then adds (roles `train_features` and `test_features`).
        run: adapts and tests, for any task: scores of the test set in official list order, and
            what that cost. Metrics are not its business.
    """

    name: str
    reads: Literal["clips", "features"]
    run: "Callable[[Inputs], Outcome]"


PROTOCOLS: Registry[Protocol] = Registry(
    "protocol",
    {
        "finetune": "severe_bench.adapt.finetune:FINETUNE",
        "linear": "severe_bench.adapt.linear:LINEAR",
        "linear_selected": "severe_bench.adapt.linear_selected:LINEAR_SELECTED",
        "knn": "severe_bench.adapt.knn:KNN",
    },
    group="severe_bench.protocols",
)
