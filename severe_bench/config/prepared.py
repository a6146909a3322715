"""How a dataset's videos are re-encoded before they are read."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from severe_bench.core.frozen import Frozen

CRF = 20


class Prepared(Frozen):
    """Videos made by `severe data prepare`: read instead of the originals, whose pixels differ.

    Args:
        short_side: pixels at most; 128 serves crops of 112, 256 those of 224.
        crf: x264's constant rate factor; less is better and larger.
        raw: keep the decoded and resized frames themselves instead of encoding them: for small
            sets, large on disk (about 16 MB for 10 s at 128 pixels), quickest to read.
    """

    short_side: Annotated[int, Field(ge=32, le=2160, multiple_of=2)] = 128
    crf: Annotated[int, Field(ge=0, le=40)] = CRF
    raw: bool = False

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.raw and self.crf != CRF:
            raise ValueError("raw frames are not encoded and have no crf")
        return self

    def settings(self) -> dict[str, object]:
        """What decides the pixels."""
        kind: dict[str, object] = {"raw": True} if self.raw else {"crf": self.crf}
        return {"short_side": self.short_side, **kind}
