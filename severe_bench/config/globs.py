"""Names and globs that select models, experiments, presets and seeds."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import BeforeValidator


def _as_tuple(given: object) -> tuple[str, ...]:
    if given == ():
        return ()  # the default of a selector's key that is not given
    items = given if isinstance(given, list | tuple) else [given]
    if not items or any(
        isinstance(item, bool) or not isinstance(item, str | int) for item in items
    ):
        raise ValueError("expected a name, a glob or a list of them")
    return tuple(str(item) for item in items)


Globs = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]
"""One name, one glob, or a list of them; integers (seeds) count as their digits."""


def matches(name: str, globs: Iterable[str]) -> bool:
    """Whether `name` matches any of the globs (`*`, `?`, `[abc]`), case-sensitively.

    Example:
        >>> matches("near-linear", ["far-*", "near-*"])
        True
    """
    return any(name == glob or fnmatchcase(name, glob) for glob in globs)


def matching(names: Iterable[str], globs: Iterable[str]) -> list[str]:
    """The names that match, in their own order."""
    wanted = tuple(globs)
    return [name for name in names if matches(name, wanted)]
