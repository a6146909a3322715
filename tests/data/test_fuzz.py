from pathlib import Path

import pytest

from tests.data.fuzz import CORRUPTIONS, SOURCES, fuzz

SILENT = {"fewer frames", "other pixels"}
"""Some damage cannot be seen: VP9 has no checksums, a program stream may begin anywhere."""

CLOSED = (".mp4", ".mkv", ".avi")


def test_corrupted_files_neither_crash_nor_hang(tmp_path: Path) -> None:
    cases = list(fuzz(tmp_path, len(SOURCES) * len(CORRUPTIONS), seed=1))
    assert len(cases) == 84
    assert {case.outcome for case in cases} <= {"refused", "same frames", *SILENT}
    assert all(case.reason for case in cases if case.outcome == "refused")
    cut = [c for c in cases if c.corruption == "truncated" and c.name.endswith(CLOSED)]
    assert cut
    assert {case.outcome for case in cut} <= {"refused", "same frames"}
    garbage = [case for case in cases if case.corruption == "other_name"]
    assert {case.outcome for case in garbage} == {"refused"}


@pytest.mark.parametrize(("name", "content"), [("a.txt", b"hello\n" * 99), ("a.avi", b"hi " * 999)])
def test_a_text_is_no_video(tmp_path: Path, name: str, content: bytes) -> None:
    from severe_bench.data.video import VideoError, probe

    (tmp_path / name).write_bytes(content)
    with pytest.raises(VideoError, match=r"is no video file|cannot be decoded"):
        probe(tmp_path / name)


def test_what_is_left_without_its_head_is_no_video(tmp_path: Path) -> None:
    from severe_bench.data.video import VideoError, probe
    from tests.data.zoo import ZOO

    (mjpeg,) = (animal for animal in ZOO if animal.name == "mjpeg.avi")
    content = mjpeg.write(tmp_path).read_bytes()
    path = tmp_path / "headless.avi"
    path.write_bytes(content[content.index(b"\xff\xd8") :])
    with pytest.raises(VideoError, match=r"is no video file \(mjpeg, without a container\)"):
        probe(path)
