"""A cell reads just what its id stands for."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from severe_bench.config.recipe import Recipe
from severe_bench.core.budget import Budget
from severe_bench.core.digest import file_digest
from severe_bench.core.errors import UserError
from severe_bench.core.record import Dataset
from severe_bench.core.session import Session
from severe_bench.data.adapter import Location
from severe_bench.data.datasets.manifest import MANIFEST, ManifestOptions
from severe_bench.data.missing import Missing, MissingList
from severe_bench.plan.cell import Cell, Places
from severe_bench.plan.digests import FileDigests
from severe_bench.plan.job import DatasetRef, EvaluateJob, NetworkRef, WeightsRef
from severe_bench.run.kinds import inputs
from severe_bench.run.kinds.inputs import load_dataset, weights_file
from severe_bench.run.work import Work
from severe_bench.store.layout import DIGESTS, SHARED

ROWS = "path,label,split\na.mp4,run,train\nb.mp4,jump,test\n"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def work_in(folder: Path, needs: dict[str, Path] | None = None) -> Work:
    """An evaluation of a checkpoint on a manifest, both in `folder`, as planned just now."""
    (folder / "annotations.csv").write_text(ROWS)
    for name in ("a.mp4", "b.mp4"):
        (folder / name).touch()
    weights = folder / "weights.pt"
    weights.write_bytes(b"PK\x03\x04trained")
    options = ManifestOptions()
    digest = MANIFEST.digest(options, Location(folder, folder))
    ref = WeightsRef(source="file", digest=file_digest(weights), layout="severe")
    job = EvaluateJob(
        network=NetworkRef(backbone="r3d_18", weights=ref),
        dataset=DatasetRef(adapter="manifest", options=options.model_dump(), digest=digest),
        task="recognition",
        protocol="finetune",
        budget=Budget(),
        recipe=Recipe(),
        seed=0,
    )
    where = Places(dataset_root=str(folder), annotations=str(folder), weights_file=str(weights))
    session = Session(
        folder=folder,
        device="cpu",
        needs=needs or {},
        should_stop=lambda: False,
        checkpoint_due=lambda: False,
        report=lambda progress: None,
    )
    return Work(Cell.of(job, "evaluate", places=where), session)


def job_of(work: Work) -> EvaluateJob:
    assert isinstance(work.cell.job, EvaluateJob)
    return work.cell.job


def test_what_was_planned_is_read(tmp_path: Path) -> None:
    work = work_in(tmp_path)
    assert weights_file(work, job_of(work).network) == tmp_path / "weights.pt"
    assert [r.path for r in load_dataset(job_of(work).dataset, work).records] == ["a.mp4", "b.mp4"]


def test_two_samples_of_one_name_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an adapter of somebody else's may give them; the manifest's own refuses them itself."""
    work = work_in(tmp_path)
    listed = MANIFEST.load

    def namesakes(*arguments: Any) -> Dataset:
        dataset = listed(*arguments)
        return replace(dataset, records=tuple(replace(r, sample="a") for r in dataset.records))

    adapter = replace(MANIFEST, load=namesakes)
    monkeypatch.setattr(inputs, "adapter_of", lambda ref: (adapter, ManifestOptions()))
    with pytest.raises(UserError, match="1 names of samples occur more than once, first 'a'"):
        load_dataset(job_of(work).dataset, work)


def test_a_missing_video_is_refused(tmp_path: Path) -> None:
    work = work_in(tmp_path)
    (tmp_path / "b.mp4").unlink()
    with pytest.raises(UserError) as caught:
        load_dataset(job_of(work).dataset, work)
    assert str(caught.value) == (
        f"{tmp_path}: 1 of 2 samples have no readable video: b.mp4; "
        "run `severe data check manifest`, or set `allow_missing: true` for the dataset"
    )


def test_where_features_are_read_videos_may_be_gone(tmp_path: Path) -> None:
    work = work_in(tmp_path, {"test_features": tmp_path})
    (tmp_path / "b.mp4").unlink()
    assert load_dataset(job_of(work).dataset, work).missing == frozenset()


def without(work: Work, *samples: str) -> Work:
    """The work of a plan that found these samples missing."""
    job = job_of(work)
    found = MissingList(tuple(Missing(s, s, "train", "") for s in samples))
    digest = found.identity(job.dataset.digest)
    ref = job.dataset.model_copy(update={"digest": digest})
    places = work.cell.places.model_copy(update={"allow_missing": True})
    cell = Cell.of(job.model_copy(update={"dataset": ref}), "evaluate", places=places)
    return replace(work, cell=cell)


def test_a_missing_video_that_was_asked_for_is_left_out(tmp_path: Path) -> None:
    work = without(work_in(tmp_path), "b.mp4")
    (tmp_path / "b.mp4").unlink()
    dataset = load_dataset(job_of(work).dataset, work)
    assert dataset.missing == {"b.mp4"}
    assert [record.sample for record in dataset.listed("test")] == ["b.mp4"]
    assert dataset.of("test") == ()


def test_what_was_planned_complete_is_not_read_incomplete(tmp_path: Path) -> None:
    work = without(work_in(tmp_path))
    (tmp_path / "b.mp4").unlink()
    with pytest.raises(UserError, match="missing videos changed since"):
        load_dataset(job_of(work).dataset, work)


def test_a_checkpoint_overwritten_since_the_plan_is_refused(tmp_path: Path) -> None:
    work = work_in(tmp_path)
    (tmp_path / "weights.pt").write_bytes(b"PK\x03\x04another")
    with pytest.raises(UserError, match="changed since") as caught:
        weights_file(work, job_of(work).network)
    assert caught.value.where == str(tmp_path / "weights.pt")


def test_its_digest_is_forgotten_so_that_the_next_plan_reads_it(tmp_path: Path) -> None:
    """Even where the file system shows no change, as after rot on a disk."""
    memory = tmp_path / SHARED / DIGESTS
    folder = tmp_path / SHARED / "features" / "cell"
    folder.mkdir(parents=True)
    work = work_in(folder)
    weights = folder / "weights.pt"
    kept = tmp_path / "kept.pt"
    kept.write_bytes(b"x")
    digests = FileDigests(memory)
    planned = digests(weights), digests(kept)
    digests.save()
    wrong = job_of(work).network.weights.model_copy(update={"digest": "0" * 64})
    with pytest.raises(UserError, match="changed since"):
        weights_file(work, job_of(work).network.model_copy(update={"weights": wrong}))
    assert list(json.loads(memory.read_text())) == [str(kept)]
    assert planned == (FileDigests(memory)(weights), FileDigests(memory)(kept))


def test_annotations_changed_since_the_plan_are_refused(tmp_path: Path) -> None:
    work = work_in(tmp_path)
    (tmp_path / "annotations.csv").write_text(ROWS.replace("jump", "walk"))
    with pytest.raises(UserError, match="changed since"):
        load_dataset(job_of(work).dataset, work)


def test_a_probe_reads_features_and_no_checkpoint(tmp_path: Path) -> None:
    work = work_in(tmp_path, {"test_features": tmp_path})
    (tmp_path / "weights.pt").write_bytes(b"PK\x03\x04another")
    assert weights_file(work, job_of(work).network) is None


def test_no_weights_no_file(tmp_path: Path) -> None:
    work = work_in(tmp_path)
    cell = work.cell.model_copy(update={"places": Places()})
    random = NetworkRef(backbone="r3d_18", weights=WeightsRef(source="none", init_seed=0))
    assert weights_file(Work(cell, work.session), random) is None
