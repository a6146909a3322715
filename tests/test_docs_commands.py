"""Commands and options that README and docs name exist, and links to headings lead to one."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from severe_bench.cli.main import app

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CODE = re.compile(r"```[a-z]*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def spoken(page: Path) -> Iterator[list[str]]:
    """The words of every command line, up to a comment or a wide gap."""
    for block, inline in CODE.findall(page.read_text()):
        for line in (block or inline).splitlines():
            found = re.match(r"(?:[A-Z_]+=\S+ )*severe ([a-z].*)", line)
            if found is not None:
                yield re.split(r"\s{2,}|#", found[1])[0].replace(",", " ").split()


def unknown(words: list[str]) -> list[str]:
    """Those that are neither a command nor an option of it."""
    command: Any = get_command(app)
    while words and hasattr(command, "commands"):
        if words[0] not in command.commands:
            return [] if words[0] == "..." else words[:1]
        command, words = command.commands[words[0]], words[1:]
    options = {name for parameter in command.params for name in parameter.opts}
    return [word for word in words if word.startswith("-") and word not in options]


@pages
def test_every_command_and_option_exists(page: Path) -> None:
    assert [(words, wrong) for words in spoken(page) if (wrong := unknown(words))] == []


def test_a_wrong_one_would_be_found() -> None:
    assert unknown(["run", "demo", "--devices", "cpu"]) == []
    assert unknown(["run", "--device", "cpu"]) == ["--device"]
    assert unknown(["data", "chek"]) == ["chek"]


def anchors(page: Path) -> set[str]:
    """Of its headings, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ (.*)$", page.read_text())
    return {re.sub(r"[^\w -]", "", text).strip().lower().replace(" ", "-") for text in headings}


@pages
def test_links_to_headings_lead_to_one(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text()):
        assert anchor in anchors(page.parent / target if target else page), f"{target}#{anchor}"
