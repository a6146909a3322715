"""Names and ids of classes, verbs and nouns as the files of a manifest use them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from severe_bench.core.errors import UserError
from severe_bench.core.registry import nearest


@dataclass(frozen=True)
class Vocabulary:
    """A list of names in id order.

    Args:
        kind: what it lists, for messages: `label`, `verb`, `noun`.
        names: in id order.
        ids: by name and, where no name is equal to it, by the id as text.
    """

    kind: str
    names: tuple[str, ...]
    ids: Mapping[str, int]

    def id_of(self, text: str, where: str) -> int:
        """The id of a name, or of an id written as text.

        Raises:
            UserError: with its place, what is neither.
        """
        if text in self.ids:
            return self.ids[text]
        mend = f"{nearest(text, list(self.names))} (or an id from 0 to {len(self.names) - 1})"
        raise UserError(f"unknown {self.kind} {text!r}", where, mend)


def vocabulary(kind: str, texts: Iterable[str], names: tuple[str, ...] | None) -> Vocabulary:
    """The vocabulary of a manifest.

    Args:
        kind: what it lists.
        texts: everything that stands in the files; blanks are passed over.
        names: in id order where a file lists them. Otherwise texts that are all whole numbers are
            ids and name themselves; other texts are names, sorted.

    Example:
        >>> vocabulary("verb", ["take", "put", "take"], None).names
        ('put', 'take')
    """
    if names is None:
        names = _found(texts)
    ids = {str(number): number for number in range(len(names))}
    ids |= {name: number for number, name in enumerate(names)}
    return Vocabulary(kind, names, ids)


def names_in(path: Path, kind: str) -> tuple[str, ...] | None:
    """Names in id order from a file of one name per line, or None where there is no such file.

    Raises:
        UserError: a name occurs twice, or a line between names is blank: the ids after it would
            be less than their line says.
    """
    if not path.is_file():
        return None
    names = path.read_text(encoding="utf-8-sig").rstrip().splitlines()
    names = [name.strip() for name in names]
    if "" in names:
        mend = "remove it, or fill in the name that it stands for"
        raise UserError(f"no {kind} in this line", f"{path}:{names.index('') + 1}", mend)
    for line, name in enumerate(names, start=1):
        if name in names[: line - 1]:
            raise UserError(f"{kind} {name!r} occurs twice", f"{path}:{line}", "remove one")
    return tuple(names)


def _found(texts: Iterable[str]) -> tuple[str, ...]:
    distinct = sorted({text for text in texts if text})
    if distinct and all(text.isascii() and text.isdigit() for text in distinct):
        return tuple(str(number) for number in range(max(map(int, distinct)) + 1))
    return tuple(distinct)
