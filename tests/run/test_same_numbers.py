"""What makes a study fast changes no conclusion, shown on the built-in world."""

import numpy as np
import pytest

from severe_bench.config.loading import load_config
from severe_bench.data.procedural.generate import generate
from severe_bench.data.procedural.spec import WorldSpec
from severe_bench.plan.build import plan_suite
from severe_bench.run.cell import How, run_cell
from severe_bench.store.cells import check
from severe_bench.store.layout import Layout
from severe_bench.store.result import MetricValue

SEEDS = range(3)
STUDY = """\
version: 1
datasets:
  near: {adapter: manifest, root: world}
recipes:
  cached:
    clip: {frames: 8, size: 48, sampling: stride, stride: 2}
    augment: {flip: 0}
    test: {clips: 2}
    feature_views: 10
    batch_size: 16
    schedule: {epochs: 40, kind: cosine}
    optimiser: {name: adamw, lr: 1e-2}
  every_epoch: {extends: cached, probe: {reads: clips}}
  plain:
    extends: cached
    schedule: {epochs: 12, kind: cosine}
    optimiser: {name: adamw, lr: 1e-3}
    numerics: {channels_last: false}
  exact: {extends: plain, numerics: {channels_last: true}}
  rounding: {extends: plain, numerics: {channels_last: true, fused: true, compile: true}}
models:
  supervised:
    backbone: r2plus1d_narrow
    checkpoint: package:supervised
    provenance: {kind: supervised}
experiments:
"""
EXPERIMENTS = {
    "cached": "linear",
    "every_epoch": "linear",
    "plain": "finetune",
    "exact": "finetune",
    "rounding": "finetune",
}
STUDY += "".join(
    f"  {name}: {{factor: domain, dataset: near, task: recognition, protocol: {protocol}, "
    f"recipe: {name}}}\n"
    for name, protocol in EXPERIMENTS.items()
)
STUDY += f'suites:\n  s: {{blocks: [{{models: "*", experiments: "*", seeds: {list(SEEDS)}}}]}}\n'

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[MetricValue]]:
    """The headline metric of each experiment, by seed."""
    folder = tmp_path_factory.mktemp("study")
    generate(WorldSpec(world="near", train=48, test=96), folder / "world")
    config = folder / "benchmarks.yaml"
    config.write_text(STUDY)
    layout = Layout(folder / "results", "s")
    values: dict[str, list[MetricValue]] = {name: [] for name in EXPERIMENTS}
    for cell in plan_suite(load_config(config), "s").cells:
        ended = run_cell(layout, cell, How(), lambda: False, lambda _: None)
        assert ended.state == "done", ended.message
        result = check(layout.folder(cell))
        assert result is not None
        assert result.provenance.remarks == ()
        if cell.label is not None:
            headline = next(metric for metric in result.metrics if metric.headline)
            values[cell.label.experiment].append(headline)
    return values


def test_ten_cached_views_agree_with_augmenting_anew_in_each_epoch(
    found: dict[str, list[MetricValue]],
) -> None:
    """Each seed's accuracy lies in the other's 95 % interval over test videos."""
    for cached, anew in zip(found["cached"], found["every_epoch"], strict=True):
        print(f"10 views {cached.value:.1f} %, anew {anew.value:.1f} %")
        assert cached.ci_low is not None
        assert cached.ci_high is not None
        assert cached.ci_low <= anew.value <= cached.ci_high
        assert cached.value > 40, "both learn: chance is 17 %"


@pytest.mark.parametrize("fast", ["exact", "rounding"])
def test_fast_options_change_less_than_the_seed(
    found: dict[str, list[MetricValue]], fast: str
) -> None:
    """Another memory layout; and with it the fused optimiser and the compiled network."""
    plain = np.array([metric.value for metric in found["plain"]])
    changed = np.array([metric.value for metric in found[fast]])
    print(f"plain {plain}, {fast} {changed}")
    assert plain.std() > 0
    assert abs(plain - changed).mean() <= plain.std(ddof=1)
    assert plain.min() > 20, "it learns: chance is 17 %"
