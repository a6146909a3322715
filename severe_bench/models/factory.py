"""A network from somebody else's package: `module:function`, looked at without running it.

Plan and status must not import foreign code (it may import torch, or do anything); they need to
know only that the module is there, and the digest of its source: of all Python files of the
package that it belongs to, since what a module imports from its own package changes numbers too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from severe_bench.core.digest import ID_LENGTH, digest_of, file_digest
from severe_bench.core.errors import UserError
from severe_bench.core.registry import nearest

if TYPE_CHECKING:
    from torch import nn

SEPARATOR = ":"
STAMP = "@"
FILES, BYTES = 500, 10_000_000
"""Packages up to this size are read whole for their digest."""


@dataclass(frozen=True)
class Factory:
    """A function that builds a network.

    Args:
        module: dotted name.
        function: attribute of the module: keyword arguments -> module mapping clips
            (B, 3, T, H, W), float and normalised, to features (B, D).
        digest: the first 16 hex digits of `source_digest`.
    """

    module: str
    function: str
    digest: str

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
        UserError: another form, no such module on this machine, or a source that has changed since
            the plan was made.
    """
    place, _, stamp = name.partition(STAMP)
    module, _, function = place.partition(SEPARATOR)
    if not (function.isidentifier() and all(part.isidentifier() for part in module.split("."))):
        raise UserError(f"{name!r} is no factory", mend="write mypackage.models:build")
    digest = source_digest(module)[:ID_LENGTH]
    if stamp not in {"", digest}:
        what = f"the source of {module.partition('.')[0]} has changed since this was planned"
        raise UserError(what, name, "plan and run again")
    return Factory(module, function, digest)


def source_digest(module: str) -> str:
    """SHA-256 of the Python files of a module's top-level package, by their names inside it.

    Of a package with more than 500 such files, or 10 MB of them, only the module's own file counts:
    that is a library, and its version is the user's to note.

    Raises:
        UserError: there is no such module.
    """
    source = _source(module)
    files = _package_files(module.partition(".")[0])
    sizes = [path.stat().st_size for _, path in files]
    if source not in [path for _, path in files] or len(files) > FILES or sum(sizes) > BYTES:
        return file_digest(source)
    return digest_of({name: file_digest(path) for name, path in files})


def _package_files(package: str) -> list[tuple[str, Path]]:
    """(name inside it, path) of each Python file of a top-level package, sorted."""
    spec = PathFinder.find_spec(package)
    folders = [Path(place) for place in (spec and spec.submodule_search_locations) or []]
    found: list[tuple[str, Path]] = []
    for folder in folders:
        for path in islice(folder.rglob("*.py"), FILES + 1):
            found.append((path.relative_to(folder).as_posix(), path))
    return sorted(found)


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
