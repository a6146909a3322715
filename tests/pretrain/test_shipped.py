"""The checkpoints in the package: whole, and still those that the default study makes."""

from pathlib import Path

import pytest

from severe_bench.config.loading import load_config
from severe_bench.core.digest import canonical_json, file_digest
from severe_bench.core.record import Dataset
from severe_bench.models.shipped import FOLDER, shipped
from severe_bench.models.weights import load_checkpoint, load_into
from severe_bench.plan.build import plan_suite
from severe_bench.plan.digests import FileDigests
from severe_bench.plan.grid import Filters
from severe_bench.plan.job import PretrainJob
from severe_bench.pretrain.setting import Setting
from tests.pretrain.conftest import OPTIONS

STUDY = Path(__file__).parents[2] / "severe_bench" / "benchmarks.yaml"
EVERY_METHOD = sorted(OPTIONS)


@pytest.mark.parametrize("name", EVERY_METHOD)
def test_a_file_is_what_the_index_says_and_fits_its_backbone(name: str) -> None:
    entry, path = shipped()[name], FOLDER / f"{name}.pt"
    assert file_digest(path) == entry.sha256
    assert path.stat().st_size <= 1_000_000
    checkpoint = load_checkpoint(path, "severe")
    assert checkpoint.metadata is not None
    assert entry.method == checkpoint.metadata.method == name
    assert entry.recipe == checkpoint.metadata.recipe
    given = PretrainJob.model_validate(entry.recipe)
    setting = Setting(given, Dataset("", Path(), (), ()), (), "cpu")
    load_into(setting.backbone(), checkpoint.tensors, name)


def test_nothing_else_is_shipped() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.pt")) == sorted(shipped()) == EVERY_METHOD


def test_the_default_study_would_make_them_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same world, same recipe, same seed; ship again when this fails, see `pretrain.ship`."""
    for variable in ("SEVERE_SCALE", "SEVERE_PRETRAIN_SEED"):
        monkeypatch.delenv(variable, raising=False)
    plan = plan_suite(
        load_config(STUDY), "demo-pretrain", Filters(), FileDigests(tmp_path / "digests.json")
    )
    jobs = {cell.job.method: cell.job for cell in plan.cells if isinstance(cell.job, PretrainJob)}
    assert jobs.keys() == shipped().keys()
    for name, entry in shipped().items():
        made = PretrainJob.model_validate(entry.recipe)
        assert canonical_json(jobs[name]) == canonical_json(made), name
