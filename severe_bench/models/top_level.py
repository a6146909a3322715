"""Names that a Python module defines, read from its source without running it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from severe_bench.core.errors import UserError
from severe_bench.core.registry import nearest

EVERYTHING = "*"
HOOK = "__getattr__"
"""A module with this function may give any name (PEP 562)."""
SUFFIX = ".py"
DYNAMIC = frozenset({"exec", "globals", "setattr", "vars"})


def require_name(source: Path, module: str, name: str) -> None:
    """Refuse a name that a module cannot have; what the source does not settle is believed.

    Raises:
        UserError: its source is no Python, or neither defines nor imports the name.
    """
    if source.suffix != SUFFIX:
        return
    try:
        tree = ast.parse(source.read_bytes())
    except (SyntaxError, ValueError) as error:
        what = f"is no Python: {error}"
        raise UserError(what, str(source), "mend that file") from error
    found = set(_names(tree))
    if found.isdisjoint({name, EVERYTHING, HOOK}) and not _is_dynamic(tree):
        mend = nearest(name, sorted(one for one in found if not one.startswith("_")))
        raise UserError(f"there is no function {name!r}", module, mend)


def _is_dynamic(tree: ast.AST) -> bool:
    """Whether running the module may give it further names."""
    return any(
        isinstance(node, ast.Global) or (isinstance(node, ast.Name) and node.id in DYNAMIC)
        for node in ast.walk(tree)
    )


def _names(node: ast.AST) -> Iterator[str]:
    """Of a module or a block in it; `if`, `try`, `with` and loops are looked into."""
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield inner.name
        elif isinstance(inner, ast.Import | ast.ImportFrom):
            yield from (one.asname or one.name.partition(".")[0] for one in inner.names)
        elif isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            yield inner.id
        elif not isinstance(inner, ast.Lambda):
            yield from _names(inner)
