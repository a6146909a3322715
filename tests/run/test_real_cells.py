"""The kill test on real cells: rendering, pretraining, features, probing and finetuning."""

import os
import random
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from severe_bench.config.loading import load_config
from severe_bench.plan.build import plan_suite
from severe_bench.plan.cell import Cell
from severe_bench.run.devices import ONE_THREAD, Lane
from severe_bench.run.local import run_cells
from severe_bench.run.pool import Settings
from severe_bench.store.cells import check
from severe_bench.store.layout import Layout
from severe_bench.store.predictions import read_predictions
from severe_bench.store.status import status
from tests.run.test_kill import children

CONFIG = Path(__file__).with_name("small.yaml")
LANES = tuple(Lane(f"cpu {n}", "cpu", ONE_THREAD) for n in range(2))
KILLS = 3


def cells_of() -> list[Cell]:
    return list(plan_suite(load_config(CONFIG), "small").cells)


def run_small(results: Path) -> int:
    settings = Settings(LANES, grace=60, losses=1000)
    return run_cells(Layout(results, "small"), cells_of(), settings, lambda event: None).exit_code


def numbers(results: Path) -> dict[str, object]:
    layout = Layout(results, "small")
    found: dict[str, object] = {}
    for cell in cells_of():
        folder = layout.folder(cell)
        result = check(folder)
        assert result is not None
        found[cell.id] = result.metrics
        if cell.label:
            found[cell.id] = (result.metrics, read_predictions(folder).scores.tobytes())
    return found


@pytest.mark.slow
def test_real_numbers_survive_killing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEVERE_CHECKPOINT_SECONDS", "0.2")
    assert run_small(tmp_path / "quiet") == 0
    loud = tmp_path / "loud"
    layout, cells = Layout(loud, "small"), cells_of()
    dice = random.Random(0)
    for _ in range(KILLS):
        process = subprocess.Popen([sys.executable, "-m", "tests.run.test_real_cells", str(loud)])
        before = status(layout, cells).done
        deadline = time.monotonic() + 60
        while status(layout, cells).done < before + 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(dice.uniform(0, 1))
        for victim in [*children(process.pid), process.pid]:
            with suppress(ProcessLookupError):
                os.kill(victim, 9)
        process.wait()
        assert status(layout, cells).failed == 0
    assert run_small(loud) == 0
    assert numbers(loud) == numbers(tmp_path / "quiet")
    assert status(layout, cells).complete


if __name__ == "__main__":
    sys.exit(run_small(Path(sys.argv[1])))
