"""Options that temporal and tubelet contrast share; light to import."""

from typing import Annotated

from pydantic import Field

from severe_bench.core.frozen import Frozen


class ContrastOptions(Frozen):
    """Momentum contrast (He et al., CVPR 2020), symmetric as in MoCo v3 (Chen et al., ICCV 2021).

    The defaults are the thesis's (chapter 5 and appendix C; momentum from its released code), for
    long training on large sets. In a few hundred steps the key encoder hardly moves at 0.999 and
    the queue tells old keys from new ones; there `momentum: 0, queue: 0` (contrast within the
    batch) learns.

    Args:
        temperature: tau of eq. 5.1.
        momentum: of the key encoder's moving average; 0 copies the query encoder after each step.
        queue: number of keys kept as negatives, besides the other keys of the batch; 0 for none.
        projection: width of the vectors that are compared.
        hidden: width of the head's hidden layer.
    """

    temperature: Annotated[float, Field(gt=0)] = 0.2
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.999
    queue: Annotated[int, Field(ge=0)] = 16384
    projection: Annotated[int, Field(ge=2)] = 128
    hidden: Annotated[int, Field(ge=1)] = 512
