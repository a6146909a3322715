"""What docs/data.md says of the official datasets holds, and every page's links lead somewhere."""

import re
from pathlib import Path

import pytest

from severe_bench.data.adapter import ADAPTERS

DOCS = Path(__file__).parent.parent / "docs"
ROWS = {
    name: line
    for line in (DOCS / "data.md").read_text().splitlines()
    if line.startswith("| `")
    for name in re.findall(r"`(\w+)`", line.split("|")[1])
}


def test_every_official_dataset_is_in_the_table() -> None:
    assert set(ROWS) == set(ADAPTERS.names()) - {"manifest", "procedural"}


@pytest.mark.parametrize("name", sorted(ROWS))
def test_its_options_are_those_of_the_adapter(name: str) -> None:
    told = re.match(r" (?:`(\w+)`)?", ROWS[name].split("|")[4])
    assert told is not None
    fields = ADAPTERS.get(name).options.model_fields
    assert set(fields) == ({told[1]} if told[1] else set())


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (DOCS / target).exists(), target
