"""A model's own input statement."""

from typing import Literal

from severe_bench.core.frozen import Frozen


class Input(Frozen):
    """A model's own input statement: how pixels become numbers.

    Args:
        mean, std: per channel, of pixels in [0, 1], in the order R, G, B.
        channels: order in which the network reads them.
    """

    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    channels: Literal["RGB", "BGR"] = "RGB"
