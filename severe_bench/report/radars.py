"""Radar plots and a table of what a suite's datasets are like (thesis Figures 4.2 and B.10)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from severe_bench.analysis.attributes import DatasetAttributes
from severe_bench.core.atomic import write_text
from severe_bench.published.attributes import Attribute, declared_attributes
from severe_bench.published.beside import plain
from severe_bench.report.comparing import Compared
from severe_bench.report.figures.radar import Radar, Spoke, radar_plot
from severe_bench.report.files import write_tables
from severe_bench.report.table import Head, Table, fixed, number, words
from severe_bench.report.tables.common import table

LONGEST_ACTION = 30.0
"""Seconds at the rim; the axis is logarithmic, from half a second."""
DECLARED = ("point of view", "environment")


@dataclass(frozen=True)
class Described:
    """One dataset: what its annotations say, and the frames it asks for where they were measured.

    Args:
        frames: temporal awareness in words, e.g. `7 frames`; None where it was not measured.
    """

    name: str
    attributes: DatasetAttributes
    frames: str | None


def write_attributes(
    folder: Path, found: Sequence[Described], notes: Sequence[str] = ()
) -> Compared:
    """Write `attributes.svg` and the table `attributes`."""
    drawn = radar_plot([radar(one) for one in found])
    shown = attribute_table(found)
    write_text(folder / "attributes.svg", drawn.svg("What the datasets are like"))
    write_tables(folder, (shown,))
    return Compared("What the datasets are like", (shown,), tuple(notes))


def radar(one: Described) -> Radar:
    """Five axes; the centre is like the pretraining set."""
    declared = _declared(one.name)
    overlap, length = one.attributes.label_overlap, one.attributes.action_length
    return Radar(
        one.name,
        (
            Spoke("label overlap", f"{fixed(100 * overlap, 0)} %", 1.0 - 0.9 * overlap, 0.1),
            *(_spoke(name, declared.get(name)) for name in DECLARED),
            Spoke("action length", _seconds(length), _place_of_length(length), None),
            Spoke("temporal awareness", one.frames or "not measured", None, None),
        ),
    )


def attribute_table(found: Sequence[Described]) -> Table:
    """A row per dataset."""
    heads = [
        Head("dataset", "Dataset"),
        Head("classes", "Classes", numeric=True),
        Head("train", "Train", numeric=True),
        Head("test", "Test", numeric=True),
        Head("label_overlap", "Label overlap", numeric=True),
        Head("action_length", "Action, s", numeric=True),
        Head("point_of_view", "Point of view"),
        Head("environment", "Environment"),
        Head("temporal_awareness", "Frames"),
    ]
    rows = [
        [
            words(one.name),
            number(one.attributes.classes, 0),
            number(one.attributes.train, 0),
            number(one.attributes.test, 0),
            number(one.attributes.label_overlap, 2),
            number(one.attributes.action_length, 1),
            *(words(said.words if (said := _declared(one.name).get(n)) else "") for n in DECLARED),
            words(one.frames or ""),
        ]
        for one in found
    ]
    caption = (
        "Label overlap: share of the classes that the pretraining set has by name; reworded ones "
        "are not found. Point of view and environment as the SEVERE study describes its datasets."
    )
    return table("attributes", "What the datasets are like", caption, heads, rows)


def _declared(name: str) -> dict[str, Attribute]:
    known = {plain(dataset): found for dataset, found in declared_attributes().items()}
    return {attribute.name: attribute for attribute in known.get(plain(name), ())}


def _spoke(name: str, found: Attribute | None) -> Spoke:
    if found is None or not found.words:
        return Spoke(name, "not declared", None, None)
    return Spoke(name, found.words, found.place, None)


def _seconds(length: float | None) -> str:
    return "not annotated" if length is None else f"{fixed(length)} s"


def _place_of_length(length: float | None) -> float | None:
    if length is None or length <= 0:
        return None
    return min(1.0, max(0.05, math.log(length / 0.5) / math.log(LONGEST_ACTION / 0.5)))
