"""Which frames a clip is made of: indices only, no pixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from severe_bench.config.recipe import Clip, Test

Indices = NDArray[np.int64]

TIE = 1e-6
"""Added before truncating a time to a frame, so that 6 / 15 s at 30 fps is frame 12, not 11."""


Times = NDArray[np.float64]
"""When each frame is shown, in seconds from the first one's 0; ascending."""


def train_indices(
    clip: Clip, frames: int, fps: float, rng: np.random.Generator, times: Times | None = None
) -> Indices:
    """Draw one training clip.

    Args:
        clip: the recipe's clip.
        frames: length of the video (or of its trimmed range), at least 1.
        fps: native frames per second, the mean over these very frames where it varies; used by
            `seconds` sampling and with a `frame_rate` only.
        rng: draws the start (or the place in each segment, for `uniform`).
        times: of a video whose frame rate varies, where `fps` is used; elsewhere frame i is shown
            from i / fps on.

    Returns:
        (clip.frames,) frame indices in [0, frames). A video that is too short is used from its
        start and then looped from its own beginning (SEVERE code: finetuning clips).
    """
    _check(frames, fps)
    if clip.frame_rate is not None:
        video = _at_rate(clip.frame_rate, 0.0, frames / fps, frames, fps, times)
        return video[train_indices(_counted(clip), len(video), clip.frame_rate, rng)]
    if clip.sampling == "uniform":
        return _segments(clip.frames, frames, rng.random(clip.frames))
    if clip.sampling == "linear":
        return _segments(clip.frames, frames, np.full(clip.frames, rng.random()))
    if clip.short == "hold" and frames < _span(clip):
        return _held(clip, int(rng.integers(frames - _span(clip), 1)), frames)
    if clip.sampling == "stride":
        room = frames - _span(clip)
        first = int(rng.integers(room + 1)) if room > 0 else 0
        return _loop(np.arange(first, frames, clip.stride), clip.frames)
    seconds = clip.frames / clip.rate
    room_seconds = frames / fps - seconds
    start = rng.uniform(0.0, room_seconds) if room_seconds > 0 else 0.0
    return _loop(_at_rate(clip.rate, start, seconds, frames, fps, times), clip.frames)


def test_indices(
    clip: Clip,
    frames: int,
    fps: float,
    test: Test,
    times: Times | None = None,  # noqa: PT028
) -> Indices:
    """The equally spaced clips that a video is tested on.

    `seconds` resamples the whole video first and spaces the clips over the resampled frames;
    `stride` spaces them over the frames that it counts; `uniform` and `linear` take clip k from
    fraction (k + 1/2) / clips of each of their segments.

    Returns:
        (clips, clip.frames) frame indices in [0, frames); rows may be equal, see `distinct`.

    Example:
        >>> test_indices(Clip(frames=4), frames=6, fps=12, test=Test(clips=2)).tolist()
        [[0, 1, 2, 3], [2, 3, 4, 5]]
    """
    _check(frames, fps)
    if clip.frame_rate is not None:
        video = _at_rate(clip.frame_rate, 0.0, frames / fps, frames, fps, times)
        return video[test_indices(_counted(clip), len(video), clip.frame_rate, test)]
    if clip.sampling in {"uniform", "linear"}:
        places = [np.full(clip.frames, (k + 0.5) / test.clips) for k in range(test.clips)]
        return np.stack([_segments(clip.frames, frames, place) for place in places])
    if clip.sampling == "stride":
        video, stride = np.arange(frames), clip.stride
    else:
        video, stride = _at_rate(clip.rate, 0.0, frames / fps, frames, fps, times), 1
    starts = test_starts(len(video), (clip.frames - 1) * stride + 1, test)
    if clip.short == "hold":
        return np.stack([_held(clip, int(start), frames) for start in starts])
    return np.stack([_loop(video[start::stride], clip.frames) for start in starts])


def test_starts(frames: int, span: int, test: Test) -> Indices:
    """First frames of equally spaced test clips: linspace(0, frames - span, clips).

    A video no longer than one clip gives `clips` times 0. Starts are truncated (SEVERE code: dense
    test mode) or rounded (PySlowFast).

    Example:
        >>> test_starts(72, 32, Test(clips=10)).tolist()
        [0, 4, 8, 13, 17, 22, 26, 31, 35, 40]
    """
    exact = np.linspace(0, max(frames - span, 0), test.clips)
    starts: Indices = (np.rint(exact) if test.starts == "round" else exact).astype(np.int64)
    return starts


@dataclass(frozen=True)
class Views:
    """Different clips of one video and how often each occurs.

    Args:
        indices: (V, T) frame indices, no two rows equal, in order of first occurrence.
        weights: (V,) float32, summing to 1.
    """

    indices: Indices
    weights: NDArray[np.float32]


def distinct(indices: Indices) -> Views:
    """Equal clips once, weighted, so that the weighted mean is the mean over all clips."""
    _, first, counts = np.unique(indices, axis=0, return_index=True, return_counts=True)
    order = np.argsort(first)
    weights = (counts[order] / len(indices)).astype(np.float32)
    return Views(indices[first[order]], weights)


def _check(frames: int, fps: float) -> None:
    if frames < 1 or not fps > 0:
        raise ValueError(f"a video has at least one frame and a rate: {frames} frames, {fps} fps")


def _counted(clip: Clip) -> Clip:
    """The clip of a video that was resampled already."""
    return clip.model_copy(update={"frame_rate": None})


def _span(clip: Clip) -> int:
    return (clip.frames - 1) * clip.stride + 1


def _held(clip: Clip, start: int, frames: int) -> Indices:
    """Frames from `start` on, which may be negative; those outside the video are its ends."""
    asked = start + np.arange(clip.frames) * clip.stride
    return np.clip(asked, 0, frames - 1).astype(np.int64)


def _at_rate(
    rate: float, start: float, seconds: float, frames: int, fps: float, times: Times | None
) -> Indices:
    """Frames shown at start, start + 1/rate, ... until half a native frame before the end."""
    wanted = max(1, int(seconds * rate + TIE))
    asked = start + np.arange(wanted) / rate
    end = min(start + seconds - 0.5 / fps, frames / fps)
    asked = asked[(asked < end) | (np.arange(wanted) == 0)]
    if times is None:
        found: Indices = (asked * fps + TIE).astype(np.int64)
    else:
        found = np.searchsorted(times, asked + TIE, side="right").astype(np.int64) - 1
    return np.clip(found, 0, frames - 1)


def _segments(count: int, frames: int, places: NDArray[np.float64]) -> Indices:
    """One frame of each of `count` equal segments, at fraction `places` in [0, 1) of it."""
    found = ((np.arange(count) + places) * frames / count + TIE).astype(np.int64)
    segments: Indices = np.minimum(found, frames - 1)
    return segments


def _loop(indices: Indices, count: int) -> Indices:
    """The first `count` of `indices`, starting over from its beginning when there are fewer."""
    return np.resize(indices[:count], count).astype(np.int64)
