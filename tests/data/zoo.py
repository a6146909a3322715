"""A zoo of small videos of every kind that is met, whose frames state their own number.

Each animal is written by FFmpeg's libraries, or by hand where these refuse to (packed bitstreams,
edit lists that cut, headers that lie). `python -m tests.data.zoo FOLDER` fills a folder.
"""

import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

COUNT = 48
BITS = 7
TICKS = 1000
X264_QUIET = {"preset": "ultrafast"}
VPX = {"cpu-used": "8", "deadline": "realtime", "g": "12"}
VPX_ALT_REF = {"cpu-used": "8", "deadline": "good", "g": "24", "auto-alt-ref": "1",
               "lag-in-frames": "16", "arnr-maxframes": "3", "b": "200k"}  # fmt: skip
AV1 = {"preset": "12", "g": "12", "svtav1-params": "lp=1"}

Times = Callable[[int], int]


def picture(number: int, width: int = 64, height: int = 48) -> np.ndarray:
    """A frame with its number in binary as bright columns in the upper half, and a moving block."""
    image = np.full((height, width, 3), 40, np.uint8)
    for bit in range(BITS):
        if number >> bit & 1:
            image[: height // 2, width * bit // BITS : width * (bit + 1) // BITS] = 220
    left = number * 3 % (width - 8)
    image[height * 2 // 3 :, left : left + 8] = (200, 60, 30)
    return image


def number_of(frame: np.ndarray) -> int:
    height, width, _ = frame.shape
    upper = frame[2 : height // 2 - 2].mean(axis=(0, 2))
    cuts = [(width * bit // BITS + 1, width * (bit + 1) // BITS - 1) for bit in range(BITS)]
    return sum(1 << bit for bit, (a, b) in enumerate(cuts) if upper[a:b].mean() > 130)


def numbers_of(frames: Sequence[np.ndarray] | np.ndarray) -> list[int]:
    return [number_of(frame) for frame in frames]


@dataclass(frozen=True)
class Animal:
    """One video of the zoo.

    Args:
        name: of the file; its suffix chooses the container.
        first: number that its first frame states.
        count: of frames that a player shows.
        upright: undoes what a frame as shown was turned by.
        seconds: presentation time of each frame after the first, where the rate varies.
    """

    name: str
    codec: str = "libx264"
    options: dict[str, str] = field(default_factory=dict)
    muxer: dict[str, str] = field(default_factory=dict)
    width: int = 64
    height: int = 48
    pixels: str = "yuv420p"
    count: int = COUNT
    times: Times | None = None
    rate: Fraction = Fraction(25)
    degrees: int | None = None
    mirrored: bool = False
    first: int = 0
    made: Callable[[Path, "Animal"], None] | None = None
    context: dict[str, Any] = field(default_factory=dict)

    @property
    def numbers(self) -> list[int]:
        return list(range(self.first, self.first + self.count))

    @property
    def seconds(self) -> list[float]:
        if self.times is None:
            return [float(number / self.rate) for number in range(self.count)]
        return [(self.times(n) - self.times(0)) / TICKS for n in range(self.count)]

    def upright(self, frames: np.ndarray) -> np.ndarray:
        """Frames as encoded, from frames as shown."""
        if self.mirrored:
            frames = frames[:, :, ::-1]
        return np.rot90(frames, -(self.degrees or 0) // 90, axes=(1, 2))

    def write(self, folder: Path) -> Path:
        path = folder / self.name
        (self.made or encode)(path, self)
        return path


def encode(path: Path, animal: Animal) -> None:
    """The ordinary way: pictures through an encoder into a container."""
    with av.open(str(path), "w", options=animal.muxer) as container:
        film(container, animal)


def film(container: Any, animal: Animal) -> None:
    stream = container.add_stream(animal.codec, rate=animal.rate, options=animal.options)
    stream.width, stream.height = animal.width, animal.height
    stream.pix_fmt = animal.pixels
    stream.codec_context.thread_count = 1
    for name, value in animal.context.items():
        setattr(stream.codec_context, name, value)
    if animal.times is not None:
        stream.codec_context.time_base = Fraction(1, TICKS)
    if animal.degrees is not None:
        stream.set_display_rotation(animal.degrees, hflip=animal.mirrored)
    for number in range(animal.first, animal.first + animal.count):
        image = picture(number, animal.width, animal.height)
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        if animal.times is not None:
            frame.pts, frame.time_base = animal.times(number), Fraction(1, TICKS)
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def packets_of(path: Path) -> list[tuple[bytes, int | None, int | None, bool]]:
    with av.open(str(path)) as container:
        found = [p for p in container.demux(video=0) if p.size]
        return [(bytes(p), p.pts, p.dts, bool(p.is_keyframe)) for p in found]


def remux(source: Path, target: Path, change: Callable[[list[Any]], list[Any]], **how: Any) -> None:
    """The source's packets, changed, in another container; codec and setup from the source."""
    with av.open(str(source)) as old, av.open(str(target), "w", **how) as new:
        stream = old.streams.video[0]
        written = new.add_stream_from_template(stream)
        for packet in change([p for p in old.demux(stream) if p.size]):
            packet.stream = written
            new.mux(packet)


def temporary(path: Path, animal: Animal, suffix: str = "", **change: Any) -> Path:
    """The animal encoded in an ordinary way beside its path."""
    beside = path.with_name(f"_{path.stem}{suffix or path.suffix}")
    encode(beside, replace(animal, made=None, **change))
    return beside


PACKED = b"\x00\x00\x01\xb2DivX503b1393p\x00"
VOP = b"\x00\x00\x01\xb6"
NOT_CODED = VOP + b"\x50\x00\x00"


def packed(path: Path, animal: Animal) -> None:
    """B-frames as XviD and DivX write them into AVI: with the frame before, then a dummy."""
    beside = temporary(path, animal)
    frames = [data for data, *_ in packets_of(beside)]
    chunks: list[bytes] = []
    for data in frames:
        kind = data[data.index(VOP) + 4] >> 6
        if kind == 2:
            chunks[-1] += data
            chunks.append(NOT_CODED)
        else:
            at = data.index(VOP)
            chunks.append(data[:at] + PACKED + data[at:] if kind == 0 else data)

    def change(packets: list[Any]) -> list[Any]:
        made = []
        for number, chunk in enumerate(chunks):
            packet = av.Packet(chunk)
            packet.pts = packet.dts = number
            packet.time_base = Fraction(1, 25)
            packet.is_keyframe = number == 0 or PACKED in chunk
            made.append(packet)
        return made

    remux(beside, path, change)
    beside.unlink()


def cut_by_copy(first: int) -> Callable[[Path, Animal], None]:
    """The end of a longer video, packets copied from a key frame on, as `-ss -c copy` does."""

    def make(path: Path, animal: Animal) -> None:
        beside = temporary(path, animal, first=0, count=animal.first + animal.count)
        remux(beside, path, lambda packets: packets[first:])
        beside.unlink()

    return make


def edited(skip: int) -> Callable[[Path, Animal], None]:
    """An edit list that leaves the first frames out."""

    def make(path: Path, animal: Animal) -> None:
        encode(path, Animal("", animal.codec, animal.options, count=animal.count + skip))
        content = bytearray(path.read_bytes())
        at = content.find(b"elst")
        assert content[at + 4] == 0
        with av.open(str(path)) as container:
            ticks = int(Fraction(1, 25) / container.streams.video[0].time_base)
        duration, start = struct.unpack(">Ii", content[at + 12 : at + 20])
        length = duration * animal.count // (animal.count + skip)
        content[at + 12 : at + 20] = struct.pack(">Ii", length, start + skip * ticks)
        path.write_bytes(content)

    return make


class Pipe:
    """Cannot be sought, as when a recorder writes: no duration, no index."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(b"")

    def write(self, data: bytes) -> int:
        with self.path.open("ab") as stream:
            return stream.write(data)


def to_a_pipe(path: Path, animal: Animal) -> None:
    kind = {".webm": "webm", ".mkv": "matroska"}[path.suffix]
    with av.open(Pipe(path), "w", format=kind) as container:
        film(container, animal)


def irregular(number: int) -> int:
    """Milliseconds: bursts at 50 fps and long holds."""
    return number * 20 + (number // 6) * 180


def offset(number: int) -> int:
    return 5000 + number * 40


def x264(params: str = "", **options: str) -> dict[str, str]:
    return {**X264_QUIET, **({"x264-params": params} if params else {}), **options}


X265_OPEN = {"preset": "ultrafast", "x265-params": "keyint=12:open-gop=1:bframes=3:log-level=none"}
X265_CLOSED = {"preset": "ultrafast", "x265-params": "keyint=12:open-gop=0:log-level=none"}
B = x264("keyint=12:bframes=3:b-adapt=0:scenecut=0")
OPEN = x264("open-gop=1:bframes=3:b-adapt=0:keyint=12:scenecut=0")
MPEG4 = {"g": "12", "bf": "2"}
XVID = {"codec_tag": "XVID"}

ZOO: tuple[Animal, ...] = (
    Animal("xvid_b.avi", "mpeg4", MPEG4, context=XVID),
    Animal("xvid_no_b.avi", "mpeg4", {"g": "12", "bf": "0"}, context=XVID),
    Animal("xvid_packed.avi", "mpeg4", {"g": "12", "bf": "1"}, context=XVID, made=packed),
    Animal("xvid_packed_odd.avi", "mpeg4", {"g": "9", "bf": "1"}, context=XVID, made=packed,
           count=47),
    Animal("mpeg4_b.mp4", "mpeg4", MPEG4),
    Animal("mpeg4_b.mkv", "mpeg4", MPEG4),
    Animal("msmpeg4.avi", "msmpeg4", {"g": "12"}),
    Animal("mjpeg.avi", "mjpeg", pixels="yuvj420p"),
    Animal("mpeg2_b.mpg", "mpeg2video", MPEG4),
    Animal("mpeg2_b.ts", "mpeg2video", MPEG4),
    Animal("wmv2.wmv", "wmv2", {"g": "12"}),
    Animal("h264.mp4", options=x264("keyint=8:bframes=0")),
    Animal("h264_b.mp4", options=B),
    Animal("h264_b_long_group.mp4", options=x264("keyint=250:bframes=3:scenecut=0")),
    Animal("h264_pyramid.mkv", options=x264("keyint=24:bframes=5:b-pyramid=normal:b-adapt=0")),
    Animal("h264_b.avi", options=B),
    Animal("h264_b.ts", options=B),
    Animal("h264_b.mov", options=B),
    Animal("h264_b.flv", options=B),
    Animal("h264_b.3gp", options=B),
    Animal("h264_open.mp4", options=OPEN),
    Animal("h264_open.mkv", options=OPEN),
    Animal("h264_open.ts", options=OPEN),
    Animal("h264_intra_refresh.mp4", options=x264("intra-refresh=1:keyint=12:bframes=0")),
    Animal("h264_interlaced.mp4", options=x264("interlaced=1:keyint=12")),
    Animal("h264_fragments.mp4", options=B, muxer={"movflags": "frag_keyframe+empty_moov"}),
    Animal("h264_faststart.mp4", options=B, muxer={"movflags": "faststart"}),
    Animal("h264_10bit.mp4", options=B, pixels="yuv420p10le"),
    Animal("h264_444.mp4", options=B, pixels="yuv444p", width=63, height=47),
    Animal("h264_odd.mp4", options=x264("keyint=12"), pixels="yuv444p", width=65, height=51),
    Animal("h264_cropped.mp4", options=B, width=70, height=50),
    Animal("h264_one_frame.mp4", options=X264_QUIET, count=1),
    Animal("h264_two_frames.mp4", options=B, count=2),
    Animal("h264_cut_by_copy.mp4", options=B, first=24, count=24, made=cut_by_copy(24)),
    Animal("h264_edit_list.mp4", options=x264("keyint=12:bframes=0"), first=17, count=31,
           made=edited(17)),
    Animal("h264_edit_list_b.mp4", options=B, first=17, count=31, made=edited(17)),
    Animal("h264_rotated_90.mp4", options=B, degrees=-90),
    Animal("h264_rotated_180.mp4", options=B, degrees=180),
    Animal("h264_rotated_270.mov", options=B, degrees=90),
    Animal("h264_mirrored.mp4", options=B, degrees=0, mirrored=True),
    Animal("h264_start_5s.mp4", options=B, times=offset),
    Animal("h264_start_5s.mkv", options=B, times=offset),
    Animal("vfr.mp4", options=x264("keyint=12:bframes=0"), times=irregular),
    Animal("vfr_b.mp4", options=B, times=irregular),
    Animal("vfr_b.mkv", options=B, times=irregular),
    Animal("vfr_vp9.webm", "libvpx-vp9", VPX, times=irregular),
    Animal("hevc.mp4", "libx265", X265_CLOSED),
    Animal("hevc_open.mp4", "libx265", X265_OPEN),
    Animal("hevc_open.mkv", "libx265", X265_OPEN),
    Animal("hevc_10bit.mp4", "libx265", X265_CLOSED, pixels="yuv420p10le"),
    Animal("vp8.webm", "libvpx", VPX),
    Animal("vp8_alt_ref.webm", "libvpx", VPX_ALT_REF),
    Animal("vp9.webm", "libvpx-vp9", VPX),
    Animal("vp9_alt_ref.webm", "libvpx-vp9", VPX_ALT_REF),
    Animal("vp9_no_duration.webm", "libvpx-vp9", VPX, made=to_a_pipe),
    Animal("vp9.mp4", "libvpx-vp9", VPX),
    Animal("vp9_one_frame.webm", "libvpx-vp9", VPX, count=1),
    Animal("av1.mp4", "libsvtav1", AV1, width=64, height=64),
    Animal("av1.webm", "libsvtav1", AV1, width=64, height=64),
    Animal("av1_no_duration.mkv", "libsvtav1", AV1, width=64, height=64, made=to_a_pipe),
    Animal("ffv1.mkv", "ffv1"),
    Animal("prores.mov", "prores_ks", pixels="yuv422p10le"),
)  # fmt: skip


def fill(folder: Path, animals: Sequence[Animal] = ZOO) -> Iterator[tuple[Animal, Path]]:
    """Write the animals; each with its path."""
    folder.mkdir(parents=True, exist_ok=True)
    for animal in animals:
        path = folder / animal.name
        yield animal, path if path.exists() else animal.write(folder)


if __name__ == "__main__":
    for _, path in fill(Path(sys.argv[1])):
        print(path)
