"""Tables of single classes."""

from collections.abc import Sequence

from severe_bench.analysis.per_class import ClassDifference, ClassLabel, Confusion
from severe_bench.report.table import Entry, Head, Table, number, signed, words
from severe_bench.report.tables.common import table


def class_differences(found: ClassDifference) -> Table:
    """Every class with its test videos and the difference within it."""
    heads = [
        *_label_heads(found.classes),
        Head("videos", "Test videos", numeric=True),
        Head("difference", "A − B", numeric=True),
    ]
    rows = [
        [*_label_entries(label, found.classes), number(count, 0), Entry(value, signed(value))]
        for label, count, value in zip(found.classes, found.counts, found.values, strict=True)
    ]
    caption = f"Points of {found.what} within the class, {found.a} (A) minus {found.b} (B)."
    title = f"Classes on {found.experiment}: {found.a} against {found.b}"
    return table(f"classes_{found.experiment}", title, caption, heads, rows)


def confusions(found: Confusion) -> Table:
    """Rows are true classes, columns the given ones."""
    heads = _label_heads(found.classes)
    heads += [Head(f"as_{one.id}", one.name or str(one.id), numeric=True) for one in found.classes]
    rows = [
        [
            *_label_entries(label, found.classes),
            *(number(float(share), 3) for share in found.shares[i]),
        ]
        for i, label in enumerate(found.classes)
    ]
    caption = "Share of each true class that is given each class."
    return table(confusion_name(found), confusion_title(found), caption, heads, rows)


def confusion_name(found: Confusion) -> str:
    """The stem of its files."""
    return f"confusion_{found.experiment}" + (f"_{found.of}s" if found.of else "")


def confusion_title(found: Confusion) -> str:
    """Whose confusions, and of what."""
    return f"Confusions of {found.model} on {found.experiment}" + (
        f", {found.of}s" if found.of else ""
    )


def _label_heads(classes: Sequence[ClassLabel]) -> list[Head]:
    """Id and name; the list where there are several, the name where any is known."""
    heads = [Head("list", "List")] if any(one.of for one in classes) else []
    heads.append(Head("class", "Class", numeric=True))
    return [*heads, Head("name", "Name")] if any(one.name for one in classes) else heads


def _label_entries(label: ClassLabel, classes: Sequence[ClassLabel]) -> list[Entry]:
    entries = [words(label.of)] if any(one.of for one in classes) else []
    entries.append(number(label.id, 0))
    return [*entries, words(label.name)] if any(one.name for one in classes) else entries
