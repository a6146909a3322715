"""A network from somebody else's package: `module:function`, looked at without running it.

Plan and status must not import foreign code (it may import torch, or do anything); they need to
know only that the module is there, and the digest of its source: of all Python files of the
package that it belongs to, or that lie beside it, since what a module imports from there changes
numbers too. Of a library it is the version.
"""

import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import packages_distributions, version
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from severe_bench.core.digest import ID_LENGTH, digest_of, file_digest
from severe_bench.core.errors import UserError
from severe_bench.core.registry import nearest
from severe_bench.models.top_level import require_name

if TYPE_CHECKING:
    from torch import nn

SEPARATOR = ":"
STAMP = "@"
FILES, BYTES = 500, 10_000_000
"""Packages up to this size are read whole for their digest."""
INSTALLED = frozenset(Path(sysconfig.get_path(name)) for name in ("purelib", "platlib"))
"""Where what lies beside a module has nothing to do with it."""


@dataclass(frozen=True)
class Factory:
    """A function that builds a network.

    Args:
        module: dotted name.
        function: attribute of the module: keyword arguments -> module mapping clips
            (B, 3, T, H, W), float and normalised, to features (B, D).
        digest: the first 16 hex digits of the digest of its source.
        library: what its digest has of other files than the module's: name and version of what was
            installed; None where it has them all.
    """

    module: str
    function: str
    digest: str
    library: str | None = None

    @property
    def name(self) -> str:
        """What stands in a cell's identity: `module:function@digest`.

        Example:
            >>> Factory("mypackage.models", "build", "0123456789abcdef").name
            'mypackage.models:build@0123456789abcdef'
        """
        return f"{self.module}{SEPARATOR}{self.function}{STAMP}{self.digest}"

    def build(self, **kwargs: object) -> "nn.Module":
        """Import the module and call the function.

        Raises:
            UserError: the import fails, there is no such function, or it returns no module.
        """
        from torch import nn

        try:
            module = import_module(self.module)
        except Exception as error:
            what = f"cannot be imported: {type(error).__name__}: {error}"
            raise UserError(what, self.module, "mend that package") from error
        function = getattr(module, self.function, None)
        if not callable(function):
            mend = nearest(self.function, [name for name in dir(module) if name[0] != "_"])
            raise UserError(f"there is no function {self.function!r}", self.module, mend)
        network = function(**kwargs)
        if not isinstance(network, nn.Module):
            what = f"{self.function} returns {type(network).__name__}, not a torch.nn.Module"
            raise UserError(what, self.module, "return the network without its classifier")
        return network


@lru_cache(maxsize=256)
def find_factory(name: str) -> Factory:
    """Look up `module:function`, or the same with `@digest` as a plan has stamped it.

    Looked up once in a process: later changes of the source are not seen, as Python itself would
    not import them again.

    Raises:
        UserError: another form, no such module on this machine, a function that its source does not
            have, or a source that has changed since the plan was made.
    """
    place, _, stamp = name.partition(STAMP)
    module, _, function = place.partition(SEPARATOR)
    if not (function.isidentifier() and all(part.isidentifier() for part in module.split("."))):
        raise UserError(f"{name!r} is no factory", mend="write mypackage.models:build")
    source = source_of(module)
    require_name(_source(module), module, function)
    digest = source.digest[:ID_LENGTH]
    if stamp not in {"", digest}:
        what = f"the source of {module.partition('.')[0]} has changed since this was planned"
        raise UserError(what, name, "plan and run again")
    return Factory(module, function, digest, source.library)


@dataclass(frozen=True)
class Source:
    """What a module's source is identified by.

    Args:
        digest: SHA-256.
        library: as of `Factory`.
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
    source, package = _source(module), module.partition(".")[0]
    files = _package_files(package) or _files_beside(source)
    sizes = [path.stat().st_size for _, path in files]
    if source not in [path for _, path in files] or len(files) > FILES or sum(sizes) > BYTES:
        library = _installed(package)
        return Source(digest_of({"file": file_digest(source), "library": library}), library)
    return Source(digest_of({name: file_digest(path) for name, path in files}))


def _package_files(package: str) -> list[tuple[str, Path]]:
    """(name inside it, path) of each Python file of a top-level package, sorted."""
    spec = PathFinder.find_spec(package)
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


def _source(module: str) -> Path:
    """The file of a module, found without importing any package on the way."""
    spec: ModuleSpec | None = None
    search: Sequence[str] | None = None
    dotted = ""
    for part in module.split("."):
        dotted = f"{dotted}.{part}".removeprefix(".")
        spec = PathFinder.find_spec(dotted, search)
        if spec is None:
            mend = "install its package, or put its folder on PYTHONPATH"
            raise UserError(f"there is no module {dotted} here", mend=mend)
        search = spec.submodule_search_locations or []
    if spec is None or spec.origin is None or not spec.has_location:
        raise UserError(
            f"{module} has no source file", mend="name the module that has the function"
        )
    return Path(spec.origin)
