"""Calling `severe` as a user does: a process of its own, with its exit code and both streams."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

TINY = """
version: 1
datasets:
  near: {adapter: procedural, options: {world: near, train: 20, test: 20}}
recipes:
  probe:
    clip: {frames: 8, size: 48, stride: 2}
    augment: {flip: 0}
    test: {clips: 2}
    standardise: true
    schedule: {epochs: 5, kind: cosine}
    optimiser: {name: adamw, lr: 1e-2}
models:
  none: {backbone: r2plus1d_narrow}
experiments:
  near-linear: {factor: standard, dataset: near, task: recognition, protocol: linear,
                budget: {count: 20, draw: cell}, recipe: probe}
suites:
  tiny:
    blocks:
      - {models: ["*"], experiments: ["*"], seeds: [0, 1]}
"""


@dataclass(frozen=True)
class Reply:
    """What a command said."""

    code: int
    out: str
    err: str


Severe = Callable[..., Reply]


def caller(folder: Path) -> Severe:
    """Runs `severe ARGUMENTS` in a folder."""

    def call(*arguments: str, **environ: str) -> Reply:
        found = subprocess.run(
            [sys.executable, "-m", "severe_bench.cli.main", *arguments],
            cwd=folder, capture_output=True, text=True, check=False, timeout=300,
            env={**os.environ, "COLUMNS": "100", **environ},
        )  # fmt: skip
        return Reply(found.returncode, found.stdout, found.stderr)

    return call


@pytest.fixture
def severe(tmp_path: Path) -> Severe:
    """Run `severe ARGUMENTS` in an empty folder that holds only the tiny benchmarks.yaml."""
    (tmp_path / "benchmarks.yaml").write_text(TINY)
    return caller(tmp_path)
