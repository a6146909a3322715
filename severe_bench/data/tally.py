"""Which decoder read how many clips: counted in the process that reads, told to the one that uses.

A process has one tally, as it has one cell at a time. Loader processes hand theirs over with every
item, see `loading`.
"""

from collections import Counter
from collections.abc import Mapping

_read: Counter[str] = Counter()


def count(decoders: Mapping[str, int]) -> None:
    """Add clips by decoder."""
    _read.update(decoders)


def taken() -> dict[str, int]:
    """What was counted since the last call, most read first."""
    found = dict(_read.most_common())
    _read.clear()
    return found
