"""Colours and type of every figure, and how a figure takes on the page's own colours.

The categorical colours are those of Okabe and Ito (2008), told apart by colour-blind readers; no
figure tells anything by colour alone.
"""

import re
from typing import Any

from markupsafe import Markup, escape

INK = "#1c1c1e"
MUTED = "#6e6e73"
RULE = "#d8d8dc"
PAPER = "#ffffff"
BLUE = "#0072b2"
ORANGE = "#d55e00"
VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    RULE: "var(--rule)",
    PAPER: "var(--paper)",
    BLUE: "var(--blue)",
    ORANGE: "var(--orange)",
}
SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "savefig.facecolor": PAPER,
}
"""matplotlib settings; model names are text, never mathematics."""


def inline_svg(svg: str, name: str, alternative: str) -> Markup:
    """A figure's SVG file as an element of the page.

    Drops what is for files only (prolog, metadata), makes ids unique to `name`, lets the page's
    colours and typeface through, and adds the text alternative.
    """
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="([^"]*)"', rf'id="{name}-\1"', body)
    body = re.sub(r"url\(#([^)]*)\)", rf"url(#{name}-\1)", body)
    body = re.sub(r'href="#([^"]*)"', rf'href="#{name}-\1"', body)
    body = re.sub(r"font-family: [^;\"]*", "font-family: inherit", body)
    body = re.sub(r"font: (?:[a-z0-9]+ )*?([\d.]+px) [^;\"]*", r"font-size: \1", body)
    for colour, variable in VARIABLES.items():
        body = body.replace(colour, variable)
    opening, rest = body.split(">", 1)
    opening = re.sub(r' (?:width|height)="[^"]*"', "", opening)
    width = re.search(r'viewBox="0 0 ([\d.]+)', opening)
    limit = f' style="max-width: {float(width[1]) * 4 / 3:.0f}px"' if width else ""
    label = f' role="img" aria-label="{escape(alternative)}"'
    return Markup(f"{opening}{label}{limit}>{rest}")  # noqa: S704 - matplotlib escaped the texts
