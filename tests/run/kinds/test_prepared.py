"""A cell of prepared videos reads these and nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest

from severe_bench.config.prepared import Prepared
from severe_bench.core.errors import UserError
from severe_bench.data.prepare import Prepare
from severe_bench.data.prepared import prepared_digest
from severe_bench.data.store import VideoStore
from severe_bench.plan.cell import Cell
from severe_bench.run.kinds.inputs import load_dataset
from severe_bench.run.work import Work
from tests.data.zoo import Animal, numbers_of
from tests.run.kinds.test_inputs import job_of, work_in

HOW = Prepared(short_side=32)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def prepared_work(folder: Path, made: Path) -> Work:
    work = work_in(folder)
    job = job_of(work)
    digest = prepared_digest(job.dataset.digest, HOW)
    ref = job.dataset.model_copy(update={"digest": digest})
    places = work.cell.places.model_copy(update={"prepared": HOW, "prepared_folder": str(made)})
    cell = Cell.of(job.model_copy(update={"dataset": ref}), "evaluate", places=places)
    return replace(work, cell=cell)


def test_prepared_videos_are_read(tmp_path: Path) -> None:
    made = tmp_path.with_name(f"{tmp_path.name}-made")
    paths = ["a.mp4", "b.mp4"]
    work = prepared_work(tmp_path, made)
    for first, name in enumerate(paths):
        Animal(name, options={"preset": "ultrafast"}, count=12, first=first).write(tmp_path)
    with Prepare(tmp_path, paths, made, HOW, 1).opened() as opened:
        assert len(list(opened.run())) == 2
    dataset = load_dataset(job_of(work).dataset, work)
    assert dataset.root == made
    frames = VideoStore(dataset.root).frames(dataset.records[1])
    assert frames.shape[1:3] == (32, 42)
    assert numbers_of(frames) == list(range(1, 13))


def test_without_them_nothing_is_read(tmp_path: Path) -> None:
    work = prepared_work(tmp_path, tmp_path / "made")
    with pytest.raises(UserError, match=r"2 of 2 samples .* run `severe data prepare manifest`"):
        load_dataset(job_of(work).dataset, work)


def test_a_cell_of_originals_is_not_one_of_prepared_videos(tmp_path: Path) -> None:
    work = prepared_work(tmp_path, tmp_path / "made")
    with pytest.raises(UserError, match="changed since"):
        load_dataset(job_of(work_in(tmp_path)).dataset, work)
