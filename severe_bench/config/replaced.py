"""`replaces:`: entries that stand in for those of the same name in an included file."""

from collections.abc import Iterator, Mapping
from typing import Any

from severe_bench.config.errors import UserErrors
from severe_bench.config.yaml_tree import Tree
from severe_bench.core.errors import UserError
from severe_bench.core.registry import nearest

REPLACES = "replaces"
Name = tuple[str, str]
ENTRIES = ("datasets", "recipes", "pretraining", "models", "experiments", "suites")


def names(tree: Tree) -> Iterator[Name]:
    """Section and name of every entry of a file, those that it includes with it."""
    for section in ENTRIES:
        entries = tree.data.get(section)
        for name in entries if isinstance(entries, dict) else ():
            yield section, name


def refuse_unsaid(tree: Tree, included: list[Tree]) -> None:
    """Refuse entries that hide an included one without a word, and words that fit no entry.

    A base recipe that changes under the recipes that extend it changes what a preset is.

    Args:
        tree: the including file, before it is joined with them.
        included: what it includes.

    Raises:
        UserErrors: one line for each.
    """
    hidden = dict(_hidden(tree, included))
    said = _said(tree)
    errors = [
        UserError(
            f"{'.'.join(loc)}: stands in {inner.where(loc)} too",
            tree.where(loc),
            f"rename it, or say `{REPLACES}: [{'.'.join(loc)}]` at the top of the file",
        )
        for loc, inner in hidden.items()
        if loc not in said
    ]
    errors += [
        UserError(
            f"{REPLACES}: no entry {'.'.join(loc)!r} stands both here and in an included file",
            tree.where((REPLACES, number)),
            nearest(".".join(loc), [".".join(known) for known in hidden]),
        )
        for number, loc in enumerate(said)
        if loc not in hidden
    ]
    if errors:
        raise UserErrors(errors)


def replaced_entries(tree: Tree) -> tuple[str, ...]:
    """One line for each included entry that another one stands in for, in files below it too."""
    lines = [line for inner in tree.included for line in replaced_entries(inner)]
    for section, name in _said(tree):
        loc: Name = (section, name)
        old = next((t.where(loc) for t in tree.included if t.owns(loc)), "an included file")
        line = f"{tree.where(loc)}: {section}.{name} replaces that of {old}"
        lines.append(line + _extending(section, name, tree.data))
    return tuple(lines)


def _extending(section: str, name: str, data: Mapping[str, Any]) -> str:
    if section != "recipes":
        return ""
    recipes = data.get(section) or {}
    count = sum(name in _bases(other, recipes) for other in recipes)
    return f"; {count} recipe{'' if count == 1 else 's'} extend{'s' if count == 1 else ''} it"


def _bases(name: str, recipes: Mapping[str, Any]) -> list[str]:
    """The recipes that one extends, one after another; a circle is reported elsewhere."""
    found: list[str] = []
    entry = recipes.get(name)
    while isinstance(entry, dict) and isinstance(entry.get("extends"), str):
        base = entry["extends"]
        if base in found:
            break
        found.append(base)
        entry = recipes.get(base)
    return found


def _hidden(tree: Tree, included: list[Tree]) -> Iterator[tuple[Name, Tree]]:
    for loc in names(tree):
        inner = next((other for other in included if loc in set(names(other))), None)
        if inner is not None:
            yield loc, inner


def _said(tree: Tree) -> list[Name]:
    """Section and name of what the file says that it replaces; ill-typed parts are left out."""
    given = tree.data.get(REPLACES)
    words = given if isinstance(given, list) else []
    parts = [word.partition(".") for word in words if isinstance(word, str)]
    return [(section, name) for section, _, name in parts]
