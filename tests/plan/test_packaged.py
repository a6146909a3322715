"""The study that ships with the package, against what is really registered."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from severe_bench.config.find import PACKAGED
from severe_bench.config.loading import load_config
from severe_bench.config.schema import Config
from severe_bench.plan.build import plan_suite
from severe_bench.plan.job import DatasetJob

ROOT = PACKAGED.parent.parent


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config(PACKAGED, {})


def test_the_file_at_the_root_is_the_packaged_one() -> None:
    assert (ROOT / "benchmarks.yaml").read_text() == PACKAGED.read_text()


def test_the_first_suite_is_the_default_demo(config: Config) -> None:
    assert next(iter(config.suites)) == "demo"


def test_the_demo_covers_models_seeds_and_factors(config: Config) -> None:
    cells = [cell for cell in plan_suite(config, "demo").cells if cell.label]
    labels = [cell.label for cell in cells if cell.label]
    models = {"none", "supervised", "temporal_contrast", "tubelet_contrast"}
    assert {label.model for label in labels} == models
    assert {label.seed for label in labels} == {0, 1, 2}
    assert {label.factor for label in labels} == {
        "standard",
        "domain",
        "samples",
        "actions",
        "task",
    }
    assert {label.protocol for label in labels} == {"linear", "finetune"}
    assert len(labels) == 4 * 9 * 3


def test_demo_full_finetunes_and_probes_every_dataset(config: Config) -> None:
    cells = plan_suite(config, "demo-full").cells
    pairs = Counter((c.label.dataset, c.label.protocol) for c in cells if c.label)
    datasets = {"near", "far_motion", "far_gym", "fine_spin", "fine_path", "counted", "together"}
    assert set(pairs) == {(d, p) for d in datasets for p in ("linear", "finetune")}


def test_demo_pretrain_makes_its_models(config: Config) -> None:
    cells = plan_suite(config, "demo-pretrain").cells
    assert Counter(cell.job.kind for cell in cells)["pretrain"] == 3
    assert not [cell.problem for cell in cells if cell.problem]


def test_suites_share_their_cells(config: Config) -> None:
    demo = {cell.id for cell in plan_suite(config, "demo").cells}
    full = {cell.id for cell in plan_suite(config, "demo-full").cells}
    assert demo < full


def test_one_number_scales_every_world() -> None:
    def videos(environ: dict[str, str]) -> dict[str, tuple[int, int]]:
        cells = plan_suite(load_config(PACKAGED, environ), "demo-pretrain").cells
        options = [c.job.dataset.options for c in cells if isinstance(c.job, DatasetJob)]
        return {each["world"]: (each["train"], each["test"]) for each in options}

    whole, half = videos({}), videos({"SEVERE_SCALE": "0.5", "SEVERE_LABELS": "100"})
    assert len(whole) == 6
    for world, counts in half.items():
        assert counts == pytest.approx([count / 2 for count in whole[world]], rel=0.05)


@pytest.mark.parametrize("suite", ["demo", "demo-full", "demo-tasks", "demo-pretrain"])
def test_claims_are_about_cells_of_their_suite(config: Config, suite: str) -> None:
    labels = [cell.label for cell in plan_suite(config, suite).cells if cell.label]
    there = {(label.model, label.experiment, label.preset) for label in labels}
    for claim in config.suites[suite].claims:
        assert (claim.better, claim.experiment, claim.preset) in there
        assert (claim.worse, claim.experiment, claim.preset) in there


def test_planning_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from severe_bench.config.find import PACKAGED\n"
        "from severe_bench.config.loading import load_config\n"
        "from severe_bench.plan.build import plan_suite\n"
        "from severe_bench.plan.estimate import estimate\n"
        "from severe_bench.plan.view import plan_json\n"
        "plan = plan_suite(load_config(PACKAGED, {}), 'demo-pretrain')\n"
        "plan_json(plan, {}, estimate(plan.cells, {}, {}, 2))\n"
        "heavy = {'torch', 'torchvision', 'pandas', 'matplotlib', 'decord', 'av', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "[]\n"
