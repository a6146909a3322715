"""Each decoder, tried on a real file in a process of its own: native code may crash."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from severe_bench.doctor.finding import Finding

FRAMES = (0, 7, 15)
DEADLINE_SECONDS = 60


def check_decoders() -> Iterator[Finding]:
    """Whether each decoder loads and returns the frames that were written."""
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder, "ramp.mp4")
        write_ramp(video)
        for name in ("decord", "pyav"):
            yield _try(name, video)


def write_ramp(path: Path) -> None:
    """A 16-frame H.264 video whose frame i is grey of level 16 * i."""
    import av
    import numpy as np

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=12, options={"crf": "10", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for level in range(16):
            pixels = np.full((64, 64, 3), 16 * level, dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())


def _try(name: str, video: Path) -> Finding:
    command = [sys.executable, "-m", "severe_bench.doctor.decoders", name, str(video)]
    try:
        reply = subprocess.run(  # noqa: S603 - our own module, fixed arguments
            command, capture_output=True, text=True, check=False, timeout=DEADLINE_SECONDS
        )
    except subprocess.TimeoutExpired:
        return _broken(name, f"hangs (stopped after {DEADLINE_SECONDS} s)")
    if reply.returncode < 0:
        return _broken(name, f"crashes (signal {-reply.returncode})")
    if reply.returncode:
        lines = reply.stderr.strip().splitlines() or ["no message"]
        return _broken(name, lines[-1])
    answer = json.loads(reply.stdout)
    expected = [16 * frame for frame in FRAMES]
    if any(abs(got - want) > 6 for got, want in zip(answer["levels"], expected, strict=True)):
        return _broken(name, f"returns wrong frames: grey {answer['levels']}, not {expected}")
    return Finding(check=name, verdict="ok", seen=f"{answer['version']}: exact on a test video")


def _broken(name: str, seen: str) -> Finding:
    package = {"pyav": "av"}.get(name, name)
    mend = f"pip install --force-reinstall {package}"
    # One decoder is enough to run; PyAV is the one that reads every file.
    verdict = "problem" if name == "pyav" else "note"
    return Finding.model_validate({"check": name, "verdict": verdict, "seen": seen, "mend": mend})


def _levels_decord(path: str) -> tuple[str, list[int]]:
    import decord

    reader = decord.VideoReader(path, num_threads=1)
    frames = reader.get_batch(list(FRAMES)).asnumpy()
    return decord.__version__, [int(frame.mean().round()) for frame in frames]


def _levels_pyav(path: str) -> tuple[str, list[int]]:
    import av

    with av.open(path) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return av.__version__, [int(frames[i].mean().round()) for i in FRAMES]


def _main(name: str, path: str) -> None:
    read = {"decord": _levels_decord, "pyav": _levels_pyav}[name]
    version, levels = read(path)
    sys.stdout.write(json.dumps({"version": version, "levels": levels}))


if __name__ == "__main__":
    _main(*sys.argv[1:])
