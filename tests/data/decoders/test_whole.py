"""Streams that were cut at either end, which demuxers read from wherever they can."""

from pathlib import Path

import pytest

from severe_bench.data.decoders.whole import amiss
from severe_bench.data.video import VideoError, probe
from tests.data.zoo import ZOO

TS = [animal.name for animal in ZOO if animal.name.endswith(".ts")]
BY_NAME = {animal.name: animal for animal in ZOO}


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("streams")
    names = [*TS, "mpeg2_b.mpg"]
    return {name: BY_NAME[name].write(folder).read_bytes() for name in names}


@pytest.mark.parametrize("name", TS)
def test_transport_streams_cut_within_a_packet(
    tmp_path: Path, contents: dict[str, bytes], name: str
) -> None:
    path, whole = tmp_path / name, contents[name]
    path.write_bytes(whole)
    assert probe(path).frames == BY_NAME[name].count
    half = len(whole) // 2 // 188 * 188
    path.write_bytes(whole[: half + 100])
    with pytest.raises(VideoError, match=r"is truncated \(its last packet has 100 of 188 bytes\)"):
        probe(path)
    path.write_bytes(whole[half + 100 :])
    with pytest.raises(VideoError, match=r"is truncated \(it does not begin with a packet\)"):
        probe(path)


def test_program_streams_without_their_beginning(
    tmp_path: Path, contents: dict[str, bytes]
) -> None:
    path, whole = tmp_path / "a.mpg", contents["mpeg2_b.mpg"]
    path.write_bytes(whole)
    assert probe(path).frames == 48
    path.write_bytes(whole[len(whole) // 3 + 5 :])
    with pytest.raises(VideoError, match=r"its beginning is missing|is no video file|cannot be"):
        probe(path)


@pytest.mark.parametrize(("size", "at"), [(188, 0), (192, 4), (204, 0)])
def test_sizes_of_packets(tmp_path: Path, size: int, at: int) -> None:
    packet = bytes(at) + b"G" + bytes(size - at - 1)
    path = tmp_path / "a.ts"
    for count in (1, 2, 7):
        path.write_bytes(packet * count)
        assert amiss(path, {"mpegts"}) == ""
        path.write_bytes(packet * count + packet[:50])
        assert "truncated" in amiss(path, {"mpegts"})


def test_other_containers_are_not_judged(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"anything")
    assert amiss(tmp_path / "a.mp4", {"mov", "mp4"}) == ""
