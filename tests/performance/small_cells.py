"""Small real work for a cell: a linear probe of some thousand numbers, as torch does it.

`python -m tests.performance.small_cells RESULTS SEED` computes one of them in a process of its own.
"""

import json
import os
import sys
import time
from pathlib import Path

from severe_bench.run.cell import How, run_cell
from severe_bench.run.work import Outputs, Work
from severe_bench.store.layout import Layout
from severe_bench.store.result import MetricValue
from tests.run.grids import evaluate as cell_of

RUNNERS = {"evaluate": "tests.performance.small_cells:probe"}
SPENT = "SEVERE_BENCH_SPENT"
"""Environment variable: the file that takes each cell's own seconds."""


def probe(work: Work) -> Outputs:
    """Fifty steps of a linear layer."""
    import torch

    began = time.perf_counter()
    torch.manual_seed(0)
    inputs, targets = torch.randn(1000, 64), torch.randint(10, (1000,))
    layer = torch.nn.Linear(64, 10)
    optimiser = torch.optim.SGD(layer.parameters(), lr=0.1)
    for _ in range(50):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(layer(inputs), targets).backward()
        optimiser.step()
    value = MetricValue(
        name="top1", value=50.0, unit="%", higher_is_better=True, n=2, headline=True
    )
    with Path(os.environ[SPENT]).open("a") as stream:
        stream.write(json.dumps(time.perf_counter() - began) + "\n")
    return Outputs(metrics=(value,))


if __name__ == "__main__":
    ended = run_cell(
        Layout(Path(sys.argv[1]), "alone"),
        cell_of(int(sys.argv[2])),
        How(runners=RUNNERS),
        lambda: False,
        lambda _: None,
    )
    sys.exit(ended.state != "done")
