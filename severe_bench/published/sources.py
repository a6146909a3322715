"""Which publications the numbers come from, and which tables of theirs are here."""

from functools import cache
from pathlib import Path

import yaml

from severe_bench.core.frozen import Frozen

HERE = Path(__file__).parent


class Source(Frozen):
    """A publication whose tables are here.

    Args:
        reference: the full bibliographic reference.
        tables: the number that the publication gives a table -> our title of it.
    """

    reference: str
    tables: dict[str, str]


class Collection(Frozen):
    """Some tables of one source, under a name of their own.

    Args:
        reference: what the name stands for.
        source: key of the publication in which they are printed.
        tables: its numbers of them, in order.
    """

    reference: str
    source: str
    tables: tuple[str, ...]


class Catalogue(Frozen):
    """Everything in `sources.yaml`, by citation key."""

    sources: dict[str, Source]
    collections: dict[str, Collection]


@cache
def catalogue() -> Catalogue:
    """The sources and collections, in the order of the file."""
    text = (HERE / "sources.yaml").read_text(encoding="utf-8")
    return Catalogue.model_validate(yaml.safe_load(text))
