"""From a command's options to a plan and the place of its results."""

from dataclasses import dataclass
from pathlib import Path

from severe_bench.config.find import find_config
from severe_bench.config.loading import load_config
from severe_bench.config.schema import Config
from severe_bench.core.errors import UserError
from severe_bench.plan.build import Plan, plan_suite
from severe_bench.plan.digests import FileDigests
from severe_bench.plan.grid import Filters
from severe_bench.store.layout import DIGESTS, SHARED, Layout
from severe_bench.store.states import unreadable


@dataclass(frozen=True)
class Opened:
    """A suite, planned, and where its results lie.

    Args:
        plan: the cells that pass the filters.
        whole: all cells of the suite, for the table of results and the report.
    """

    config: Config
    plan: Plan
    whole: Plan
    layout: Layout


def open_suite(
    suite: str | None, config: Path | None, results: Path, filters: Filters | None = None
) -> Opened:
    """Read the configuration and plan the suite (the first one of the file where not named).

    Raises:
        UserError: for whatever the user must mend in the file or the options.
    """
    loaded = load_config(find_config(config))
    name = next(iter(loaded.suites)) if suite is None else suite
    results = results.absolute()
    _require_readable(results)
    digests = FileDigests(results / SHARED / DIGESTS)
    whole = plan_suite(loaded, name, Filters(), digests)
    plan = plan_suite(loaded, name, filters, digests) if filters not in (None, Filters()) else whole
    if results.is_dir():  # looking must not make a folder
        digests.save()
    return Opened(loaded, plan, whole, Layout(results, name))


def _require_readable(results: Path) -> None:
    """Refuse a results folder that is there and cannot be looked into; an absent one is empty.

    Raises:
        UserError: it is a file, may not be read, or has a name that JSON cannot hold.
    """
    try:
        str(results).encode()
        (results / SHARED).stat()
    except UnicodeEncodeError as error:
        mend = "rename it, or pass another --results folder"
        raise UserError("its name is not UTF-8", ascii(str(results)), mend) from error
    except FileNotFoundError:
        return
    except OSError as error:
        raise unreadable(results, error) from error


def short_place(line: str) -> str:
    """A line with the paths below the present folder told from there."""
    return line.replace(f"{Path.cwd()}/", "")


def filters_of(
    models: list[str] | None,
    experiments: list[str] | None,
    seeds: list[str] | None,
    presets: list[str] | None = None,
) -> Filters:
    """The globs of the command line."""
    named = (models, experiments, seeds, presets)
    return Filters(*(tuple(globs or ()) for globs in named))
