"""Colours of every figure, and how a figure takes on the page's own colours.

The categorical colours of the files are those of Okabe and Ito (2008); the page has others, of
enough contrast on its light and its dark paper. Colour-blind readers can tell either apart, and no
figure tells anything by colour alone.
"""

import re

from markupsafe import Markup, escape

INK = "#1c1c1e"
MUTED = "#6e6e73"
RULE = "#d8d8dc"
PAPER = "#ffffff"
BLUE = "#0072b2"
ORANGE = "#d55e00"
ON_BLUE = "#fdfdfe"
"""Words on full blue, which the dark page makes a light blue."""
SERIES = (BLUE, ORANGE, "#009e73", "#cc79a7", "#e69f00", "#56b4e9", INK)
"""One after the other for curves; further ones repeat them with another dash."""
VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    RULE: "var(--rule)",
    PAPER: "var(--paper)",
    BLUE: "var(--blue)",
    ORANGE: "var(--orange)",
    ON_BLUE: "var(--on-blue)",
    SERIES[2]: "var(--green)",
    SERIES[3]: "var(--pink)",
    SERIES[4]: "var(--amber)",
    SERIES[5]: "var(--sky)",
}


def inline_svg(svg: str, alternative: str) -> Markup:
    """A figure's SVG file as an element of the page.

    Lets the page's colours and typeface through, sizes it by the page, and adds the text
    alternative.
    """
    body = svg[svg.index("<svg") :]
    opening, rest = body.split(">", 1)
    for colour, variable in VARIABLES.items():
        rest = rest.replace(f'"{colour}"', f'"{variable}"')
    width = re.search(r' width="(\d+)"', opening)
    limit = f' style="--natural: {width[1]}px"' if width else ""
    opening = re.sub(r' (?:width|height|font-family|role|aria-label)="[^"]*"', "", opening)
    label = f' role="img" aria-label="{escape(alternative)}"'
    return Markup(f"{opening}{label}{limit}>{rest}")  # noqa: S704 - Canvas escaped the texts
