"""How a dataset's videos are re-encoded before they are read."""

from typing import Annotated

from pydantic import Field

from severe_bench.core.frozen import Frozen


class Prepared(Frozen):
    """Videos made by `severe data prepare`: read instead of the originals, whose pixels differ.

    Args:
        short_side: pixels at most; 128 serves crops of 112, 256 those of 224.
        crf: x264's constant rate factor; less is better and larger.
    """

    short_side: Annotated[int, Field(ge=32, le=2160, multiple_of=2)] = 128
    crf: Annotated[int, Field(ge=0, le=40)] = 20
