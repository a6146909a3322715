"""Sparse against sequential reading on the user's own files, for each decoder."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from severe_bench.core.digest import file_digest
from severe_bench.core.errors import UserError
from severe_bench.data.decoders.decoder import Decoder, Frames, VideoError, VideoInfo
from severe_bench.data.decoders.decord import DecordDecoder, decord_usable
from severe_bench.data.decoders.inspecting import inspect
from severe_bench.data.decoders.pyav import PyAvDecoder
from severe_bench.data.decoders.seeking import PyAvSeeker
from severe_bench.data.decoders.torchcodec import TorchcodecDecoder, torchcodec_usable
from severe_bench.data.isolated import ReaderProcess
from severe_bench.data.raw_frames import READER, is_raw
from severe_bench.data.verdicts import Verdicts
from severe_bench.data.video import decoder_for, read_frames

SEVERE = "severe"
"""The reader that runs use, whatever decoder it takes."""

SETS, PER_SET = 4, 5
THUMB = 32
"""Rows and columns, at most, by which a frame is told from others."""

TIE = 0.05
"""Mean absolute difference, of 255, below which two frames are the same to the eye of a metric."""

Thumb = NDArray[np.int16]


@dataclass(frozen=True)
class Outcome:
    """What one decoder did on one file, sparsely.

    Args:
        exact: every frame was the one asked for.
        off: the largest distance, in frames, between what came and what was asked for.
        problem: why it gave no frames, or empty.
    """

    exact: bool
    off: int = 0
    problem: str = ""


@dataclass(frozen=True)
class FileVerdict:
    """One file.

    Args:
        path: as given.
        problem: why it cannot be read at all, or empty.
        reader: which decoder a run reads it with.
        outcomes: by decoder.
    """

    path: str
    problem: str
    reader: str
    outcomes: Mapping[str, Outcome]


@dataclass(frozen=True)
class Verification:
    """All files."""

    files: tuple[FileVerdict, ...]

    @property
    def ok(self) -> bool:
        """Every file can be read, and runs read it exactly."""
        return all(not file.problem and file.outcomes[SEVERE].exact for file in self.files)

    @property
    def decoders(self) -> tuple[str, ...]:
        """Names that occur, in order."""
        return tuple(dict.fromkeys(name for file in self.files for name in file.outcomes))

    def of(self, decoder: str) -> tuple[Outcome, ...]:
        """What a decoder did on each readable file."""
        return tuple(f.outcomes[decoder] for f in self.files if decoder in f.outcomes)

    def to_json(self) -> dict[str, object]:
        """For scripts."""
        return {
            "ok": self.ok,
            "files": len(self.files),
            "unreadable": [{"path": f.path, "reason": f.problem} for f in self.files if f.problem],
            "decoders": {name: _counts(self.of(name)) for name in self.decoders},
            "verdicts": [asdict(file) for file in self.files],
        }


def _counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    return {
        "exact": sum(outcome.exact for outcome in outcomes),
        "wrong": sum(not outcome.exact and not outcome.problem for outcome in outcomes),
        "unreadable": sum(bool(outcome.problem) for outcome in outcomes),
        "most_frames_off": max((outcome.off for outcome in outcomes), default=0),
    }


def verify(
    paths: Iterable[Path],
    verdicts: Verdicts | None = None,
    deadline: float = 600.0,
    digests: Mapping[Path, str] = MappingProxyType({}),
) -> Iterable[FileVerdict]:
    """Each file's verdict in turn, found in a process that may crash or hang.

    Args:
        paths: of videos.
        verdicts: where what was found is kept, for the reader.
        deadline: seconds per file.
        digests: SHA-256 of those files that were prepared, as they were then.
    """
    with ReaderProcess(deadline) as reader:
        for path in paths:
            try:
                if path in digests:
                    reader.call(require_digest, path, digests[path])
                if is_raw(path.name):
                    yield FileVerdict(str(path), "", READER, {SEVERE: Outcome(True)})
                    continue
                found, info = reader.call(verify_file, path)
                kept: VideoInfo | VideoError = info
            except UserError as error:
                found = FileVerdict(str(path), error.what, "", {})
                kept = VideoError(error.what, str(path))
            if verdicts is not None and path.is_file():
                verdicts.keep(path, kept)
            yield found


def require_digest(path: Path, digest: str) -> None:
    """Refuse a prepared file that is another by now.

    Raises:
        VideoError: it is missing or has another SHA-256.
    """
    if not path.is_file():
        raise VideoError("no such video", str(path))
    if file_digest(path) != digest:
        what = "is not what was prepared (other checksum): remove it and run severe data prepare"
        raise VideoError(what, str(path))


def verify_file(path: Path, seed: int = 0) -> tuple[FileVerdict, VideoInfo]:
    """Random frames from every decoder against those of one pass from the start.

    Returns:
        The verdict, and what the reader needs to know: a file in which any decoder's seeking was
        found wrong is not to be sought.

    Raises:
        VideoError: the file cannot be read at all.
    """
    info = inspect(path, whole=True)
    rng = np.random.default_rng(seed)
    draws = [
        sorted({info.frames - 1 - int(index) for index in rng.integers(0, info.frames, PER_SET)})
        for _ in range(SETS)
    ]
    thumbs = _thumbs(path, info)
    outcomes = {decoder.name: _outcome(decoder, path, draws, info, thumbs) for decoder in _alone()}
    trusted = info.seekable and all(o.exact or o.problem for o in outcomes.values())
    info = replace(info, seekable=trusted)
    outcomes[SEVERE] = _outcome(_Reader(), path, draws, info, thumbs)
    return FileVerdict(str(path), "", decoder_for(info).name, outcomes), info


class _Reader:
    """What runs read with, as a decoder."""

    name = SEVERE

    def read(self, path: Path, indices: Sequence[int], info: VideoInfo) -> Frames:
        return read_frames(path, indices, info)


class _Seeking(PyAvSeeker):
    """Told from PyAV without seeking."""

    @property
    def name(self) -> str:
        return f"{super().name}, seeking"


def _alone() -> list[Decoder]:
    decoders: list[Decoder] = [DecordDecoder()] if decord_usable() else []
    decoders += [TorchcodecDecoder()] if torchcodec_usable() else []
    return [*decoders, _Seeking()]


def _outcome(
    decoder: Decoder,
    path: Path,
    draws: Sequence[Sequence[int]],
    info: VideoInfo,
    thumbs: NDArray[np.int16],
) -> Outcome:
    off = 0
    try:
        for asked in draws:
            frames = decoder.read(path, asked, info)
            if frames.shape[:3] != (len(asked), info.height, info.width):
                return Outcome(False, problem=f"gives frames of shape {frames.shape}")
            distances = (
                _off(frame, index, thumbs) for frame, index in zip(frames, asked, strict=True)
            )
            off = max(off, *distances)
    except VideoError as error:
        return Outcome(False, problem=error.what)
    return Outcome(off == 0, off)


def _off(frame: Frames, asked: int, thumbs: NDArray[np.int16]) -> int:
    """How far the asked frame is from the nearest of those that look most like `frame`."""
    differences = np.abs(thumbs - _thumb(frame)).mean(axis=(1, 2, 3))
    alike = np.flatnonzero(differences <= differences.min() + TIE)
    return int(np.abs(alike - asked).min())


def _thumbs(path: Path, info: VideoInfo) -> NDArray[np.int16]:
    """(N, h, w, 3): all frames of one pass from the start, a few of their pixels each."""
    return np.stack([_thumb(frame) for frame in PyAvDecoder().each(path, info)])


def _thumb(frame: Frames) -> Thumb:
    height, width, _ = frame.shape
    return frame[:: -(-height // THUMB), :: -(-width // THUMB)].astype(np.int16)
