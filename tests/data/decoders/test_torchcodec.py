from pathlib import Path

import pytest

from severe_bench.data.decoders.torchcodec import TorchcodecDecoder
from severe_bench.data.video import VideoError, probe
from tests.data.films import film, numbers_of

pytest.importorskip("torchcodec")


def test_frames_and_refusals(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", 20)
    info = probe(path)
    assert numbers_of(TorchcodecDecoder().read(path, [2, 9, 19], info)) == [2, 9, 19]
    path.write_bytes(b"no video at all")
    with pytest.raises(VideoError, match="torchcodec"):
        TorchcodecDecoder().read(path, [0], info)
