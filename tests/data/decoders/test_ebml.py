"""Damage between the elements of Matroska and webm files, which demuxers pass over in silence."""

from pathlib import Path

import numpy as np
import pytest

from severe_bench.data.decoders.ebml import damaged_at
from severe_bench.data.video import VideoError, probe
from tests.data.zoo import ZOO, Animal

FILES = [animal for animal in ZOO if animal.name.endswith((".mkv", ".webm"))]


@pytest.fixture(scope="module")
def webm(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    (animal,) = (animal for animal in ZOO if animal.name == "vp9.webm")
    return animal.write(tmp_path_factory.mktemp("webm")).read_bytes()


def element(name: str, content: bytes, size: int | None = None) -> bytes:
    length = len(content) if size is None else size
    return bytes.fromhex(name) + (length | 1 << 56).to_bytes(8, "big") + content


def file(segment: bytes) -> bytes:
    return element("1a45dfa3", b"head") + element("18538067", segment)


CLUSTER = element("1f43b675", element("e7", b"\0") + element("a3", b"block") * 3)
START = len(file(b""))
INFO = element("1549a966", b"info")


@pytest.mark.parametrize("animal", FILES, ids=lambda animal: animal.name)
def test_no_file_of_the_zoo_is_damaged(tmp_path: Path, animal: Animal) -> None:
    assert damaged_at(animal.write(tmp_path)) is None


@pytest.mark.parametrize(
    ("content", "at"),
    [
        (file(INFO + CLUSTER * 2), None),
        (file(INFO + element("ec", b"void") + CLUSTER), None),
        (file(INFO + bytes(9) + CLUSTER), START + len(INFO)),
        (file(INFO + CLUSTER + element("1f43b675", b"", size=50)), START + len(INFO + CLUSTER)),
        (file(INFO + element("1f43b67f", b"no cluster")), START + len(INFO)),
        (file(INFO + element("1f43b675", element("a5", b"no block"))), START + len(INFO) + 12),
        (file(INFO)[:-2], 16),
        (file(INFO + bytes.fromhex("1f43b67501ffffffffffffff") + b"live"), None),
        (element("1a45dfa3", b"head") + bytes.fromhex("1853806701ffffffffffffff") + b"live", None),
        (b"", None),
    ],
)
def test_where_no_element_begins(tmp_path: Path, content: bytes, at: int | None) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(content)
    assert damaged_at(path) == at


def test_a_lost_block_of_bytes_is_refused(tmp_path: Path, webm: bytes) -> None:
    """FFmpeg says nothing and gives the frames of the clusters that are left."""
    at = len(webm) // 2
    path = tmp_path / "a.webm"
    path.write_bytes(webm[:at] + bytes(300) + webm[at + 300 :])
    with pytest.raises(
        VideoError, match=r"is damaged \(no element of its container begins at byte \d+\)"
    ):
        probe(path)


def test_whatever_the_bytes_it_ends(tmp_path: Path, webm: bytes) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "a.webm"
    for _ in range(200):
        content = np.frombuffer(webm, np.uint8).copy()
        places = rng.integers(0, len(content), 20)
        content[places] = rng.integers(0, 256, len(places))
        path.write_bytes(content.tobytes()[: rng.integers(1, len(content))])
        assert damaged_at(path) is None or 0 <= (damaged_at(path) or 0) < path.stat().st_size
