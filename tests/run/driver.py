"""A run in a process of its own: `python -m tests.run.driver RESULTS LEAVES [STEPS PAUSE]`."""

import json
import sys
from pathlib import Path

from severe_bench.run.devices import ONE_THREAD, Lane
from severe_bench.run.local import run_cells
from severe_bench.run.pool import Settings
from severe_bench.store.layout import Layout
from tests.run.fake_kinds import RUNNERS
from tests.run.grids import tree

LANES = tuple(Lane(f"cpu {n}", "cpu", ONE_THREAD) for n in range(2))

LEAVES = int(sys.argv[2]) if len(sys.argv) > 2 else 0
STEPS = int(sys.argv[3]) if len(sys.argv) > 3 else 20
PAUSE = float(sys.argv[4]) if len(sys.argv) > 4 else 0.01

if __name__ == "__main__":
    outcome = run_cells(
        Layout(Path(sys.argv[1]), "demo"),
        tree(LEAVES, STEPS, PAUSE),
        Settings(LANES, grace=10, losses=1000, runners=RUNNERS),
        lambda event: None,
    )
    print(json.dumps({"done": outcome.done, "failed": outcome.failed}))
    sys.exit(outcome.exit_code)
