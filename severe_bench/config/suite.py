"""What stands under suites in benchmarks.yaml: products, single cells, exceptions, overrides."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from severe_bench.config.claims import Claim
from severe_bench.config.entries import DEFAULT_PRESET, Seed
from severe_bench.config.globs import Globs
from severe_bench.core.frozen import Frozen


class Block(Frozen):
    """A product: each model with each experiment, preset and seed."""

    models: Globs
    experiments: Globs
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1)] = (0,)
    presets: Globs = ("*",)


class Include(Frozen):
    """One cell outside the products."""

    model: str
    experiment: str
    seed: Seed = 0
    preset: str = DEFAULT_PRESET


class Selector(Frozen):
    """Cells for which every given key matches."""

    model: Globs = ()
    backbone: Globs = ()
    experiment: Globs = ()
    factor: Globs = ()
    dataset: Globs = ()
    task: Globs = ()
    protocol: Globs = ()
    preset: Globs = ()
    seed: Globs = ()

    @model_validator(mode="after")
    def _selects_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("selects nothing; write model: '*' for every cell")
        return self


class Override(Frozen):
    """Other settings for some cells.

    Args:
        match: which cells.
        set: dotted path -> value, under `recipe`, `budget` or `task_options`; plain `recipe` takes
            the name of another recipe, plain `budget` a whole budget.
    """

    match: Selector
    set: Annotated[dict[str, Any], Field(min_length=1)]


class Suite(Frozen):
    """A list of cells: the blocks, less `exclude`, plus `include`, with `overrides` applied.

    The cells of other `suites` join them, as those have them.
    `include` comes after `exclude`, so a single cell of an excluded kind can be brought back.
    Where several overrides set the same path for a cell, the last one holds. `claims` are what the
    suite is expected to show; the report says which of them held.
    """

    blocks: tuple[Block, ...] = ()
    include: tuple[Include, ...] = ()
    exclude: tuple[Selector, ...] = ()
    overrides: tuple[Override, ...] = ()
    claims: tuple[Claim, ...] = ()
    suites: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.blocks and not self.include and not self.suites:
            raise ValueError("has no cells; give blocks or include")
        return self
