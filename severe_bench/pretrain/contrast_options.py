"""Options that temporal and tubelet contrast share; light to import."""

from typing import Annotated

from pydantic import Field

from severe_bench.core.frozen import Frozen


class ContrastOptions(Frozen):
    """Momentum contrast (MoCo), He et al. 2020; Chen et al. 2020 for the head.

    Args:
        temperature: tau of eq. 5.1.
        momentum: of the key encoder's moving average; 0 copies the query encoder at each step.
        queue: number of keys kept as negatives, besides the other keys of the batch; 0 for none.
        projection: width of the vectors that are compared.
        hidden: width of the head's hidden layer.
    """

    temperature: Annotated[float, Field(gt=0)] = 0.2
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.999
    queue: Annotated[int, Field(ge=0)] = 16384
    projection: Annotated[int, Field(ge=2)] = 128
    hidden: Annotated[int, Field(ge=1)] = 512
