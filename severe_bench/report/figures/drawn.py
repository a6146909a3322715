"""What a figure is once it is drawn."""

from dataclasses import dataclass

from severe_bench.report.figures.canvas import Canvas
from severe_bench.report.table import Table


@dataclass(frozen=True)
class Drawn:
    """A figure as a file: the table `data` that it shows, and it in words.

    Args:
        name: the stem of its files.
        caption: how to read it.
        alternative: what it shows, for those who do not see it.
        svg: the file.
    """

    name: str
    title: str
    caption: str
    alternative: str
    svg: str
    data: Table


def drawn(
    canvas: Canvas, name: str, title: str, caption: str, alternative: str, data: Table
) -> Drawn:
    """A finished figure."""
    return Drawn(name, title, caption, alternative, canvas.svg(alternative), data)
