"""Tables of single classes."""

from severe_bench.analysis.per_class import ClassDifference, Confusion
from severe_bench.report.table import Head, Table, number
from severe_bench.report.tables.common import table


def class_differences(found: ClassDifference) -> Table:
    """Every class with its test videos and the difference of accuracies."""
    heads = [
        Head("class", "Class", numeric=True),
        Head("videos", "Test videos", numeric=True),
        Head("difference", "A − B", numeric=True),
    ]
    rows = [
        [number(label, 0), number(count, 0), number(value)]
        for label, count, value in zip(found.classes, found.counts, found.values, strict=True)
    ]
    caption = f"Points of accuracy within the class, {found.a} (A) minus {found.b} (B)."
    title = f"Classes on {found.experiment}: {found.a} against {found.b}"
    return table(f"classes_{found.experiment}", title, caption, heads, rows)


def confusions(found: Confusion) -> Table:
    """Rows are true classes, columns the given ones."""
    heads = [Head("class", "True class", numeric=True)]
    heads += [Head(f"as_{label}", str(label), numeric=True) for label in found.classes]
    rows = [
        [number(label, 0), *(number(float(share), 3) for share in found.shares[i])]
        for i, label in enumerate(found.classes)
    ]
    caption = "Share of each true class that is given each class."
    title = f"Confusions of {found.model} on {found.experiment}"
    return table(f"confusion_{found.experiment}", title, caption, heads, rows)
