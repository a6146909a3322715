"""A file that hangs or crashes its reader is refused; one that was judged good is read here."""

import os
import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from severe_bench.core.errors import UserError
from severe_bench.core.record import Record
from severe_bench.data import contact as module
from severe_bench.data.contact import Contact, Isolation, chosen_isolation
from severe_bench.data.decoders import inspecting
from severe_bench.data.store import VideoStore
from severe_bench.data.verdicts import Verdicts
from severe_bench.data.video import Reading, VideoInfo, probe, read_frames
from tests.data.films import film, numbers_of
from tests.data.test_isolated import crash, hang

RECORD = Record("a", "a.mp4", 0, "train")


def process_that_probes(path: Path) -> VideoInfo:
    """A file whose codec is the process that probed it."""
    return replace(probe(path), codec=str(os.getpid()))


def process_that_reads(path: Path, indices: Sequence[int], info: VideoInfo) -> Reading:
    return Reading(np.zeros((len(indices), 1, 1, 3), np.uint8), str(os.getpid()))


@pytest.fixture
def spied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "probe", process_that_probes)
    monkeypatch.setattr(module, "read_with_name", process_that_reads)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return film(tmp_path / "a.mp4", 20)


def places(isolate: Isolation, path: Path, reads: int = 2, *, checked: bool = True) -> list[bool]:
    """Whether probing and then each read happened in this process."""
    files = Contact(isolate)
    info = replace(files.probe(path), checked=checked)
    found = [info.codec, *(files.read(path, [0], info).decoder for _ in range(reads))]
    return [pid == str(os.getpid()) for pid in found]


@pytest.mark.parametrize(
    ("isolate", "checked", "expected"),
    [
        ("first", True, [False, True, True]),
        ("first", False, [False, False, True]),
        ("always", True, [False, False, False]),
        ("never", False, [True, True, True]),
    ],
)
def test_where_files_are_read(
    spied: None, video: Path, isolate: Isolation, checked: bool, expected: list[bool]
) -> None:
    assert places(isolate, video, checked=checked) == expected


def test_datasets_share_one_process(spied: None, tmp_path: Path) -> None:
    paths = [film(tmp_path / name, 3) for name in ("a.mp4", "b.mp4")]
    pids = {Contact("first").probe(path).codec for path in paths}
    assert len(pids) == 1


def test_what_was_verified_is_not_met_again(
    spied: None, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Verdicts().keep(video, inspecting.inspect(video, whole=True))
    files = Contact("first")
    info = files.probe(video)
    assert info.codec == "h264"
    assert files.read(video, [0], info).decoder == str(os.getpid())


@pytest.mark.parametrize(
    ("function", "deadline", "reason"),
    [
        (crash, 60, r"crashes its reader \(SIGSEGV\)"),
        (hang, 1, r"keeps its reader busy for 1 s"),
    ],
)
def test_a_store_survives_what_goes_wrong(
    video: Path, monkeypatch: pytest.MonkeyPatch, function: object, deadline: float, reason: str
) -> None:
    store = VideoStore(video.parent, deadline=deadline)
    monkeypatch.setattr(module, "probe", function)
    with pytest.raises(UserError, match=rf"a\.mp4: {reason}"):
        store.extent(RECORD)
    monkeypatch.setattr(module, "probe", probe)
    slow_machine = VideoStore(video.parent)
    assert slow_machine.extent(RECORD).frames == 20


@pytest.mark.parametrize("isolate", ["first", "always", "never"])
def test_the_same_frames_everywhere(video: Path, isolate: Isolation) -> None:
    store = VideoStore(video.parent, isolate=isolate, deadline=60.0)
    assert np.array_equal(store.frames(RECORD), read_frames(video, range(20)))
    copy = pickle.loads(pickle.dumps(store))  # noqa: S301 - our own bytes
    assert (copy.isolate, copy.deadline) == (isolate, 60.0)
    assert numbers_of(copy.clip(RECORD, [7, 3])) == [7, 3]


def test_the_environment_chooses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SEVERE_ISOLATE", raising=False)
    assert chosen_isolation() == "first"
    monkeypatch.setenv("SEVERE_ISOLATE", "never")
    assert VideoStore(tmp_path).isolate == "never"
    monkeypatch.setenv("SEVERE_ISOLATE", "sometimes")
    with pytest.raises(UserError) as caught:
        VideoStore(tmp_path)
    assert str(caught.value) == (
        "SEVERE_ISOLATE='sometimes' is none of first, always, never; mend or unset it"
    )
