"""What `severe show` prints."""

import re
from collections.abc import Iterator, Mapping

import yaml
from rich.console import RenderableType
from rich.markup import escape
from rich.syntax import Syntax
from rich.table import Table

from severe_bench.core.digest import ID_LENGTH, canonical_json
from severe_bench.core.registry import STAMP
from severe_bench.models.factory import SEPARATOR
from severe_bench.plan.job import Job
from severe_bench.store.find import FoundCell
from severe_bench.store.result import Failure, Result

STAMPED = re.compile(rf'"([^"{STAMP}]+){STAMP}[0-9a-f]{{{ID_LENGTH}}}"')
"""In a job as JSON, what comes from another package."""


def cell_page(found: FoundCell) -> Iterator[RenderableType]:
    """Title, metrics and provenance or why there are none, the command; configuration last."""
    yield f"[bold]{escape(found.cell.title)}[/]   {found.cell.id}"
    yield f"[dim]{escape(str(found.folder))}[/]\n"
    if found.result is not None:
        yield from _measured(found.result)
        yield from _foreign(found.cell.job)
    elif found.failure is not None:
        yield from _failed(found.failure)
    else:
        yield "not finished"
    yield "\n[bold]configuration:[/]"
    yield Syntax(_configuration(found), "yaml", background_color="default", word_wrap=True)


def _configuration(found: FoundCell) -> str:
    plain = found.cell.model_dump(mode="json", include={"job", "needs", "places", "label"})
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)


def _measured(result: Result) -> Iterator[RenderableType]:
    if result.metrics:
        yield _metrics(result)
    if result.selected_on:
        yield f"\nselected on {result.selected_on}: the state after epoch {result.selected_epoch}"
    cost = result.cost
    memory = cost.peak_memory_bytes / 2**20
    yield (
        f"\ncost: {cost.seconds:.1f} s, {memory:.0f} MiB, "
        f"{cost.clips} clips, {cost.attempts} attempt(s)"
    )
    yield _facts("provenance", result.provenance.model_dump(exclude={"libraries", "command"}))
    yield _facts("libraries", result.provenance.libraries)
    yield "\n[bold]once more:[/]"
    yield escape(result.provenance.command)


def _foreign(job: Job) -> Iterator[str]:
    """What the command cannot say: whose packages it needs."""
    names = list(dict.fromkeys(STAMPED.findall(canonical_json(job))))
    for factory in (name for name in names if SEPARATOR in name):
        module = factory.partition(SEPARATOR)[0]
        yield f"(with the package of {escape(module)} installed, or its folder on PYTHONPATH)"
    entries = [name for name in names if SEPARATOR not in name]
    if entries:
        yield f"(with the packages installed that register {escape(', '.join(entries))})"


def _metrics(result: Result) -> Table:
    table = Table(box=None, padding=(0, 2), title="metrics", title_justify="left")
    for column in ("metric", "value", "95 % interval", "n"):
        table.add_column(column, justify="left" if column == "metric" else "right")
    for metric in result.metrics:
        arrow = "higher is better" if metric.higher_is_better else "lower is better"
        interval = "" if metric.ci_low is None else f"[{metric.ci_low:.2f}, {metric.ci_high:.2f}]"
        name = f"{metric.name} ({arrow})" + (" *" if metric.headline else "")
        value = f"{metric.value:.2f} {metric.unit}".strip()
        table.add_row(escape(name), value, escape(interval), str(metric.n))
    return table


def _facts(title: str, facts: Mapping[str, object]) -> Table:
    table = Table(box=None, padding=(0, 2), show_header=False, title=title, title_justify="left")
    for name, value in facts.items():
        if value not in ("", {}, ()):
            table.add_row(f"[dim]{escape(name)}[/]", escape(str(value)))
    return table


def _failed(failure: Failure) -> Iterator[RenderableType]:
    yield f"[bold red]failed[/] ({failure.failure_class}): {escape(failure.message)}"
    yield f"hint: {escape(failure.hint)}\n"
    yield escape(failure.traceback)
