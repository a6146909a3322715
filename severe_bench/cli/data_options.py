"""Options that the commands of `severe data` share."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from severe_bench.config.prepared import Prepared
    from severe_bench.data.adapter import Location

Annotations = Annotated[
    Path | None,
    typer.Option("--annotations", help="Folder in or below which the official files lie."),
]
Root = Annotated[Path | None, typer.Option("--root", help="Folder of the videos.")]
Options = Annotated[
    list[str] | None,
    typer.Option("--option", help="An option of the dataset, e.g. fold=2; repeatable."),
]


def options_of(pairs: list[str] | None) -> dict[str, object]:
    """`key=value` texts as options of an adapter.

    Raises:
        UserError: one of them is something else, or given twice.
    """
    import yaml

    from severe_bench.core.errors import UserError

    chosen: dict[str, object] = {}
    for pair in pairs or ():
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UserError(f"{pair!r} is not key=value", "--option", "e.g. --option fold=2")
        if key in chosen:
            raise UserError(f"{key!r} is given twice", "--option", "name each option once")
        try:
            chosen[key] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise UserError(f"{value!r} is no value", "--option", "quote it, as in yaml") from error
    return chosen


@dataclass(frozen=True)
class Chosen:
    """A dataset that a command is about.

    Args:
        prepared, prepared_folder: as benchmarks.yaml states them, if it does.
    """

    adapter: str
    options: Mapping[str, object]
    location: "Location"
    prepared: "Prepared | None" = None
    prepared_folder: Path | None = None


def configured(name: str, option: list[str] | None, config: Path | None, otherwise: str) -> Chosen:
    """The dataset called `name` in benchmarks.yaml.

    Args:
        name: as the user wrote it.
        option: given with `--option`, over those of the file.
        config: file given by `--config`.
        otherwise: what else the command takes, for the message.

    Raises:
        UserError: there is none, or it has no root.
    """
    from severe_bench.config.find import find_config
    from severe_bench.config.loading import load_config
    from severe_bench.core.errors import UserError
    from severe_bench.data.adapter import Location

    loaded = load_config(find_config(config))
    entry = loaded.datasets.get(name)
    if entry is None or entry.root is None:
        what = f"{name!r} is no dataset with a root"
        raise UserError(what, str(loaded.path), f"name one, or {otherwise}")
    root = loaded.resolve(entry.root)
    notes = root if entry.annotations is None else loaded.resolve(entry.annotations)
    place = entry.prepared_folder
    return Chosen(
        adapter=entry.adapter,
        options={**entry.options, **options_of(option)},
        location=Location(root, notes),
        prepared=entry.prepared,
        prepared_folder=None if place is None else loaded.resolve(place),
    )
