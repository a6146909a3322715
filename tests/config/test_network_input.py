"""Statements of inputs are of pixels in [0, 1]."""

from pathlib import Path

import pytest

from severe_bench.config.loading import load_config
from severe_bench.config.network_input import Input
from severe_bench.core.errors import UserError

STUDY = """\
version: 1
datasets:
  near: {adapter: procedural, options: {world: near}}
recipes:
  probe: {clip: {frames: 8, size: 48}}
models:
  ours:
    backbone: r2plus1d_narrow
    input: INPUT
experiments:
  near: {factor: standard, dataset: near, task: recognition, protocol: linear, recipe: probe}
suites:
  s: {blocks: [{models: ours, experiments: "*", seeds: [0]}]}
"""


@pytest.mark.parametrize(
    ("given", "key", "what"),
    [
        ("{mean: [123, 117, 104]}", "mean", "means of pixels lie in [0, 1]"),
        ("{mean: [-0.1, 0, 0]}", "mean", "means of pixels lie in [0, 1]"),
        ("{std: [58, 57, 57]}", "std", "standard deviations of pixels lie in (0, 1]"),
        ("{std: [1, 1, 0]}", "std", "standard deviations of pixels lie in (0, 1]"),
    ],
)
def test_values_of_0_to_255_are_refused_in_one_line(
    tmp_path: Path, given: str, key: str, what: str
) -> None:
    path = tmp_path / "benchmarks.yaml"
    path.write_text(STUDY.replace("INPUT", given))
    with pytest.raises(UserError) as caught:
        load_config(path)
    mend = "divide those of 0 to 255 by 255"
    assert str(caught.value) == f"{path}:9: models.ours.input.{key}: {what}; {mend}"


def test_the_limits_themselves_are_accepted() -> None:
    assert Input(mean=(0, 0, 0), std=(1, 1, 1)).std == (1, 1, 1)
    assert Input(mean=(1, 1, 1)).mean == (1, 1, 1)
