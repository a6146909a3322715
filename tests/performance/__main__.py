"""`make bench`: every benchmark, one line per claim. Prints figures; asserts none."""

import importlib
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main(names: list[str]) -> None:
    """Run the named benchmarks (`plan_status`, ...), or all of them."""
    for path in sorted(HERE.glob("bench_*.py")):
        if names and path.stem.removeprefix("bench_") not in names:
            continue
        module = importlib.import_module(f"tests.performance.{path.stem}")
        for line in module.bench():
            print(f"| {line.claim} | {line.measured} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
