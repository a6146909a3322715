"""What no machine could help is said by `plan` and by `run`, before any cell starts."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import TINY, Severe

UNFIT = TINY.replace("task: recognition, protocol: linear", "task: counting, protocol: finetune")
IDLE = TINY.replace("protocol: linear", "protocol: knn").replace(
    "recipe: probe}", "recipe: probe,\n                set: {recipe.optimiser.lr: 0.1}}"
)
REFUSAL = (
    "benchmarks.yaml:16: 2 cells cannot run: task counting needs count, starts, stop of each "
    "sample, and dataset near has label; choose a task or a dataset that fits"
)
NOTE = (
    "benchmarks.yaml:18: experiments.near-linear.set.recipe.optimiser.lr changes nothing: "
    "protocol knn does not read it; leave it out"
)


@pytest.mark.parametrize(("study", "line"), [(UNFIT, REFUSAL), (IDLE, NOTE)])
@pytest.mark.parametrize("options", [(), ("--cells",)])
def test_a_plan_ends_with_it(
    severe: Severe, tmp_path: Path, study: str, line: str, options: tuple[str, ...]
) -> None:
    (tmp_path / "benchmarks.yaml").write_text(study)
    found = severe("plan", *options)
    assert found.code == 0
    assert found.out.splitlines()[-1] == line


def test_scripts_get_it_as_data(severe: Severe, tmp_path: Path) -> None:
    (tmp_path / "benchmarks.yaml").write_text(UNFIT)
    found = json.loads(severe("plan", "--json").out)
    (refused,) = found["refused"]
    assert refused["where"].endswith("benchmarks.yaml:16")
    assert refused["cells"] == 2
    assert found["notes"] == []


def test_a_run_says_it_before_anything_starts(severe: Severe, tmp_path: Path) -> None:
    (tmp_path / "benchmarks.yaml").write_text(UNFIT)
    found = severe("run")
    assert found.code == 2
    first, *rest = found.err.splitlines()
    assert first == REFUSAL
    assert "no cell of suite tiny can run" in rest[0]
