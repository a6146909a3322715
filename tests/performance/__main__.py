"""`make bench`: every benchmark, one line per claim. Prints figures; asserts none.

With names (`clips`, `growth`, ...) only these; the others keep their lines in docs/performance.md.
"""

import importlib
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import torch

from severe_bench.core.atomic import write_text
from tests.performance.measure import Line

HERE = Path(__file__).parent
PAGE = Path("docs/performance.md")
HEAD = """\
# How fast it is, side by side

`make bench` writes this page. Both sides of a ratio run in turn in one process on one machine; a
ratio is the median of pairs, with its range. The peer's way is written from facts about the SEVERE
code (PyAV and PIL, frame by frame; a frozen backbone that runs again in every epoch). Where a side
is extrapolated, the line says from what. What needs a GPU is not on this page.

![Seconds by number of cells, samples and features](performance.svg)

Dotted: growth with the size. Memory is what a process holds beyond mapped files.
"""


def main(names: list[str]) -> None:
    """Run the named benchmarks, or all of them, and write the page."""
    sections = _sections(PAGE.read_text() if PAGE.exists() else "")
    for path in sorted(HERE.glob("bench_*.py")):
        name = path.stem.removeprefix("bench_")
        if names and name not in names:
            continue
        module = importlib.import_module(f"tests.performance.{path.stem}")
        lines = []
        for line in module.bench():
            print(_row(line), flush=True)
            lines.append(_row(line))
        sections[name] = _section(name, module.__doc__ or "", lines)
        write_text(PAGE, "\n".join([HEAD, *(sections[name] for name in sorted(sections))]))


def _row(line: Line) -> str:
    return f"| {line.claim} | {line.measured} |"


def _section(name: str, what: str, lines: list[str]) -> str:
    load = os.getloadavg()[0]
    machine = f"{len(os.sched_getaffinity(0))} cores, load {load:.1f}, torch {torch.__version__}"
    when = datetime.now(UTC).date().isoformat()
    table = "\n".join(["| claim | measured |", "| --- | --- |", *lines])
    said = what.strip().splitlines()[0]
    return f"## {name}\n\n{said} {when}, {machine}.\n\n{table}\n"


def _sections(page: str) -> dict[str, str]:
    """By name, as an earlier run wrote them."""
    parts = page.split("## ")[1:]
    return {part.splitlines()[0]: f"## {part.rstrip()}\n" for part in parts}


if __name__ == "__main__":
    main(sys.argv[1:])
