"""The ranking in a terminal of 80 columns."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from severe_bench.analysis.reading import harvest
from severe_bench.report.terminal import ranking_table
from severe_bench.store.layout import Layout
from tests.analysis.builder import Trial, mark_best_on_test, write_suite

FACTORS = ("standard", "domain", "samples", "actions", "task")


def printed(layout: Layout) -> str:
    stream = io.StringIO()
    Console(file=stream, width=80).print(ranking_table(harvest(layout)))
    return stream.getvalue()


def test_five_factors_and_long_names_fit(tmp_path: Path) -> None:
    layout = Layout(tmp_path, "demo")
    skills = {"[red]supervised[/red]_on_something_very_long": 0.9, "none": 0.2}
    trials = [Trial(f"x-{f}", f, skills, videos=40, protocol="finetune") for f in FACTORS]
    write_suite(layout, trials, (0,))
    text = printed(layout)
    assert max(map(len, text.splitlines())) <= 80
    for word in ("Mean", "Rank", *(factor.capitalize() for factor in FACTORS), "[red]super", "…"):
        assert word in text
    first, second = [line for line in text.splitlines() if line.strip()[:1] in ("1", "2")]
    assert len(first.split()) == 2 + 2 + len(FACTORS)
    assert second.split()[1] == "none"
    assert "over 5 of 5 experiments." in text


def test_numbers_with_caveats_carry_their_signs(tmp_path: Path) -> None:
    layout = Layout(tmp_path, "demo")
    skills = {"chosen_on_the_test_set": 0.9, "none": 0.2}
    trials = [Trial(f"x-{f}", f, skills, videos=40, protocol="finetune") for f in FACTORS]
    cells = write_suite(layout, trials, (0,))
    assert "‡" not in printed(layout)
    mark_best_on_test(layout, cells, "chosen_on_the_test_set")
    text = printed(layout)
    assert max(map(len, text.splitlines())) <= 80
    (first,) = [line for line in text.splitlines() if line.startswith("1 ")]
    assert first.count("‡") == 2 + len(FACTORS)
    (second,) = [line for line in text.splitlines() if line.startswith("2 ")]
    assert "‡" not in second
    assert "‡: best on test" in " ".join(text.split())


@pytest.mark.parametrize("models", [{}, {"only": 0.5}])
def test_few_models(tmp_path: Path, models: dict[str, float]) -> None:
    layout = Layout(tmp_path, "demo")
    write_suite(layout, [Trial("x", "standard", models, videos=40)], (0,))
    text = printed(layout)
    assert ("only" in text) == bool(models)
    assert ("No cell is finished yet." in text) == (not models)
