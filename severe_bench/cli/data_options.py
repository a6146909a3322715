"""Options that the commands of `severe data` share."""

from pathlib import Path
from typing import Annotated

import typer

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
        UserError: one of them is something else.
    """
    import yaml

    from severe_bench.core.errors import UserError

    chosen: dict[str, object] = {}
    for pair in pairs or ():
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UserError(f"{pair!r} is not key=value", "--option", "e.g. --option fold=2")
        chosen[key] = yaml.safe_load(value)
    return chosen
