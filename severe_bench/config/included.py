"""`include:` of other files: their entries beside, or below, those of the file that names them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from severe_bench.config.errors import UserErrors
from severe_bench.config.find import PACKAGED
from severe_bench.config.problems import parse
from severe_bench.config.replaced import ENTRIES, names, refuse_unsaid
from severe_bench.config.schema import Part
from severe_bench.config.yaml_tree import Tree, read_tree
from severe_bench.core.errors import UserError

INCLUDE = "include"
PACKAGE = "package:"
LISTS = ("overrides",)
"""Sections whose parts add up: the included file's first, so that the including file's hold."""


def read_with_included(path: Path, environ: Mapping[str, str]) -> Tree:
    """A file with everything that it includes, as one tree.

    `include: [more.yaml, package:benchmarks.yaml]` names files relative to the including file, or
    in this package. An entry of a name that an included file has takes that one's place where the
    file says `replaces: [recipes.NAME]`, else it is refused; two included files may not both have
    it. Only the outermost file needs suites.

    Raises:
        UserError, UserErrors: as `read_tree`; a file that includes itself, an entry in two files,
            what no included file may have at its top level.
    """
    return _read(path, environ, ())


def _read(path: Path, environ: Mapping[str, str], trail: tuple[Path, ...]) -> Tree:
    tree = read_tree(path, environ)
    if trail:
        _refuse_unknown(tree)
    named = tree.data.get(INCLUDE)
    if named is None:
        refuse_unsaid(tree, [])
        return tree
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise UserError("include: expected a list of files", tree.where((INCLUDE,)))
    here = (*trail, path.resolve())
    trees = []
    for number, name in enumerate(named):
        where = tree.where((INCLUDE, number))
        inner = _found(path, name, where)
        if inner.resolve() in here:
            raise UserError(f"include: {name} includes itself", where, "remove it")
        trees.append(_read(inner, environ, here))
    _refuse_twins(trees)
    refuse_unsaid(tree, trees)
    return _joined(tree, trees)


def _refuse_unknown(tree: Tree) -> None:
    """What is wrong at the top level of an included file, which would be lost in joining."""
    given = {key: value for key, value in tree.data.items() if value is not None}
    _, problems = parse(Part, given, ())
    if problems:
        raise UserErrors([problem.at(tree) for problem in problems])


def _found(path: Path, name: str, where: str) -> Path:
    inside = name.startswith(PACKAGE)
    base, rest = (PACKAGED.parent, name.removeprefix(PACKAGE)) if inside else (path.parent, name)
    inner = base / Path(rest).expanduser()
    if not inner.is_file():
        mend = "paths start at the folder of this file, or with package:"
        raise UserError(f"include: there is no file {name}", where, mend)
    return inner


def _refuse_twins(trees: list[Tree]) -> None:
    seen: dict[tuple[str, str], Tree] = {}
    errors = []
    for tree in trees:
        for loc in names(tree):
            if loc in seen:
                what = f"{'.'.join(loc)}: stands in {seen[loc].where(loc)} too"
                errors.append(UserError(what, tree.where(loc), "rename one of them"))
            seen.setdefault(loc, tree)
    if errors:
        raise UserErrors(errors)


def _joined(tree: Tree, trees: list[Tree]) -> Tree:
    """The content of all; own entries come first and hold."""
    data: dict[str, Any] = {key: value for key, value in tree.data.items() if key != INCLUDE}
    for section in ENTRIES:
        data = _with_entries(data, section, trees)
    for section in LISTS:
        parts = [*(inner.data.get(section) for inner in trees), tree.data.get(section)]
        given = [part for part in parts if part is not None]
        if all(isinstance(part, list) for part in given) and given:
            data[section] = [item for part in given for item in part]
    return replace(tree, data=data, included=tuple(trees))


def _with_entries(data: dict[str, Any], section: str, trees: list[Tree]) -> dict[str, Any]:
    own = data.get(section)
    if own is not None and not isinstance(own, dict):
        return data
    merged = dict(own or {})
    for tree in trees:
        inner = tree.data.get(section)
        merged |= {k: v for k, v in (inner or {}).items() if k not in merged}
    return {**data, section: merged} if merged else data
