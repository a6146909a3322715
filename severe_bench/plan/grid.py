"""From a suite to its list of (model, experiment, preset, seed)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from severe_bench.config.globs import matches, matching
from severe_bench.config.problems import dotted
from severe_bench.config.schema import Config
from severe_bench.config.suite import Block, Selector, Suite
from severe_bench.core.errors import UserError
from severe_bench.core.registry import nearest


@dataclass(frozen=True, slots=True)
class Entry:
    """One point of the grid, by names."""

    model: str
    experiment: str
    preset: str
    seed: int


@dataclass(frozen=True)
class Filters:
    """Globs of the command line; an empty tuple lets everything through."""

    models: tuple[str, ...] = ()
    experiments: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()
    presets: tuple[str, ...] = ()


def grid(config: Config, suite: str) -> list[Entry]:
    """All entries of a suite: blocks, less `exclude`, plus `include`, plus those of its suites.

    Each stands once, in file order.

    Within a block, experiments are the outer loop, so that cells of one dataset stand together.

    Raises:
        UserError: no such suite; an `exclude` that excludes nothing.
    """
    entries = dict.fromkeys(own_grid(config, suite))
    for member in config.suite(suite).suites:
        entries |= dict.fromkeys(own_grid(config, member))
    return list(entries)


def own_grid(config: Config, suite: str) -> list[Entry]:
    """Likewise, without the entries of the suites that this one is put together from."""
    plan = config.suite(suite)
    entries = dict.fromkeys(e for block in plan.blocks for e in _product(config, block))
    for i, selector in enumerate(plan.exclude):
        chosen = selected(config, selector, entries)
        refuse_idle(config, chosen, ("suites", suite, "exclude", i))
        for entry in chosen:
            del entries[entry]
    return list(entries | dict.fromkeys(_single_entries(plan)))


def _product(config: Config, block: Block) -> Iterator[Entry]:
    models = matching(config.models, block.models)
    for name in matching(config.experiments, block.experiments):
        presets = matching(config.experiments[name].recipe, block.presets)
        for model, preset, seed in product(models, presets, block.seeds):
            yield Entry(model, name, preset, seed)


def _single_entries(plan: Suite) -> Iterator[Entry]:
    for single in plan.include:
        yield Entry(single.model, single.experiment, single.preset, single.seed)


def selected(config: Config, selector: Selector, entries: Iterable[Entry]) -> list[Entry]:
    """The entries that a selector of the yaml matches."""
    models = {name for name in config.models if _model_matches(config, selector, name)}
    experiments = {n for n in config.experiments if _experiment_matches(config, selector, n)}
    rest = _rest_test(selector)
    return [e for e in entries if e.experiment in experiments and e.model in models and rest(e)]


def _rest_test(selector: Selector) -> Callable[[Entry], bool]:
    """The test on preset and seed."""
    known: dict[tuple[str, int], bool] = {}

    def passes(entry: Entry) -> bool:
        key = (entry.preset, entry.seed)
        if key not in known:
            known[key] = _fits(selector.preset, key[0]) and _fits(selector.seed, str(key[1]))
        return known[key]

    return passes


def _fits(globs: Sequence[str], value: str) -> bool:
    return not globs or matches(value, globs)


def _model_matches(config: Config, selector: Selector, name: str) -> bool:
    return _fits(selector.model, name) and _fits(
        selector.backbone, config.models[name].architecture
    )


def _experiment_matches(config: Config, selector: Selector, name: str) -> bool:
    entry = config.experiments[name]
    return _fits(selector.experiment, name) and all(
        _fits(getattr(selector, key), getattr(entry, key))
        for key in ("factor", "dataset", "task", "protocol")
    )


def refuse_idle(config: Config, chosen: Sequence[Entry], loc: tuple[str | int, ...]) -> None:
    """Raise `UserError` for a selector that matches no cell of its suite: a dead line misleads."""
    if not chosen:
        what = f"{dotted(loc)}: matches no cell of the suite"
        raise UserError(what, config.where(*loc), "mend it or remove it")


def filtered(entries: Sequence[Entry], filters: Filters, suite: str) -> list[Entry]:
    """The entries that pass the command line's filters.

    Raises:
        UserError: a glob matches no name in the suite, or no entry passes all filters.
    """
    for kind, globs in (
        ("model", filters.models),
        ("experiment", filters.experiments),
        ("seed", filters.seeds),
        ("preset", filters.presets),
    ):
        names = list(dict.fromkeys(str(getattr(entry, kind)) for entry in entries))
        for glob in globs:
            if not matching(names, (glob,)):
                what = f"no {kind} of suite {suite} matches {glob!r}"
                raise UserError(what, f"--{kind}", nearest(glob, names))
    kept = [entry for entry in entries if _passes(entry, filters)]
    if entries and not kept:
        raise UserError(f"no cell of suite {suite} passes all filters", mend="widen them")
    return kept


def _passes(entry: Entry, filters: Filters) -> bool:
    return (
        _fits(filters.models, entry.model)
        and _fits(filters.experiments, entry.experiment)
        and _fits(filters.seeds, str(entry.seed))
        and _fits(filters.presets, entry.preset)
    )
