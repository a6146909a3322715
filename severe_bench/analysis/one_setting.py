"""Results of one setting each, where a folder holds those of several under the same names.

A folder outlives changes of its configuration: seeds of an experiment can have been measured with
one recipe, and one of them again with another. Their mean would be that of neither.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from severe_bench.analysis.harvest import Measured, Problem
from severe_bench.core.digest import digest_of
from severe_bench.plan.job import EvaluateJob

Name = tuple[str, str]
"""Experiment and model."""
Jobs = Callable[[str], EvaluateJob | None]
"""What an evaluated cell computes, by its id."""


@dataclass(frozen=True)
class Apart:
    """The cells that count and a problem for each that does not."""

    kept: tuple[Measured, ...]
    left_out: tuple[Problem, ...]


def one_setting(measured: Iterable[Measured], job: Jobs) -> Apart:
    """Of each model in each experiment the cells of one setting: all but the seed is the same.

    The one of most seeds counts, of equally many the one finished last.
    """
    named: dict[Name, list[Measured]] = {}
    for cell in measured:
        named.setdefault((cell.column, cell.label.model), []).append(cell)
    kept: list[Measured] = []
    left_out: list[Problem] = []
    for name in sorted(named):
        first, *others = _by_setting(named[name], job)
        kept += sorted(first, key=lambda cell: cell.label.seed)
        left_out += [_superseded(cell, len(first)) for other in others for cell in other]
    return Apart(tuple(kept), tuple(left_out))


def one_metric(kept: Iterable[Measured]) -> Apart:
    """The cells of each experiment, all under one headline metric, and a problem for each without.

    It is no part of a setting: cells hold all metrics, and a yaml can have named another one when
    some of them were computed. That of the cell finished last counts.
    """
    columns: dict[str, list[Measured]] = {}
    for cell in kept:
        columns.setdefault(cell.column, []).append(cell)
    found: list[Measured] = []
    left_out: list[Problem] = []
    for cells in columns.values():
        metric = max(cells, key=_finished).label.headline
        found += [_ranked_by(metric, cell) for cell in cells if metric in cell.values]
        left_out += [_without(metric, cell) for cell in cells if metric not in cell.values]
    return Apart(tuple(found), tuple(left_out))


def mixed(kept: Iterable[Measured], job: Jobs) -> list[str]:
    """Experiments whose models were measured by several recipes, budgets or sets of data."""
    settings: dict[str, set[str]] = {}
    for cell in kept:
        found = job(cell.cell)
        plain = found.model_dump(mode="json", exclude={"seed", "network"}) if found else cell.cell
        settings.setdefault(cell.column, set()).add(digest_of(plain))
    return [name for name, of in settings.items() if len(of) > 1]


def setting(job: EvaluateJob) -> str:
    """Digest of all but the seed, which random weights may be drawn from too."""
    plain = job.model_dump(mode="json", exclude={"seed"})
    weights = plain["network"]["weights"]
    weights["init_seed"] = None if weights["init_seed"] == job.seed else weights["init_seed"]
    return digest_of(plain)


def _by_setting(cells: Sequence[Measured], job: Jobs) -> list[list[Measured]]:
    """Groups of one setting, that which counts first."""
    groups: dict[str, list[Measured]] = {}
    for cell in cells:
        found = job(cell.cell)
        groups.setdefault(setting(found) if found else cell.cell, []).append(cell)
    return sorted(groups.values(), key=_worth, reverse=True)


def _worth(group: Sequence[Measured]) -> tuple[int, str]:
    return len(group), max(map(_finished, group))


def _finished(cell: Measured) -> str:
    return cell.provenance.finished


def _ranked_by(metric: str, cell: Measured) -> Measured:
    return replace(cell, label=cell.label.model_copy(update={"headline": metric}))


def _superseded(cell: Measured, seeds: int) -> Problem:
    count = f"{seeds} seed{'s' * (seeds != 1)}"
    return _left_out(cell, f"measured with other settings than the {count} that count")


def _without(metric: str, cell: Measured) -> Problem:
    return _left_out(cell, f"measured without {metric}, by which its experiment is ranked")


def _left_out(cell: Measured, reason: str) -> Problem:
    label = cell.label
    title = f"{label.model} / {cell.column} / seed {label.seed}"
    return Problem(cell.cell, title, "superseded", reason, "a plan says which count: -c FILE")
