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

if __name__ == "__main__":
    leaves, steps, pause = int(sys.argv[2]), *([*sys.argv[3:], "20", "0.01"][:2])
    outcome = run_cells(
        Layout(Path(sys.argv[1]), "demo"),
        tree(leaves, int(steps), float(pause)),
        Settings(LANES, grace=10, losses=1000, runners=RUNNERS),
        lambda event: None,
    )
    print(json.dumps({"done": outcome.done, "failed": outcome.failed}))
    sys.exit(outcome.exit_code)
