"""`make bench`: every benchmark, one line per claim. Prints figures; asserts none.

With names (`clips`, `growth`, ...) only these; the others keep their lines in docs/performance.md.
The README shows the ratios of headlines, which are bold on the page.
`--gpu` (`make bench-gpu`) runs those that need a GPU instead.
"""

import importlib
import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import torch

from severe_bench.core.atomic import write_text
from tests.performance.measure import Line

HERE = Path(__file__).parent
PAGE, README = Path("docs/performance.md"), Path("README.md")
BEGIN, END = "<!-- from make bench -->\n", "<!-- so far -->"
RATIO = re.compile(r"\| \*\*(?P<claim>.*)\*\* \| (?P<ratio>[\d.]+x(?: \([\d. to]+\))?).*\|")
HEAD = """\
# How fast it is, side by side

`make bench` writes this page. Both sides of a ratio run in turn in one process on one machine; a
ratio is the median of pairs, with its range. The peer's way is written from facts about the SEVERE
code (PyAV and PIL, frame by frame; a frozen backbone that runs again in every epoch). Where a side
is extrapolated, the line says from what. Sections of `make bench-gpu` name their GPU; where there
is none here, nothing was measured on a GPU. The README shows what is bold.

![Seconds by number of cells, samples and features](performance.svg)

Dotted: growth with the size. Memory is what a process holds beyond mapped files.
"""


ON_CPU, ON_GPU = "bench_", "gpu_"
"""How the names of modules begin; those of the GPU keep it as the name of their section."""


def main(arguments: list[str]) -> None:
    """Run the named benchmarks, or all of them, and write the page."""
    names = [argument for argument in arguments if argument != "--gpu"]
    if len(names) == len(arguments):
        _measure(ON_CPU, names)
    elif torch.cuda.is_available():
        _measure(ON_GPU, names)
    else:
        print("nothing was measured: there is no GPU here")


def _measure(kind: str, names: list[str]) -> None:
    sections = _sections(PAGE.read_text() if PAGE.exists() else "")
    for path in sorted(HERE.glob(f"{kind}*.py")):
        name = path.stem.removeprefix(ON_CPU)
        if names and name not in names:
            continue
        module = importlib.import_module(f"tests.performance.{path.stem}")
        lines = []
        for line in module.bench():
            print(row(line), flush=True)
            lines.append(row(line))
        sections[name] = _section(name, module.__doc__ or "", lines)
        write_text(PAGE, "\n".join([HEAD, *(sections[name] for name in sorted(sections))]))
    write_text(README, with_ratios(README.read_text(), PAGE.read_text()))


def with_ratios(readme: str, page: str) -> str:
    """The README with a table of the page's bold ratios between its two marks."""
    before, rest = readme.split(BEGIN)
    rows = [f"| {found['claim']} | {found['ratio']} |" for found in RATIO.finditer(page)]
    table = "\n".join(["| the other way / ours | ratio |", "| --- | --- |", *rows])
    return f"{before}{BEGIN}{table}\n{END}{rest.split(END)[1]}"


def row(line: Line) -> str:
    """Of the page's table."""
    claim = f"**{line.claim}**" if line.headline else line.claim
    return f"| {claim} | {line.measured} |"


def _section(name: str, what: str, lines: list[str]) -> str:
    load = os.getloadavg()[0]
    machine = f"{len(os.sched_getaffinity(0))} cores, load {load:.1f}, torch {torch.__version__}"
    if name.startswith(ON_GPU):
        machine = f"{torch.cuda.get_device_name()}, {machine}"
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
