"""A row for every video: the tokens of each of its clips, what a network knows before it pools."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from severe_bench.adapt.unit import Extraction, Unit

if TYPE_CHECKING:
    from severe_bench.adapt.parts import Rows


def _blocks(extraction: Extraction, first: int) -> "Iterator[Rows]":
    from severe_bench.adapt.token_features import token_blocks

    return token_blocks(extraction, first)


TOKENS = Unit("tokens", _blocks)
