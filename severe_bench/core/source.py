"""What code of another package is identified by, found without running it.

Plan and status must not import foreign code (it may import torch, or do anything); they need to
know only that a module is there, and the digest of its source: of all Python files of the package
that it belongs to, or that lie beside it, since what a module imports from there changes numbers
too. Of a library it is the version.
"""

import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import packages_distributions, version
from itertools import islice
from pathlib import Path

from severe_bench.core.digest import digest_of, file_digest
from severe_bench.core.errors import UserError

FILES, BYTES = 500, 10_000_000
"""Packages up to this size are read whole for their digest."""
INSTALLED = frozenset(Path(sysconfig.get_path(name)) for name in ("purelib", "platlib"))
"""Where what lies beside a module has nothing to do with it."""


@dataclass(frozen=True)
class Source:
    """What a module's source is identified by.

    Args:
        digest: SHA-256.
        library: what the digest has of other files than the module's: name and version of what was
            installed; None where it has them all.
    """

    digest: str
    library: str | None = None


def source_of(module: str) -> Source:
    """By the Python files of a module's top-level package, with their names inside it.

    Of a module that is in no package, those beside it count. A package with more than 500 files, or
    10 MB of them, is a library: the module's own file counts, and the version of what is installed.

    Raises:
        UserError: there is no such module.
    """
    source, package = source_file(module), module.partition(".")[0]
    files = _package_files(package) or _files_beside(source)
    sizes = [path.stat().st_size for _, path in files]
    if source not in [path for _, path in files] or len(files) > FILES or sum(sizes) > BYTES:
        library = _installed(package)
        return Source(digest_of({"file": file_digest(source), "library": library}), library)
    return Source(digest_of({name: file_digest(path) for name, path in files}))


def source_file(module: str) -> Path:
    """The file of a module, found without importing any package on the way.

    Raises:
        UserError: there is none.
    """
    spec: ModuleSpec | None = None
    search: Sequence[str] | None = None
    dotted = ""
    for part in module.split("."):
        dotted = f"{dotted}.{part}".removeprefix(".")
        spec = _top_level(part) if search is None else PathFinder.find_spec(dotted, search)
        if spec is None:
            mend = "install its package, or put its folder on PYTHONPATH"
            raise UserError(f"there is no module {dotted} here", mend=mend)
        search = spec.submodule_search_locations or []
    if spec is None or spec.origin is None or not spec.has_location:
        raise UserError(
            f"{module} has no source file", mend="name the module that has the function"
        )
    return Path(spec.origin)


def _top_level(name: str) -> ModuleSpec | None:
    """By all of Python's finders: an editable installation brings one of its own."""
    found = (finder.find_spec(name, None) for finder in sys.meta_path)
    return next((spec for spec in found if spec is not None), None)


def _package_files(package: str) -> list[tuple[str, Path]]:
    """(name inside it, path) of each Python file of a top-level package, sorted."""
    spec = _top_level(package)
    folders = [Path(place) for place in (spec and spec.submodule_search_locations) or []]
    found: list[tuple[str, Path]] = []
    for folder in folders:
        for path in islice(folder.rglob("*.py"), FILES + 1):
            found.append((path.relative_to(folder).as_posix(), path))
    return sorted(found)


def _files_beside(source: Path) -> list[tuple[str, Path]]:
    if source.parent in INSTALLED:
        return []
    return sorted((path.name, path) for path in islice(source.parent.glob("*.py"), FILES + 1))


def _installed(package: str) -> str:
    """Names and versions of the distributions that a top-level package comes from."""
    names = sorted(set(packages_distributions().get(package, [])))
    return ", ".join(f"{name} {version(name)}" for name in names) or f"{package}, of no version"
