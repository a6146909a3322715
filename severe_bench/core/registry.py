"""Named things found from inside the package or through somebody else's entry points."""

import difflib
import importlib
from collections.abc import Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar, cast

from severe_bench.core.digest import ID_LENGTH
from severe_bench.core.errors import UserError
from severe_bench.core.source import Source, source_of

T = TypeVar("T")

STAMP = "@"
"""Between a name and the digest of the foreign source that it stands for."""


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
        of: type of an entry; those of other packages are held against it.
    """

    def __init__(
        self, kind: str, entries: Mapping[str, str], group: str, of: type = object
    ) -> None:
        self.kind, self.group, self.of = kind, group, of
        self._entries = dict(entries)
        self._sources: dict[str, Source] = {}

    @cached_property
    def foreign(self) -> Mapping[str, EntryPoint]:
        """What other packages add, by name.

        Raises:
            UserError: two of them, or one of them and this package, use one name.
        """
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
        return sorted({*self._entries, *self.foreign})

    def stamped(self, name: str) -> str:
        """What stands for a registered name in a cell's identity.

        Our own names are what they are; another package's is `name@digest`, of the source of the
        whole package, so that a change of it makes cells new.

        Raises:
            UserError: the package's source is not here.
        """
        source = self._source(name)
        return name if source is None else f"{name}{STAMP}{source.digest[:ID_LENGTH]}"

    def library(self, name: str) -> str | None:
        """Of a foreign name: what its stamp has of files other than its module, if not all of them.

        It is the `library` of a `core.source.Source`.

        Raises:
            UserError: the package's source is not here.
        """
        source = self._source(name)
        return None if source is None else source.library

    def _source(self, name: str) -> Source | None:
        """Of a foreign entry, looked up once."""
        point = None if name in self._entries else self.foreign.get(name)
        if point is None:
            return None
        if name not in self._sources:
            self._sources[name] = source_of(point.module)
        return self._sources[name]

    def get(self, name: str, where: str = "") -> T:
        """The entry called `name`, which may be stamped.

        Raises:
            UserError: unknown name (with the nearest valid ones), a source that has changed since
                the name was stamped, or a foreign entry that does not import (with its own error)
                or is none.
        """
        if name in self._entries:
            module, _, attribute = self._entries[name].partition(":")
            return cast(T, getattr(importlib.import_module(module), attribute))
        plain, _, stamp = name.partition(STAMP)
        if plain not in self.foreign:
            raise UserError(f"unknown {self.kind} {name!r}", where, nearest(name, self.names()))
        point = self.foreign[plain]
        if stamp and self.stamped(plain) != name:
            what = f"the source of the {self.kind} {plain!r} has changed since this was planned"
            raise UserError(what, point.value, "plan and run again")
        return self._checked(point, self._load(point))

    def _load(self, point: EntryPoint) -> object:
        try:
            return point.load()
        except Exception as error:
            raise UserError(
                f"the {self.kind} {point.name!r} of another package does not import: {error!r}",
                point.value,
                "mend or uninstall that package",
            ) from error

    def _checked(self, point: EntryPoint, entry: object) -> T:
        said = getattr(entry, "name", point.name)
        if isinstance(entry, self.of) and said == point.name:
            return cast(T, entry)
        wrong = f"is of type {type(entry).__name__}, not {self.of.__name__}"
        if isinstance(entry, self.of):
            wrong = f"calls itself {said!r}"
        what = f"the {self.kind} {point.name!r} of another package {wrong}"
        raise UserError(what, point.value, "mend its entry point")
