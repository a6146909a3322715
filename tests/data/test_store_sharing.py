"""Cells after one another on one dataset decode its videos once."""

from pathlib import Path
from typing import Any

import pytest

from severe_bench.core.record import Record
from severe_bench.data.procedural.generate import generate
from severe_bench.data.procedural.spec import WorldSpec
from severe_bench.data.store import VideoStore, shared_store
from severe_bench.data.video import read_with_name


def test_one_store_per_dataset_and_only_the_latest_is_kept(tmp_path: Path) -> None:
    first = shared_store(tmp_path / "a")
    assert shared_store(tmp_path / "a") is first
    assert isinstance(first, VideoStore)
    shared_store(tmp_path / "b")
    assert shared_store(tmp_path / "a") is not first


def test_the_second_user_decodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generate(WorldSpec(world="near", train=10, test=10), tmp_path)
    records = [Record(str(i), f"videos/train_{i:05d}.mp4", 0, "train") for i in range(3)]
    for record in records:
        shared_store(tmp_path).frames(record)
    decoded: list[Path] = []

    def counted(path: Path, *rest: Any) -> Any:
        decoded.append(path)
        return read_with_name(path, *rest)

    monkeypatch.setattr("severe_bench.data.contact.read_with_name", counted)
    for record in records:
        shared_store(tmp_path).frames(record)
    assert decoded == []
    VideoStore(tmp_path).frames(records[0])
    assert len(decoded) == 1
