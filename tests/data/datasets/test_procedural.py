import json
import subprocess
import sys
from pathlib import Path

import pytest

from severe_bench.core.errors import Interrupted, UserError
from severe_bench.core.session import Progress, Session
from severe_bench.data.adapter import ADAPTERS, Location
from severe_bench.data.datasets.procedural import PROCEDURAL
from severe_bench.data.procedural.generate import records_of
from severe_bench.data.procedural.spec import WorldSpec
from severe_bench.data.procedural.worlds import WORLDS
from severe_bench.data.store import VideoStore

SPEC = WorldSpec(world="near", train=10, test=10, frames=8)


def session_in(folder: Path, reports: list[Progress], *, stop_after: int = 10**9) -> Session:
    return Session(
        folder=folder,
        device="cpu",
        needs={},
        should_stop=lambda: len(reports) >= stop_after,
        checkpoint_due=lambda: False,
        report=reports.append,
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    assert PROCEDURAL.generate is not None
    PROCEDURAL.generate(SPEC, session_in(folder, []))
    return folder


def test_the_filmed_world_reads_like_any_dataset(world: Path) -> None:
    dataset = PROCEDURAL.load(SPEC, Location(world, None))
    assert dataset.name == "near"
    assert (len(dataset.of("train")), len(dataset.of("test"))) == (10, 10)
    assert sorted(record.label for record in dataset.of("test")) == list(range(10))
    assert len(dataset.classes) == 10
    assert isinstance(dataset.records[0].extras["count"], int | float)
    frames = VideoStore(dataset.root).frames(dataset.records[0])
    assert frames.shape == (8, SPEC.size, SPEC.size, 3)
    assert frames.std() > 10


def test_progress_and_stopping_are_the_sessions(tmp_path: Path) -> None:
    reports: list[Progress] = []
    assert PROCEDURAL.generate is not None
    with pytest.raises(Interrupted):
        PROCEDURAL.generate(SPEC, session_in(tmp_path, reports, stop_after=3))
    assert reports == [Progress("render", done, 20) for done in (1, 2, 3)]
    with pytest.raises(UserError, match="incomplete"):
        PROCEDURAL.load(SPEC, Location(tmp_path, None))


def test_the_digest_is_the_specs_and_needs_no_folder() -> None:
    assert PROCEDURAL.digest(SPEC, Location(None, None)) == SPEC.digest()
    assert PROCEDURAL.problems(SPEC, Location(None, None)) == []


def test_another_world_in_the_folder_is_refused(world: Path) -> None:
    other = SPEC.model_copy(update={"seed": 1})
    with pytest.raises(UserError, match="another built-in world or version"):
        PROCEDURAL.load(other, Location(world, None))


def test_a_damaged_dataset_file_is_named(world: Path, tmp_path: Path) -> None:
    (tmp_path / "dataset.json").write_text('{"digest": ')
    with pytest.raises(UserError, match=r"dataset\.json: is damaged"):
        PROCEDURAL.load(SPEC, Location(tmp_path, None))
    (tmp_path / "dataset.json").write_text(json.dumps({"name": "x"}))
    with pytest.raises(UserError, match=r"dataset\.json: is damaged"):
        PROCEDURAL.load(SPEC, Location(tmp_path, None))


def test_not_filmed_yet() -> None:
    with pytest.raises(UserError, match="has not been filmed"):
        PROCEDURAL.load(SPEC, Location(None, None))


def test_the_adapters_are_light_to_look_up() -> None:
    code = (
        "import sys; from severe_bench.data.adapter import ADAPTERS; "
        "[ADAPTERS.get(name) for name in ADAPTERS.names()]; "
        "print({'torch', 'pandas', 'matplotlib', 'decord', 'av'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
    assert ADAPTERS.get("procedural") is PROCEDURAL


TARGETS = {
    "counted": {"count", "starts", "stop"},
    "together": {"labels", "spans", "duration"},
    "staged": {"tubes"},
    "keyed": {"key_time", "boxes", "proposals"},
    "arrow": set(),
    "routine": {"labels", "spans", "duration"},
    "kitchen": {"verb", "noun"},
}


@pytest.mark.parametrize("world", TARGETS)
def test_targets_reach_the_records(world: str, tmp_path: Path) -> None:
    spec = WorldSpec(world=world, train=3, test=2, frames=max(WORLDS.get(world).least, 16))
    assert PROCEDURAL.generate is not None
    PROCEDURAL.generate(spec, session_in(tmp_path, []))
    dataset = PROCEDURAL.load(spec, Location(tmp_path, None))
    splits = {split: range(spec.count(split)) for split in ("train", "test")}
    made = [r for s, indices in splits.items() for k in indices for r in records_of(spec, s, k)]
    assert list(dataset.records) == made
    assert {frozenset(record.extras) for record in dataset.records} == {frozenset(TARGETS[world])}
    assert dataset.classes == WORLDS.get(world).classes
    assert dataset.vocabularies == WORLDS.get(world).vocabularies
    store = VideoStore(dataset.root)
    for record, truth in zip(dataset.records, _truths(tmp_path), strict=False):
        if world != "keyed":  # a record per key frame
            assert len(store.frames(record)) == truth["frames"]


def _truths(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines()]
