from pathlib import Path

import numpy as np
import pytest

from severe_bench.data import verify as module
from severe_bench.data.decoders.pyav import PyAvDecoder
from severe_bench.data.verdicts import Verdicts
from severe_bench.data.verify import SEVERE, Verification, verify, verify_file
from severe_bench.data.video import Frames, VideoError, VideoInfo, probe
from tests.data.zoo import ZOO

BY_NAME = {animal.name: animal for animal in ZOO}


class Late:
    """A decoder that gives frames two after those asked for."""

    name = "late"

    def read(self, path: Path, indices: list[int], info: VideoInfo) -> Frames:
        later = [min(index + 2, info.frames - 1) for index in indices]
        found = PyAvDecoder().read(path, sorted(set(later)), info)
        return found[np.unique(later, return_inverse=True)[1]]


class Square:
    name = "square"

    def read(self, path: Path, indices: list[int], info: VideoInfo) -> Frames:
        return np.zeros((len(indices), 8, 8, 3), np.uint8)


def test_xvid_with_b_frames_is_found_out(tmp_path: Path) -> None:
    verdict, info = verify_file(BY_NAME["xvid_b.avi"].write(tmp_path))
    decord = verdict.outcomes["decord 0.6.0"]
    assert (decord.exact, decord.problem) == (False, "")
    assert decord.off > 0
    assert verdict.outcomes[SEVERE].exact
    assert verdict.reader.startswith("pyav")
    assert not info.seekable


def test_a_sound_file_passes(tmp_path: Path) -> None:
    path = BY_NAME["h264_b.mp4"].write(tmp_path)
    verdict, info = verify_file(path)
    assert all(outcome.exact for outcome in verdict.outcomes.values())
    assert len(verdict.outcomes) >= 3
    assert verdict.reader == "decord 0.6.0"
    assert info == probe(path)


def test_how_far_off_and_what_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder found wrong on a file that should be safe to seek: it is no longer sought."""
    monkeypatch.setattr(module, "_alone", lambda: [Late(), Square()])
    verdict, info = verify_file(BY_NAME["h264_b.mp4"].write(tmp_path))
    assert (verdict.outcomes["late"].exact, verdict.outcomes["late"].off) == (False, 2)
    assert "shape" in verdict.outcomes["square"].problem
    assert not info.seekable
    assert verdict.reader.startswith("pyav")


def test_frames_that_look_the_same_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.data import zoo

    monkeypatch.setattr(
        zoo, "picture", lambda number, width, height: np.full((48, 64, 3), 90, "u1")
    )
    monkeypatch.setattr(module, "_alone", lambda: [Late()])
    verdict, _ = verify_file(BY_NAME["h264_b.mp4"].write(tmp_path))
    assert verdict.outcomes["late"].exact


def test_files_in_turn_with_what_is_kept(tmp_path: Path) -> None:
    good = BY_NAME["h264.mp4"].write(tmp_path)
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(good.read_bytes()[:3000])
    gone = tmp_path / "gone.mp4"
    verdicts = Verdicts(tmp_path / "cache")
    found = Verification(tuple(verify([good, bad, gone], verdicts)))
    assert [bool(file.problem) for file in found.files] == [False, True, True]
    assert not found.ok
    plain = found.to_json()
    assert plain["files"] == 3
    assert [file["path"] for file in plain["unreadable"]] == [str(bad), str(gone)]
    assert plain["decoders"][SEVERE] == {
        "exact": 1, "wrong": 0, "unreadable": 0, "most_frames_off": 0,
    }  # fmt: skip
    assert verdicts.find(good) == probe(good)
    with pytest.raises(VideoError, match="cannot be decoded"):
        verdicts.find(bad)
    assert verdicts.find(gone) is None


def test_a_wrong_read_of_ours_is_not_ok() -> None:
    late = module.FileVerdict("a.mp4", "", "decord", {SEVERE: module.Outcome(False, 3)})
    assert not Verification((late,)).ok
    assert Verification((late,)).to_json()["decoders"][SEVERE]["most_frames_off"] == 3
