"""Read a YAML file as plain data that remembers the line of every key and value.

Scalars follow YAML 1.2, not the 1.1 of PyYAML: `1e-4` is a number, `no`, `on` and `off` are text,
`1:30` and `2024-01-01` are text. Keys are always text. A key given twice is an error.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import yaml

from severe_bench.config.errors import UserErrors
from severe_bench.config.interpolation import interpolate
from severe_bench.core.errors import UserError

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_SCALARS = {
    "null": re.compile(r"^(?:~|null|Null|NULL|)$"),
    "bool": re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"),
    "int": re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$"),
    "float": re.compile(
        r"^[-+]?(?:(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))$"
        r"|^\.(?:nan|NaN|NAN)$"
    ),
}
_MAX_DEPTH = 40
_MAX_NODES = 1_000_000

Step = str | int
Loc = tuple[Step, ...]


class _Loader(_Base):  # type: ignore[misc]  # the C and the Python loader share no typed base
    """The safe loader with the scalar rules of YAML 1.2."""

    yaml_implicit_resolvers: dict[Any, Any] = {}


for _name, _pattern in _SCALARS.items():
    _Loader.add_implicit_resolver(_TAG + _name, _pattern, None)


@dataclass(frozen=True)
class Tree:
    """A file's content and where each part of it stands.

    Args:
        path: of the file, as the user gave it.
        data: dicts, lists and scalars.
        root: PyYAML's node of the whole.
        included: files whose entries are in `data` too.
    """

    path: Path
    data: dict[str, Any]
    root: yaml.Node
    included: "tuple[Tree, ...]" = ()

    def where(self, loc: Sequence[Step]) -> str:
        """`file:line` of `loc`, in the file that has the entry."""
        loc = self._written(loc)
        return self._home(loc) or f"{self.path}:{self.line(loc)}"

    def _written(self, loc: Sequence[Step]) -> Sequence[Step]:
        """`loc` of the entry that `loc`'s was made from: `few-1000` from `few`, say."""
        if len(loc) < 2 or not isinstance(loc[1], str) or self.owns(loc):
            return loc
        words = loc[1].split("-")
        shorter = ("-".join(words[:count]) for count in range(len(words) - 1, 0, -1))
        made_from = (name for name in shorter if self.owns((loc[0], name)))
        name = next(made_from, None)
        return loc if name is None else (loc[0], name, *loc[2:])

    def _home(self, loc: Sequence[Step]) -> str | None:
        """Of the entry in an included file; None where this one has it, or none."""
        if self.holds(loc[:2]):
            return None
        inner = (tree for tree in self.included if tree.owns(loc))
        return next((tree.where(loc) for tree in inner), None)

    def owns(self, loc: Sequence[Step]) -> bool:
        """Whether this file, or one that it includes, has the entry of `loc`."""
        return self.holds(loc[:2]) or any(tree.owns(loc) for tree in self.included)

    def states(self, loc: Sequence[Step]) -> bool:
        """Whether a value stands at `loc`, in the file that has the entry."""
        if self.holds(loc[:2]) or not self.included:
            return self.holds(loc)
        return any(tree.states(loc) for tree in self.included if tree.owns(loc))

    def line(self, loc: Sequence[Step]) -> int:
        """The 1-based line of the deepest part of `loc` that exists; of the key, not the value.

        Steps that are not in the file are passed over.
        """
        node, line = self.root, self.root.start_mark.line
        for step in loc:
            key, child = _child(node, step)
            if child is not None and key is not None:
                node, line = child, key.start_mark.line
        return line + 1

    def holds(self, loc: Sequence[Step]) -> bool:
        """Whether the file itself has a value at `loc`."""
        node: yaml.Node | None = self.root
        for step in loc:
            node = None if node is None else _child(node, step)[1]
        return node is not None


def _child(node: yaml.Node, step: Step) -> tuple[yaml.Node | None, yaml.Node | None]:
    if isinstance(node, yaml.MappingNode):
        return next(((k, v) for k, v in node.value if k.value == step), (None, None))
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None, None


def read_tree(path: Path, environ: Mapping[str, str]) -> Tree:
    """Parse `path` and interpolate its strings.

    Plain scalars are typed after interpolation, so `${N:-3}` is an integer; quoted ones stay text.

    Raises:
        UserError: the file cannot be read, is no YAML, or is no mapping.
        UserErrors: keys given twice, unset variables, unknown tags, infinite numbers: all of them.
    """
    loader = _Loader(_text(path))
    try:
        root = loader.get_single_node()
    except yaml.YAMLError as error:
        raise _syntax_error(path, error) from None
    if not isinstance(root, yaml.MappingNode):
        raise UserError("should hold a mapping (version, datasets, ...)", str(path))
    reader = _Reader(path, loader, environ)
    data = reader.mapping(root, 0)
    if reader.errors:
        raise UserErrors(reader.errors)
    return Tree(path, data, root)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot read: {error.strerror}", str(path), "pass -c FILE") from error
    except UnicodeDecodeError as error:
        raise UserError(f"is not UTF-8 text (byte {error.start})", str(path)) from error


def _syntax_error(path: Path, error: yaml.YAMLError) -> UserError:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        where = f"{path}:{error.problem_mark.line + 1}"
        return UserError(f"not valid YAML: {error.problem}", where, _syntax_mend(error))
    return UserError(f"not valid YAML: {str(error).splitlines()[0]}", str(path))


def _syntax_mend(error: yaml.MarkedYAMLError) -> str:
    """For what libyaml says of a tab, and of text that begins with a reserved character."""
    if "cannot start any token" not in (error.problem or ""):
        return ""
    return "indent with spaces, not tabs; quote text that begins with @, % or `"


@dataclass
class _Reader:
    """From nodes to plain data, collecting mistakes on the way."""

    path: Path
    loader: Any
    environ: Mapping[str, str]
    errors: list[UserError] = field(default_factory=list)
    nodes: int = 0

    def value(self, node: yaml.Node, depth: int) -> object:
        self.nodes += 1
        if depth > _MAX_DEPTH or self.nodes > _MAX_NODES:
            where = f"{self.path}:{node.start_mark.line + 1}"
            raise UserError("nested too deeply, or too large (an alias of itself?)", where)
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, depth + 1) for child in node.value]
        return self._scalar(node) if isinstance(node, yaml.ScalarNode) else None

    def mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Any]:
        lines: dict[str, int] = {}
        found: dict[str, Any] = {}
        for key, child in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
                self._error(key, "a key should be plain text", "use extends to share settings")
            elif key.value in found:
                self._error(key, f"{key.value}: given twice (first in line {lines[key.value]})")
            else:
                lines[key.value] = key.start_mark.line + 1
                found[key.value] = self.value(child, depth + 1)
        return found

    def _scalar(self, node: yaml.ScalarNode) -> object:
        text, tag = node.value, node.tag
        if "$" in text:
            try:
                text = interpolate(text, self.environ)
            except UserError as error:
                self._error(node, error.what, error.mend)
            if node.style in {None, ""}:  # plain; the C loader says ""
                tag = self.loader.resolve(yaml.ScalarNode, text, (True, False))
        try:
            return _typed(text, tag)
        except ValueError as error:
            self._error(node, str(error))
            return None

    def _error(self, node: yaml.Node, what: str, mend: str = "") -> None:
        self.errors.append(UserError(what, f"{self.path}:{node.start_mark.line + 1}", mend))


def _typed(text: str, tag: str) -> object:
    kind = tag.removeprefix(_TAG)
    if kind == "str":
        return text
    if kind not in _SCALARS or not _SCALARS[kind].match(text):
        raise ValueError(f"cannot read {text!r} as {tag!r}")
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        return int(text, 0) if text[:2] in {"0x", "0o"} else int(text)
    number = float(text) if _plain(text) else None
    if number is None or not isfinite(number):
        raise ValueError(f"{text} is not a finite number")
    return number


def _plain(text: str) -> bool:
    return text.lstrip("+-").lower() not in {".inf", ".nan"}
