"""The built-in world goes the way of real data: official files, prepare, feature cache, results."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from severe_bench.cli.data import data
from severe_bench.config.loading import load_config
from severe_bench.data.procedural.generate import generate
from severe_bench.data.procedural.spec import WorldSpec
from severe_bench.plan.build import plan_suite
from severe_bench.run.cell import How, run_cell
from severe_bench.store.cells import check
from severe_bench.store.layout import Layout
from severe_bench.store.predictions import read_predictions
from severe_bench.store.result import Result

NAMES = ("film", "small", "raw")
STUDY = """\
version: 1
datasets:
  film: {adapter: manifest, root: world}
  small: {adapter: manifest, root: world, prepared: {short_side: 32}}
  raw: {adapter: manifest, root: world, prepared: {short_side: 32, raw: true}}
recipes:
  quick:
    clip: {frames: 8, size: 32, sampling: stride, stride: 1}
    test: {clips: 2}
    batch_size: 4
    schedule: {epochs: 1}
models:
  none: {backbone: r2plus1d_narrow}
experiments:
"""
STUDY += "".join(
    f"  {name}-{protocol}: {{factor: domain, dataset: {name}, task: recognition, "
    f"protocol: {protocol}, recipe: quick}}\n"
    for name in NAMES
    for protocol in ("linear", "knn", "finetune")
)
STUDY += 'suites:\n  s: {blocks: [{models: none, experiments: "*", seeds: [0]}]}\n'


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Result]]:
    """By experiment, or by what features are of."""
    folder = tmp_path_factory.mktemp("study")
    generate(WorldSpec(world="near", train=10, test=10, size=48), folder / "world")
    config = folder / "benchmarks.yaml"
    config.write_text(STUDY)
    for kind in ([], ["--raw"]):
        arguments = ["prepare", "small", "--config", str(config), "--short-side", "32", *kind]
        result = CliRunner().invoke(data, [*arguments, "--workers", "1", "--json"])
        assert result.exit_code == 0, result.output
    layout, found = Layout(folder / "results", "s"), {}
    for cell in plan_suite(load_config(config), "s").cells:
        ended = run_cell(layout, cell, How(), lambda: False, lambda _: None)
        assert ended.state == "done", ended.message
        made = check(layout.folder(cell))
        assert made is not None
        name = cell.label.experiment if cell.label else cell.title.rpartition(" / ")[2]
        found[name] = (layout.folder(cell), made)
    return found


def decoders(results: dict[str, tuple[Path, Result]], name: str) -> dict[str, int]:
    return results[name][1].provenance.decoders


@pytest.mark.parametrize("protocol", ["linear", "knn", "finetune"])
def test_every_way_of_reading_gives_a_result(
    results: dict[str, tuple[Path, Result]], protocol: str
) -> None:
    scores = [read_predictions(results[f"{name}-{protocol}"][0]) for name in NAMES]
    assert all(np.array_equal(s.samples, scores[0].samples) for s in scores)
    assert all(s.scores.shape == scores[0].scores.shape for s in scores)
    assert len({results[f"{name}-{protocol}"][1].cell for name in NAMES}) == 3


def test_protocols_share_one_pass_of_the_backbone(
    results: dict[str, tuple[Path, Result]],
) -> None:
    """Two cells of features for each dataset, which hold every clip that was ever read for them."""
    features = [name for name, (_, made) in results.items() if made.kind == "features"]
    assert sorted(features) == [
        f"{d} {s}" for d in ("film", "raw", "small") for s in ("test", "train")
    ]
    for name in NAMES:
        read = [sum(decoders(results, f"{name} {split}").values()) for split in ("train", "test")]
        assert read == [10, 10]
        assert decoders(results, f"{name}-linear") == decoders(results, f"{name}-knn")


def test_provenance_tells_them_apart(results: dict[str, tuple[Path, Result]]) -> None:
    """decord cannot read pictures 48 pixels wide, and says so: PyAV then reads them."""
    made = [results[f"{name}-finetune"][1].provenance for name in NAMES]
    assert [found.decoder.split()[0] for found in made] == ["pyav", "decord", "raw"]
    assert made[2].decoder == f"raw frames of {made[0].decoder}"
    assert len({found.dataset for found in made}) == 3
