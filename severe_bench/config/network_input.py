"""A model's own input statement."""

from typing import Literal

from pydantic import field_validator

from severe_bench.core.frozen import Frozen

Channels = tuple[float, float, float]


class Input(Frozen):
    """A model's own input statement: how pixels become numbers.

    Args:
        mean, std: per channel, of pixels in [0, 1], in the order R, G, B; means lie in [0, 1],
            standard deviations in (0, 1].
        channels: order in which the network reads them.
    """

    mean: Channels = (0.485, 0.456, 0.406)
    std: Channels = (0.229, 0.224, 0.225)
    channels: Literal["RGB", "BGR"] = "RGB"

    @field_validator("mean")
    @classmethod
    def _mean_of_pixels(cls, mean: Channels) -> Channels:
        if not all(0 <= value <= 1 for value in mean):
            raise ValueError("means of pixels lie in [0, 1]; divide those of 0 to 255 by 255")
        return mean

    @field_validator("std")
    @classmethod
    def _std_of_pixels(cls, std: Channels) -> Channels:
        if not all(0 < value <= 1 for value in std):
            raise ValueError(
                "standard deviations of pixels lie in (0, 1]; divide those of 0 to 255 by 255"
            )
        return std
