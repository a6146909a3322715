"""A network from somebody else's package: `module:function`, looked at without running it."""

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

from severe_bench.core.digest import ID_LENGTH
from severe_bench.core.errors import UserError
from severe_bench.core.registry import STAMP, nearest
from severe_bench.core.source import source_file, source_of
from severe_bench.models.top_level import require_name

if TYPE_CHECKING:
    from torch import nn

SEPARATOR = ":"


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
    require_name(source_file(module), module, function)
    digest = source.digest[:ID_LENGTH]
    if stamp not in {"", digest}:
        what = f"the source of {module.partition('.')[0]} has changed since this was planned"
        raise UserError(what, name, "plan and run again")
    return Factory(module, function, digest, source.library)
