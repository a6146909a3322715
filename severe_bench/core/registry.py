"""Named things found from inside the package or through somebody else's entry points."""

import difflib
import importlib
from collections.abc import Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar, cast

from severe_bench.core.errors import UserError

T = TypeVar("T")


def nearest(name: str, valid: list[str]) -> str:
    """The way out after an unknown name: the closest valid ones, else all of them.

    Example:
        >>> nearest("liner", ["finetune", "linear"])
        'did you mean linear?'
    """
    close = difflib.get_close_matches(name, valid, n=3, cutoff=0.6)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"valid names: {', '.join(sorted(valid)) or '(none)'}"


class Registry(Generic[T]):
    """Lazily imported entries by name: one line `name: "module:ATTRIBUTE"` each.

    The module of an entry must be light (no torch, pandas or matplotlib at import), because plan
    and status look names up; heavy imports belong inside the entry's functions.

    Args:
        kind: what an entry is, for messages, e.g. `task`.
        entries: name -> "module:ATTRIBUTE".
        group: entry-point group in which other packages add theirs.
    """

    def __init__(self, kind: str, entries: Mapping[str, str], group: str) -> None:
        self.kind, self.group = kind, group
        self._entries = dict(entries)

    @cached_property
    def _foreign(self) -> dict[str, EntryPoint]:
        found: dict[str, EntryPoint] = {}
        for point in entry_points(group=self.group):
            if point.name in self._entries or point.name in found:
                raise UserError(
                    f"two packages register the {self.kind} {point.name!r}",
                    point.value,
                    "rename or uninstall one of them",
                )
            found[point.name] = point
        return found

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted({*self._entries, *self._foreign})

    def get(self, name: str, where: str = "") -> T:
        """The entry called `name`.

        Raises:
            UserError: unknown name (with the nearest valid ones), or a foreign entry that does
                not import (with its own error).
        """
        if name in self._entries:
            module, _, attribute = self._entries[name].partition(":")
            return cast(T, getattr(importlib.import_module(module), attribute))
        if name in self._foreign:
            return self._load(self._foreign[name])
        raise UserError(f"unknown {self.kind} {name!r}", where, nearest(name, self.names()))

    def _load(self, point: EntryPoint) -> T:
        try:
            return cast(T, point.load())
        except Exception as error:
            raise UserError(
                f"the {self.kind} {point.name!r} of another package does not import: {error!r}",
                point.value,
                "mend or uninstall that package",
            ) from error
