"""Overrides that change nothing, because no protocol that they are for reads what they set."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from severe_bench.adapt.protocol import PROTOCOLS
from severe_bench.config.problems import dotted
from severe_bench.config.schema import Config
from severe_bench.config.yaml_tree import Loc
from severe_bench.plan.grid import Entry, own_grid, selected
from severe_bench.plan.resolve import overrides_of


def idle_overrides(config: Config, suite: str, entries: Iterable[Entry]) -> tuple[str, ...]:
    """One line for each such override of a suite, of its suites, and of its experiments.

    Args:
        config: the checked yaml.
        suite: its name.
        entries: all of the suite's.
    """
    names = {entry.experiment for entry in entries}
    ignored = _Ignored(config, names)
    found = dict.fromkeys(_of_experiments(config, names, ignored))
    for member in (suite, *config.suite(suite).suites):
        found |= dict.fromkeys(_of_suite(config, member, ignored))
    return tuple(found)


class _Ignored:
    """What the protocols of some experiments ignore alike."""

    def __init__(self, config: Config, names: Iterable[str]) -> None:
        self.config = config
        self.ever = frozenset(
            f"recipe.{part}"
            for name in {config.experiments[name].protocol for name in names}
            for part in PROTOCOLS.get(name).ignores
        )

    def lines(self, loc: Loc, changes: Mapping[str, Any], names: Iterable[str]) -> Iterator[str]:
        """One for each change that none of these experiments reads."""
        protocols = sorted({self.config.experiments[name].protocol for name in names})
        shared = [frozenset(PROTOCOLS.get(name).ignores) for name in protocols]
        parts = frozenset.intersection(*shared) if shared else frozenset()
        for path in changes:
            if part_of(path) in {f"recipe.{part}" for part in parts}:
                yield (
                    f"{self.config.where(*loc, path)}: {dotted((*loc, path))} changes nothing: "
                    f"protocol {' or '.join(protocols)} does not read it; leave it out"
                )


def part_of(path: str) -> str:
    """The part of a recipe that a dotted path is in.

    Example:
        >>> part_of("recipe.optimiser.lr")
        'recipe.optimiser'
    """
    return ".".join(path.split(".")[:2])


def _of_experiments(config: Config, names: Iterable[str], ignored: _Ignored) -> Iterator[str]:
    for name in sorted(names):
        loc: Loc = ("experiments", name, "set")
        yield from ignored.lines(loc, config.experiments[name].set, [name])


def _of_suite(config: Config, suite: str, ignored: _Ignored) -> Iterator[str]:
    for loc, override in overrides_of(config, suite):
        if any(part_of(path) in ignored.ever for path in override.set):
            chosen = selected(config, override.match, own_grid(config, suite))
            names = {entry.experiment for entry in chosen}
            yield from ignored.lines((*loc, "set"), override.set, names)
