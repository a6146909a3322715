"""What `severe plan` prints of a whole study."""

import re

from severe_bench.cli.plan_summary import summary_lines
from severe_bench.config.find import PACKAGED
from severe_bench.config.loading import load_config
from severe_bench.plan.build import plan_suite
from severe_bench.plan.estimate import estimate
from severe_bench.plan.summary import summarised
from severe_bench.plan.view import plan_json


def lines_of(suite: str, width: int | None) -> list[str]:
    plan = plan_suite(load_config(PACKAGED, {}), suite)
    states = {cell.id: "impossible" if cell.problem else "pending" for cell in plan.cells}
    view = plan_json(plan, states, estimate(plan.cells, states, {}, 2))
    return list(summary_lines(suite, summarised(plan.cells, states, {}), view, width))


def test_the_whole_study_fits_a_terminal() -> None:
    lines = lines_of("severe-full", 80)
    assert all(len(line) <= 80 for line in lines if "each of them: severe plan" not in line)
    assert len(lines) < 90
    assert lines[0].split() == ["experiment", "factor", "grid", "cells", "GPU-hours", "state"]
    assert lines[1].split()[:8] == ["ucf101", "standard", "2", "x", "11", "x", "3", "66"]
    assert not any("…" in line for line in lines[:40])
    assert any(line.startswith("severe-full: 4710 cells, 4710 impossible") for line in lines)
    assert "    66 cells wait for dataset hmdb51" in "\n".join(lines)


def test_in_a_narrow_terminal_the_command_stays_whole() -> None:
    lines = lines_of("demo", 40)
    assert any(line.endswith("each of them: severe plan demo --cells") for line in lines)
    assert all(len(line) <= 40 for line in lines if line.startswith(("near", "far")))


def test_each_missing_thing_has_one_line() -> None:
    lines = lines_of("severe-full", None)
    waiting = [line.split(" wait for ")[1] for line in lines if " wait for " in line]
    assert len(waiting) == 27
    assert waiting == sorted(waiting)
    checkpoint = "model moco: no checkpoint at checkpoints/checkpoint_0199.pth.tar"
    assert checkpoint in waiting


def test_a_small_study_is_told_in_the_time_of_a_worker_here() -> None:
    lines = lines_of("demo", None)
    assert "one worker" in lines[0]
    assert not any("wait for" in line for line in lines)
    assert len(lines) < 30
    assert re.fullmatch(
        r"demo: (\d+) cells, \1 to run; each of them: severe plan demo --cells", lines[-4]
    )
