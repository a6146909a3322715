"""A whole benchmarks.yaml, checked."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from severe_bench.config.entries import (
    PACKAGE_PREFIX,
    DatasetEntry,
    ExperimentEntry,
    ModelEntry,
    PretrainingEntry,
)
from severe_bench.config.find import PACKAGED
from severe_bench.config.recipe import Recipe
from severe_bench.config.suite import Override, Suite
from severe_bench.config.yaml_tree import Step, Tree
from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.core.registry import nearest

SHIPPED_WEIGHTS = Path(__file__).parent.parent / "models" / "weights_data"


class Outline(Frozen):
    """The top level of the file; the sections' own content is checked entry by entry."""

    version: Literal[1]
    include: list[str] = []
    replaces: list[str] = []
    datasets: dict[str, Any] = {}
    recipes: dict[str, Any] = {}
    pretraining: dict[str, Any] = {}
    models: dict[str, Any] = {}
    experiments: dict[str, Any] = {}
    suites: Annotated[dict[str, Any], Field(min_length=1)]
    overrides: list[Any] = []


class Part(Outline):
    """The top level of an included file, which needs neither version nor suites."""

    version: Literal[1] = 1
    suites: dict[str, Any] = {}


def base_folder(path: Path) -> Path:
    """Where relative paths of a file start: its own folder; where one is, for the packaged file."""
    return Path.cwd() if path.absolute() == PACKAGED else path.absolute().parent


@dataclass(frozen=True)
class Config:
    """Everything that benchmarks.yaml says, with all names known to exist.

    Args:
        tree: the file itself, for the lines of later errors.
        overrides: for the cells of every suite, after the suite's own.
        environ: the environment variables that it took values from.
    """

    tree: Tree
    datasets: Mapping[str, DatasetEntry]
    recipes: Mapping[str, Recipe]
    pretraining: Mapping[str, PretrainingEntry]
    models: Mapping[str, ModelEntry]
    experiments: Mapping[str, ExperimentEntry]
    suites: Mapping[str, Suite]
    overrides: tuple[Override, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The file, as the user gave it."""
        return self.tree.path

    def where(self, *loc: Step) -> str:
        """`file:line` of an entry, for an error message."""
        return self.tree.where(loc)

    def suite(self, name: str) -> Suite:
        """The suite called `name`.

        Raises:
            UserError: there is none.
        """
        if name not in self.suites:
            mend = nearest(name, list(self.suites))
            raise UserError(f"unknown suite {name!r}", str(self.path), mend)
        return self.suites[name]

    def resolve(self, path: str) -> Path:
        """A path of the file on this machine; relative ones start at `base_folder`."""
        if path.startswith(PACKAGE_PREFIX):
            return SHIPPED_WEIGHTS / f"{path.removeprefix(PACKAGE_PREFIX)}.pt"
        home = os.path.expanduser(path)  # noqa: PTH111 - Path's raises for an unknown user
        return base_folder(self.path) / home
