"""Settings given outside recipes that none of their cells reads, and milestones that never come."""

from collections.abc import Iterable, Iterator, Mapping

from severe_bench.config.conditions import Condition, unread
from severe_bench.config.errors import UserErrors
from severe_bench.config.problems import dotted
from severe_bench.config.schema import Config
from severe_bench.config.settings import Settings
from severe_bench.config.yaml_tree import Loc
from severe_bench.core.errors import UserError
from severe_bench.plan.grid import Entry, own_grid, selected
from severe_bench.plan.resolve import overrides_of

SHOWN = 3


def refuse_unread(config: Config, suite: str, settings: Mapping[Entry, Settings]) -> None:
    """Refuse what an experiment's `set` or `sweep`, or an override, sets for nothing.

    Two cells that differ in nothing else would be one computation under two names.

    Args:
        config: the checked yaml.
        suite: its name.
        settings: of all its entries.

    Raises:
        UserErrors: one line for each setting that no cell which has it reads.
    """
    found = _Unread(config, settings)
    errors = list(found.of_experiments())
    for member in (suite, *config.suite(suite).suites):
        errors += found.of_suite(member)
    if errors:
        raise UserErrors(list(dict.fromkeys(errors)))


class _Unread:
    """What each entry leaves unread; once for all entries of one kind."""

    def __init__(self, config: Config, settings: Mapping[Entry, Settings]) -> None:
        self.config, self.settings = config, settings
        self._known: dict[int, dict[str, Condition]] = {}

    def of_experiments(self) -> Iterator[UserError]:
        entries: dict[str, list[Entry]] = {}
        for entry in self.settings:
            entries.setdefault(entry.experiment, []).append(entry)
        for name, own in entries.items():
            loc: Loc = ("experiments", name, "set")
            yield from self._lines(loc, self.config.experiments[name].set, own)

    def of_suite(self, suite: str) -> Iterator[UserError]:
        entries = [entry for entry in own_grid(self.config, suite) if entry in self.settings]
        for loc, override in overrides_of(self.config, suite):
            if any(path.count(".") == 2 for path in override.set):
                chosen = selected(self.config, override.match, entries)
                yield from self._lines((*loc, "set"), override.set, chosen)

    def _lines(self, loc: Loc, paths: Iterable[str], of: Iterable[Entry]) -> Iterator[UserError]:
        entries = list(of)
        for path in paths:
            root, _, rest = path.partition(".")
            whys = [self._of(entry).get(rest) for entry in entries] if root == "recipe" else []
            why = whys[0] if whys and all(whys) else None
            if why is not None:
                what = f"{dotted((*loc, path))}: is read only with {why.words}"
                yield UserError(what, self.config.where(*loc, path), "leave it out")

    def _of(self, entry: Entry) -> dict[str, Condition]:
        settings = self.settings[entry]
        if id(settings) not in self._known:
            self._known[id(settings)] = dict(unread(settings.recipe))
        return self._known[id(settings)]


def milestones_that_never_come(settings: Mapping[Entry, Settings]) -> tuple[str, ...]:
    """One line for each milestone at or after the last epoch, with the experiments that have it."""
    found: dict[tuple[int, int], dict[str, None]] = {}
    for entry, given in settings.items():
        schedule = given.recipe.schedule
        if schedule.kind == "multistep":
            for late in (m for m in schedule.milestones if m >= schedule.epochs):
                name = f"{entry.experiment} ({entry.preset})"
                found.setdefault((late, schedule.epochs), {})[name] = None
    return tuple(
        f"milestone {late} never comes in {epochs} epochs: {_listed(list(names))}"
        for (late, epochs), names in found.items()
    )


def _listed(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
