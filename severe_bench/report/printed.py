"""The page of printed tables: the same tables, colours and figures that measured rows get."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from severe_bench import __version__
from severe_bench.analysis.ranking import Column
from severe_bench.core.atomic import write_text
from severe_bench.published.attributes import REFERENCE, Attribute, dataset_attributes
from severe_bench.published.columns import (
    PrintedColumn,
    printed_column,
    printed_columns,
    severe_table,
    title_of,
)
from severe_bench.published.differences import differences
from severe_bench.published.read import rows, tables_of
from severe_bench.published.report import FOLDER
from severe_bench.published.sources import catalogue
from severe_bench.published.table_5_8 import TABLE as TABLE_5_8
from severe_bench.published.table_5_8 import Line, lines, lines_ranked_as_printed
from severe_bench.report.build import write_files
from severe_bench.report.correlations import correlation_plot, correlation_table
from severe_bench.report.figures.curves import CurvePanel, curve_plot
from severe_bench.report.figures.drawn import Drawn, drawn
from severe_bench.report.figures.radar import Radar, Spoke, radar_plot
from severe_bench.report.files import file_stem
from severe_bench.report.page import PAGE, Page, Section, render
from severe_bench.report.table import Head, Table, number, words
from severe_bench.report.tables.common import table
from severe_bench.report.tables.printed import coloured, differences_table, summary_table
from severe_bench.report.tables.scores import sample_curves

UCF, KINETICS = "Finetuning / UCF101", "Linear Evaluation / K 400"
SIZES = {"UCF101": 9537, "Gym99": 20484}
"""Training videos of the full sets, thesis B.2.1."""


def write_printed_page(source: str, results: Path, ranks_as_printed: bool = False) -> Path:
    """Write `<results>/published/<source>/index.html` with its tables and figures.

    Args:
        source: key of a source or collection in `sources.yaml`.
        results: a results folder; made if it is missing.
        ranks_as_printed: Table 5.8 with the ranks as the thesis prints them, by its own mistaken
            rule, and labelled so.

    Raises:
        UserError: the key is unknown, or the folder cannot be written.
    """
    folder = results / FOLDER / source
    sections = printed_sections(source, ranks_as_printed)
    for section in sections:
        write_files(folder, section)
    page = Page(source, "numbers as printed in the literature", __version__, sections)
    write_text(folder / PAGE, render(page))
    return folder / PAGE


def printed_sections(source: str, ranks_as_printed: bool = False) -> list[Section]:
    """All sections: what it is, each table, and for the SEVERE study its figures."""
    names = tables_of(source)
    sections = [_about(source, names)]
    if TABLE_5_8 in names:
        sections.append(_summary(ranks_as_printed))
    sections += [_table(name) for name in names]
    if severe_table("4.1") in names:
        sections += [
            _correlations(UCF, "UCF101 finetuning"),
            _correlations(KINETICS, "K400 linear"),
        ]
        sections += [_samples(), _attributes()]
    return sections


def _about(source: str, names: Sequence[str]) -> Section:
    known = catalogue()
    entry = known.collections.get(source) or known.sources[source]
    text = [
        "Numbers as printed, none of them measured here.",
        f"{len(names)} tables of: {entry.reference}",
    ]
    if severe_table("4.1") in names:
        text.append(
            "Figures 4.3, 4.4, B.9, B.12, B.13, 5.5, C.1 and C.2 are printed as pictures without "
            "numbers: their curves, matrices, bars and maps cannot be drawn from print. Reports of "
            "measured rows draw them (`severe report`, `severe saliency`)."
        )
    notes = [
        [words(row.table), words(row.row), words(row.column), words(row.printed), words(row.note)]
        for name in names
        for row in rows(name)
        if row.note
    ]
    heads = [Head(key, key.capitalize()) for key in ("table", "row", "column", "printed", "note")]
    found = table("notes", "What is printed wrongly, or needs a word", "", heads, notes)
    return Section("about", "About", text, folded=[found] if notes else [])


def _summary(ranks_as_printed: bool) -> Section:
    found = lines_ranked_as_printed() if ranks_as_printed else lines()
    said = [_difference_words(found, reason) for reason in ("mean", "average rank")]
    wrong = differences(found)
    paragraphs = [f"Rule of the ranks: {found[0].rule}.", *filter(None, said)]
    return Section(
        "summary",
        "The SEVERE benchmark: means and average ranks",
        paragraphs,
        tables=[summary_table(found)],
        nav="Means and ranks",
        folded=[differences_table(wrong)] if wrong else [],
    )


def _difference_words(found: Sequence[Line], quantity: str) -> str:
    wrong = [one for one in differences(found) if one.quantity == quantity]
    if not wrong:
        return f"Every {quantity} agrees with print."
    agree = len(found) - len(wrong)
    names = ", ".join(f"{d.model} {d.computed:.5g} (printed {d.printed:g})" for d in wrong[:4])
    rest = f" and {len(wrong) - 4} more" if len(wrong) > 4 else ""
    return (
        f"{agree} of {len(found)} {quantity}s agree with print to its last digit. "
        f"{wrong[0].reason[0].upper()}{wrong[0].reason[1:]}: {names}{rest}."
    )


def _table(name: str) -> Section:
    number_ = name.rpartition("_")[2]
    lead = "Blue is better within a column, red worse, by rank among the rows."
    return Section(
        f"table-{file_stem(number_).replace('.', '-')}",
        f"Table {number_}: {title_of(name)}",
        [lead] if printed_columns(name) else [],
        tables=[coloured(name, f"coloured_{number_}")],
        nav=f"Table {number_}",
    )


def _correlations(heading: str, title: str) -> Section:
    reference = _named(printed_column(severe_table("4.1"), heading), title)
    figures, every = [], []
    for factor, columns in _factor_columns():
        pairs = [(reference, c) for c in columns if c.experiment != title]
        stem = f"correlation_{file_stem(title).partition('-')[0]}_{factor}"
        figures.append(correlation_plot(stem, f"{title}: {factor}", pairs))
        every += pairs
    found = correlation_table(f"agreement_{file_stem(title)}", title, every)
    lead = (
        f"Does {title} foretell the other columns? Figures "
        f"{'B.1 to B.4' if heading == UCF else 'B.5 to B.8'} of the thesis, from its tables."
    )
    anchor = "ucf" if heading == UCF else "kinetics"
    return Section(f"correlations-{anchor}", f"Against {title}", [lead], figures, [found])


def _factor_columns() -> Iterator[tuple[str, list[Column]]]:
    yield "domain", [_domain(column) for column in printed_columns(severe_table("4.1"))]
    severe = printed_columns(severe_table("4.4"))
    yield "samples", [one.column for one in severe if one.heading.startswith("Samples")]
    yield "actions", [one.column for one in printed_columns(severe_table("4.2"))]
    tasks = printed_columns(severe_table("4.3"))
    yield "task", [_named(one, one.heading.replace(" / ", ": ")) for one in tasks[1:]]


def _domain(one: PrintedColumn) -> Column:
    protocol, _, dataset = one.heading.partition(" / ")
    return _named(one, f"{dataset} {'finetuning' if protocol == 'Finetuning' else 'linear'}")


def _named(one: PrintedColumn, name: str) -> Column:
    column = one.column
    title = "K400 linear" if name == "K 400 linear" else name
    return Column(title, column.factor, column.metric, column.values)


def _samples() -> Section:
    panels = [
        _sample_panel("UCF101", "Samples / UCF (10^3)", "Finetuning / UCF101"),
        _sample_panel("Gym99", "Samples / Gym-99 (10^3)", "Finetuning / Gym99"),
    ]
    figure = drawn(
        curve_plot(panels),
        "samples",
        "By number of labelled videos",
        "Figure 4.3 as far as it is printed in numbers: 1,000 videos and the full training set.",
        "Line plots of eleven models at two numbers of labelled videos on UCF101 and Gym99.",
        sample_curves(panels),
    )
    return Section("samples", "By number of labelled videos", figures=[figure])


def _sample_panel(dataset: str, few: str, full: str) -> CurvePanel:
    low = printed_column(severe_table("4.4"), few).column.values
    high = printed_column(severe_table("4.1"), full).column.values
    curves = {
        model: ((1000.0, low[model]), (float(SIZES[dataset]), high[model]))
        for model in low
        if model in high
    }
    return CurvePanel(f"{dataset}, finetuning", "labelled videos", "top1 %", curves)


def _attributes() -> Section:
    found = dataset_attributes()
    reference = {attribute.name: attribute.place for attribute in found[REFERENCE]}
    radars = [
        Radar(name, tuple(_spoke(one, reference) for one in attributes))
        for name, attributes in found.items()
    ]
    lead = (
        "Figures 4.2 and B.10, as far as their values are printed in words or numbers: the centre "
        f"is like {REFERENCE} (dotted), the rim is unlike it. A spoke without a dot is not printed."
    )
    return Section(
        "attributes",
        "What the datasets are like",
        [lead],
        figures=[attribute_plot(radars, _attribute_table())],
    )


def attribute_plot(radars: Sequence[Radar], data: Table) -> Drawn:
    """Radars of dataset attributes with the table they show."""
    said = [
        f"{radar.title}: " + ", ".join(f"{s.name} {s.words or 'unknown'}" for s in radar.spokes)
        for radar in radars
    ]
    caption = "Attributes of the datasets; dotted: the pretraining set."
    return drawn(radar_plot(radars), "attributes", "Datasets", caption, ". ".join(said), data)


def _spoke(one: Attribute, reference: dict[str, float | None]) -> Spoke:
    return Spoke(one.name, one.words or "not printed", one.place, reference.get(one.name))


def _attribute_table() -> Table:
    heads = [
        Head("dataset", "Dataset"),
        Head("attribute", "Attribute"),
        Head("words", "Value"),
        Head("place", "Place", numeric=True),
        Head("source", "Source"),
    ]
    entries = [
        [words(name), words(a.name), words(a.words), number(a.place, 2), words(a.source)]
        for name, attributes in dataset_attributes().items()
        for a in attributes
    ]
    return table("attributes", "Attributes of the datasets", "", heads, entries)
