"""The colours of curves are told apart by colour-blind readers, in files and on either page."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import severe_bench.report
from severe_bench.report import style

Array = NDArray[np.float64]
SEEN = {
    "normal": np.eye(3),
    "deuteranope": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "protanope": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
}
"""Linear RGB as seen; Machado, Oliveira and Fernandes (2009), severity 1."""
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])
STYLES = Path(severe_bench.report.__file__).parent / "templates" / "style.css.j2"


def linear(colour: str) -> Array:
    shares = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)


def lab(rgb: Array) -> Array:
    """CIE 1976 L*a*b*."""
    xyz = TO_XYZ @ np.clip(rgb, 0, 1) / WHITE
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def pages() -> list[dict[str, str]]:
    """Variables of the light page, then of the dark one."""
    blocks = re.findall(r":root \{(.*?)\}", STYLES.read_text(), re.DOTALL)
    return [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block)) for block in blocks]


def palettes() -> dict[str, list[str]]:
    names = [re.sub(r"var\(--(.*)\)", r"\1", style.VARIABLES[colour]) for colour in style.SERIES]
    light, dark = ([page[name] for name in names] for page in pages())
    return {"files": list(style.SERIES), "light": light, "dark": dark}


@pytest.mark.parametrize("eyes", SEEN)
@pytest.mark.parametrize("where", ["files", "light", "dark"])
def test_no_two_colours_of_curves_look_alike(where: str, eyes: str) -> None:
    seen = [lab(SEEN[eyes] @ linear(colour)) for colour in palettes()[where]]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 15


@pytest.mark.parametrize("page", [0, 1])
def test_curves_and_words_stand_out_from_the_paper(page: int) -> None:
    """WCAG 2.2: 3 for graphics (1.4.11), 4.5 for words (1.4.3)."""
    found = pages()[page]

    def contrast(name: str) -> float:
        light = sorted(float(TO_XYZ[1] @ linear(found[one])) for one in (name, "paper"))
        return (light[1] + 0.05) / (light[0] + 0.05)

    curves = ("blue", "orange", "green", "pink", "amber", "sky", "ink")
    assert min(map(contrast, curves)) >= 3.0
    assert min(map(contrast, ("ink", "muted", "blue", "orange", "held"))) >= 4.5
