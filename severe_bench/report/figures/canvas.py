"""Drawing straight to SVG: a report may have ten thousand marks, and draws them in milliseconds.

Lengths are CSS pixels, y grows downwards. Colours are those of `style`, which the page replaces by
its own, light or dark.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal
from unicodedata import east_asian_width
from xml.sax.saxutils import escape

from severe_bench.report import style

Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]
FONT = "font-family=\"system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif\""
CHARACTER, WIDE = 0.59, 1.0
"""Mean width of a character, and of a Chinese, Japanese or Korean one, as a share of the type's."""
BOLD = 1.1
"""How much wider bold words are."""
NO_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
"""What no XML file may hold (XML 1.0, section 2.2), as names of classes or videos can."""


@dataclass
class Canvas:
    """A figure being drawn.

    Example:
        >>> canvas = Canvas(100, 20)
        >>> canvas.text(4, 14, "<tag>")
        >>> "&lt;tag&gt;" in canvas.svg("a name")
        True
    """

    width: float
    height: float
    parts: list[str] = field(default_factory=list)

    def line(self, start: Point, end: Point, stroke: str = style.RULE, **look: object) -> None:
        """A straight line; `look` as in `_look`."""
        self.path([(start, end)], stroke, **look)

    def path(
        self, lines: Iterable[Sequence[Point]], stroke: str = style.INK, **look: object
    ) -> None:
        """Several open lines of one look, as one element."""
        data = "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) for points in lines)
        if data:
            self.parts.append(f'<path d="{data}" fill="none" stroke="{stroke}"{_look(look)}/>')

    def polygon(self, points: Sequence[Point], fill: str, **look: object) -> None:
        """A filled outline."""
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polygon points="{corners}" fill="{fill}"{_look(look)}/>')

    def circle(self, centre: Point, radius: float, fill: str, **look: object) -> None:
        """A dot."""
        x, y = centre
        self.parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{fill}"{_look(look)}/>'
        )

    def rect(self, corner: Point, size: tuple[float, float], fill: str, **look: object) -> None:
        """A box from its upper left corner."""
        (x, y), (width, height) = corner, size
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'fill="{fill}"{_look(look)}/>'
        )

    def image(self, corner: Point, size: tuple[float, float], png: str, words: str) -> None:
        """A picture from the base64 text of a PNG file, its pixels left sharp."""
        (x, y), (width, height) = corner, size
        self.parts.append(
            f'<image x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'style="image-rendering:pixelated" href="data:image/png;base64,{png}">'
            f"<title>{escaped(words)}</title></image>"
        )

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 12,
        fill: str = style.INK,
        anchor: Anchor = "start",
        bold: bool = False,
        turned: float = 0,
    ) -> None:
        """Words on a line whose foot is at y; `turned` in degrees about (x, y)."""
        weight = ' font-weight="600"' if bold else ""
        turn = f' transform="rotate({turned:g} {x:.1f} {y:.1f})"' if turned else ""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{fill}" '
            f'text-anchor="{anchor}"{weight}{turn}>{escaped(words)}</text>'
        )

    def svg(self, title: str) -> str:
        """The file, with a title that screen readers and tooltips show."""
        box = f"0 0 {self.width:.0f} {self.height:.0f}"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width:.0f}" '
            f'height="{self.height:.0f}" viewBox="{box}" {FONT} role="img" '
            f'aria-label="{escaped(title)}">\n'
            f'<rect width="100%" height="100%" fill="{style.PAPER}"/>\n'
            + "\n".join(self.parts)
            + "\n</svg>\n"
        )


def escaped(words: str) -> str:
    """Fit for an element or an attribute in double quotes.

    Example:
        >>> escaped('a "b" <c>' + chr(11))
        'a &quot;b&quot; &lt;c&gt;\ufffd'
    """
    return escape(NO_XML.sub("\ufffd", words), {'"': "&quot;"})


def width_of(words: str, size: float = 12) -> float:
    """About how wide a text is."""
    wide = sum(east_asian_width(character) in "WF" for character in words)
    return size * (WIDE * wide + CHARACTER * (len(words) - wide))


def short(name: str, longest: int) -> str:
    """A name cut to so many characters; tables hold it whole."""
    return name if len(name) <= longest else name[: longest - 1] + "…"


def _look(look: dict[str, object]) -> str:
    """Attributes: `width` and `dash` of a stroke, `stroke`, `opacity`, `cap`."""
    names = {"width": "stroke-width", "dash": "stroke-dasharray", "cap": "stroke-linecap"}
    return "".join(f' {names.get(key, key)}="{value}"' for key, value in look.items() if value)
