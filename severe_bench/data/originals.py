"""Originals beside what is prepared from them: never overwritten, mixed up or changed unnoticed."""

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from severe_bench.core.errors import UserError

if TYPE_CHECKING:
    from severe_bench.data.made import Made

AT_ONCE = 16
"""Questions to the disk at once: one on a network answers many as soon as one."""

CHUNK = 256
"""Videos per question."""


def require_apart(root: Path, paths: Iterable[str], folder: Path) -> None:
    """Refuse a folder for prepared videos that is, holds or lies in one of the originals.

    Args:
        root: of the originals.
        paths: of these, relative to it; folders among them may be links to other places.
        folder: of the prepared videos.

    Raises:
        UserError: it would overwrite originals, or be searched for videos like them.
    """
    target = folder.resolve()
    inner = dict.fromkeys(path.rpartition("/")[0] for path in paths)
    for place in dict.fromkeys([root.resolve(), *((root / name).resolve() for name in inner)]):
        if target == place or target in place.parents or place in target.parents:
            what = f"prepared videos cannot lie in, around or at the originals' folder {place}"
            raise UserError(what, str(folder), "choose a folder beside it")


def require_free(folder: Path, names: Mapping[str, str], listed: Mapping[str, str]) -> None:
    """Refuse to overwrite a file that no `prepare` of these originals made.

    Args:
        folder: of the prepared videos.
        names: of the files to be written, relative to it, by the original's path.
        listed: which original each prepared file there was made from.

    Raises:
        UserError: such files exist; the first is named.
    """
    taken = [
        name
        for path, name in names.items()
        if listed.get(name) != path and os.path.lexists(folder / name)
    ]
    if taken:
        what = f"{len(taken)} files that prepare did not make are in the way, first {taken[0]}"
        raise UserError(what, str(folder), "choose an empty folder, or move them away")


def changed(made: "Iterable[Made]", root: Path, *, there: bool) -> list[str]:
    """Paths of originals that are not those which were prepared, by size and time of change.

    Args:
        made: what was prepared.
        root: of the originals as they are now.
        there: whether an original must be there; else one that is gone counts as unchanged.
    """
    left = iter(made)
    chunks = list(iter(lambda: list(islice(left, CHUNK)), []))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda chunk: [m.path for m in chunk if _differs(m, root, there)], chunks)
        return list(chain.from_iterable(found))


def _differs(made: "Made", root: Path, there: bool) -> bool:
    try:
        state = os.stat(root / made.path)  # noqa: PTH116 - faster
    except OSError:
        return there
    return (state.st_size, state.st_mtime_ns) != (made.size, made.mtime_ns)
