"""A run can only be repeated if the variables that shaped it are known."""

from pathlib import Path

from severe_bench.config.loading import load_config

YAML = """
version: 1
datasets:
  near:
    adapter: procedural
    options:
      world: near
      scale: ${SCALE:-1}
models:
  none: {backbone: r2plus1d_narrow}
recipes:
  plain: {}
experiments:
  e: {factor: standard, dataset: near, task: recognition, protocol: linear, recipe: plain}
suites:
  s:
    blocks:
      - {models: [none], experiments: [e], seeds: [0]}
"""


def test_only_variables_that_were_used_are_noted(tmp_path: Path) -> None:
    path = tmp_path / "benchmarks.yaml"
    path.write_text(YAML)
    config = load_config(path, {"SCALE": "0.5", "HOME": "/root", "OTHER": "x"})
    assert config.environ == {"SCALE": "0.5"}
    assert load_config(path, {}).environ == {}
