"""From a suite's datasets to their attributes; annotations are read, no video is opened."""

from severe_bench.analysis.attributes import attributes_of
from severe_bench.analysis.findings import find
from severe_bench.analysis.reading import ResultsReader, harvest
from severe_bench.cli.opening import Opened
from severe_bench.core.digest import short_id
from severe_bench.core.errors import UserError
from severe_bench.core.record import Dataset
from severe_bench.core.registry import nearest
from severe_bench.data.adapter import ADAPTERS, Location
from severe_bench.data.procedural.worlds import WORLDS
from severe_bench.plan.job import DatasetJob
from severe_bench.plan.parts import DatasetPart, dataset_part
from severe_bench.report.radars import Described
from severe_bench.report.tables.frames import reference_frames
from severe_bench.store.layout import Layout


def described(opened: Opened, source: str | None) -> tuple[list[Described], list[str]]:
    """Every dataset that the suite tests on, beside the pretraining set.

    Returns:
        The datasets that are there, and why others are not.

    Raises:
        UserError: no such pretraining set, or no dataset is there.
    """
    names = dict.fromkeys(cell.label.dataset for cell in opened.whole.cells if cell.label)
    theirs = _source_classes(opened, source or _only_source(opened))
    frames = _frames(opened)
    found, absent = [], []
    for name in names:
        try:
            dataset = _load(dataset_part(opened.config, name), opened.layout)
        except UserError as error:
            absent.append(f"{name} is left out: {error}")
        else:
            found.append(Described(name, attributes_of(dataset, theirs), frames.get(name)))
    if not found:
        raise UserError("no dataset of this suite is there", opened.layout.suite, "; ".join(absent))
    return found, absent


def _only_source(opened: Opened) -> str:
    named = {entry.dataset for entry in opened.config.pretraining.values()}
    if len(named) == 1:
        return named.pop()
    what = "it is not known which dataset the models were pretrained on"
    known = ", ".join(opened.config.datasets)
    raise UserError(what, "severe attributes", f"name it with --source; datasets: {known}")


def _source_classes(opened: Opened, name: str) -> tuple[str, ...]:
    known = opened.config.datasets
    if name not in known:
        raise UserError(f"no dataset {name!r}", "--source", nearest(name, list(known)))
    part = dataset_part(opened.config, name)
    if part.made:  # the classes of a built-in world are known before it is filmed
        return WORLDS.get(str(part.ref.options["world"])).classes
    return _load(part, opened.layout).classes


def _load(part: DatasetPart, layout: Layout) -> Dataset:
    adapter = ADAPTERS.get(part.ref.adapter)
    options = adapter.options.model_validate(part.ref.options)
    where = part.location
    if part.made:
        made = layout.needed(short_id(DatasetJob(dataset=part.ref)))
        where = Location(root=made, annotations=made)
    elif part.problem:
        raise UserError(part.problem, part.name, "mend its entry, see: severe doctor")
    return adapter.load(options, where)


def _frames(opened: Opened) -> dict[str, str]:
    """Dataset -> temporal awareness in words, where the suite measured it."""
    found = find(harvest(opened.layout, opened.whole.cells), ResultsReader(opened.layout), ())
    return reference_frames(found)
