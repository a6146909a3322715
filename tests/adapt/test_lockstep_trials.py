"""Heads of many rates and decays in company: the bits of each are those that it has alone."""

from pathlib import Path

import pytest
import torch

from severe_bench.core.errors import Interrupted
from severe_bench.train.checkpoint import CHECKPOINT_FILE
from tests.adapt.companies import (
    GRID,
    PLAIN,
    SCHEDULES,
    Case,
    Trials,
    alone,
    assert_same,
    plan,
    together,
)
from tests.train.fakes import Wires


def alive(folder: Path, case: Case) -> list[bool]:
    content = torch.load(folder / case.name / CHECKPOINT_FILE, weights_only=True)
    return list(content["module"]["alive"].tolist())


def test_a_head_that_diverges_is_out_and_no_other_notices(tmp_path: Path) -> None:
    """Not in its cell and not in another, nor after a stop."""
    spec = {"name": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 1e-2}
    wild = Trials(plan(spec, SCHEDULES[1]), wild=1e30)
    alone(tmp_path / "alone", wild, GRID[:4])
    folder = tmp_path / "together"
    with pytest.raises(Interrupted):
        together(folder, wild, GRID[:4], Wires(folder, stop=lambda n: n == 6))
    together(folder, wild, GRID[:4])
    for case in GRID[:4]:
        assert alive(folder, case) == [True] * 9 + [False]
    assert_same(tmp_path / "alone", folder, GRID[:4])


def test_progress_counts_all_heads(tmp_path: Path) -> None:
    wires = Wires(tmp_path)
    together(tmp_path, Trials(PLAIN), GRID[:4], wires)
    assert {report.stage for report in wires.reports} == {"train 40 heads"}
