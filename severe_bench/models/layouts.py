"""How the names in released checkpoint files map to a backbone's: tables, light to import."""

from dataclasses import dataclass

from severe_bench.core.registry import Registry


@dataclass(frozen=True)
class Layout:
    """From a file's names to the backbone's.

    A file is unwrapped as long as it has one of `wrappers` as a key; each name then loses every
    prefix of `prefixes`, is dropped if it matches `leftovers`, and is rewritten by `renames`.

    Args:
        name: registry name.
        wrappers: keys under which the tensors may lie.
        prefixes: taken off the front of every name that has them, in this order.
        leftovers: regular expressions of whole names that the backbone does not need, such as
            heads; nothing else may be left over.
        renames: (regular expression, replacement) pairs, applied in order by `re.sub`.
    """

    name: str
    wrappers: tuple[str, ...] = ("state_dict", "model")
    prefixes: tuple[str, ...] = ("module.",)
    leftovers: tuple[str, ...] = ()
    renames: tuple[tuple[str, str], ...] = ()


SEVERE = Layout("severe", wrappers=("state_dict",), prefixes=())
"""This package's own files: the backbone's names."""

TORCHVISION = Layout("torchvision", leftovers=(r"fc\.(weight|bias)",))
"""torchvision's video ResNets, with or without their classifier."""

LAYOUTS: Registry[Layout] = Registry(
    "checkpoint layout",
    {
        "severe": "severe_bench.models.layouts:SEVERE",
        "torchvision": "severe_bench.models.layouts:TORCHVISION",
    },
    group="severe_bench.layouts",
)
