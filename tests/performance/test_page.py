"""The README's ratios are the headlines of docs/performance.md."""

import re

from tests.performance.__main__ import PAGE, README, row, with_ratios
from tests.performance.measure import Line

MOST = 10
"""Ratios that somebody new will read."""


def test_the_readme_shows_the_headlines_of_the_page() -> None:
    readme, page = README.read_text(), PAGE.read_text()
    assert with_ratios(readme, page) == readme
    assert readme.count("| ratio |") == 1
    assert 0 < len(re.findall(r"(?m)^\| .* \| [\d.]+x.* \|$", readme)) <= MOST


def test_other_rows_and_rows_without_a_ratio_are_left_out() -> None:
    readme = "a\n<!-- from make bench -->\nold\n<!-- so far -->\nb\n"
    lines = (
        Line("one", "2.0x (1.5 to 2.5); 3 s / 1.5 s", headline=True),
        Line("two", "12.1 s", headline=True),
        Line("three", "30x; more", headline=True),
        Line("four", "40x"),
    )
    assert with_ratios(readme, "\n".join(map(row, lines))) == (
        "a\n<!-- from make bench -->\n| the other way / ours | ratio |\n| --- | --- |\n"
        "| one | 2.0x (1.5 to 2.5) |\n| three | 30x |\n<!-- so far -->\nb\n"
    )
