"""The README's ratios are those of docs/performance.md."""

from tests.performance.__main__ import PAGE, README, with_ratios


def test_the_readme_shows_the_ratios_of_the_page() -> None:
    readme, page = README.read_text(), PAGE.read_text()
    assert with_ratios(readme, page) == readme
    assert readme.count("| ratio |") == 1


def test_a_row_without_a_ratio_is_left_out() -> None:
    readme = "a\n<!-- from make bench -->\nold\n<!-- so far -->\nb\n"
    page = "| one | 2.0x (1.5 to 2.5); 3 s / 1.5 s |\n| two | 12.1 s |\n| three | 30x; more |\n"
    assert with_ratios(readme, page) == (
        "a\n<!-- from make bench -->\n| the other way / ours | ratio |\n| --- | --- |\n"
        "| one | 2.0x (1.5 to 2.5) |\n| three | 30x |\n<!-- so far -->\nb\n"
    )
