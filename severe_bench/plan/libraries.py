"""Factories of which only a part of the source is in the ids of cells."""

from collections.abc import Iterable

from severe_bench.config.schema import Config
from severe_bench.core.errors import UserError
from severe_bench.models.backbone import BACKBONES
from severe_bench.models.factory import SEPARATOR, find_factory


def library_notes(config: Config, models: Iterable[str]) -> tuple[str, ...]:
    """One line for each model whose factory is in a library; what is not here has its own line."""
    found = []
    for name in dict.fromkeys(models):
        entry = config.models[name]
        library = None if entry.factory is None else _library(entry.factory)
        if library is not None:
            found.append(
                f"{config.where('models', name)}: {entry.factory} is in a library: of its source, "
                f"cells know the one module and the version ({library}), not changes of other files"
            )
    return tuple(found)


def _library(factory: str) -> str | None:
    try:
        place = BACKBONES.get(factory).name
        return find_factory(place).library if SEPARATOR in place else None
    except UserError:
        return None
