import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d

from severe_bench.pretrain.tubelet_options import Motion, TubeletOptions
from severe_bench.pretrain.tubelet_paths import (
    draw_forms,
    draw_paths,
    gaussian_smooth,
    interpolate,
    keyframe_times,
    linear_paths,
)

seeds = st.integers(0, 2**31)
lengths = st.integers(2, 20)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, frames=lengths, motion=st.sampled_from(["static", "linear", "nonlinear"]))
def test_every_path_stays_in_the_frame(seed: int, frames: int, motion: Motion) -> None:
    paths = draw_paths(TubeletOptions(motion=motion), 9, frames, rng(seed))
    assert paths.shape == (9, frames, 2)
    assert paths.min() >= -1e-6
    assert paths.max() <= 1 + 1e-6


@settings(max_examples=20, deadline=None)
@given(seed=seeds, frames=lengths)
def test_static_paths_are_constant(seed: int, frames: int) -> None:
    paths = draw_paths(TubeletOptions(motion="static"), 5, frames, rng(seed))
    assert torch.equal(paths, paths[:, :1].expand_as(paths))


@pytest.mark.parametrize("motion", ["linear", "nonlinear"])
def test_moving_paths_move(motion: Motion) -> None:
    paths = draw_paths(TubeletOptions(motion=motion), 50, 16, rng())
    assert (paths.amax(dim=1) - paths.amin(dim=1)).max(dim=1).values.median() > 0.1


@settings(max_examples=40, deadline=None)
@given(
    seed=seeds,
    frames=st.integers(3, 20),
    keyframes=st.integers(2, 6),
    bound=st.floats(0.01, 1.0),
)
def test_neighbouring_keyframes_are_less_than_delta_apart(
    seed: int, frames: int, keyframes: int, bound: float
) -> None:
    paths = linear_paths(8, frames, keyframes, (bound, bound), rng(seed))
    # Between keyframes the speed is constant, so a change of speed gives a keyframe away.
    for path in paths.double().numpy():
        bends = [
            k
            for k in range(1, frames - 1)
            if not np.allclose(path[k + 1] - path[k], path[k] - path[k - 1], atol=1e-6)
        ]
        knots = [0, *bends, frames - 1]
        assert len(knots) <= keyframes
        for one, other in itertools.pairwise(knots):
            if len(knots) == min(keyframes, frames):
                assert np.linalg.norm(path[other] - path[one]) < bound + 1e-6


def test_smoothing_is_scipy_s() -> None:
    points = torch.rand(3, 48, 2, generator=rng(), dtype=torch.float64)
    for sigma in (0.7, 3.0, 8.0, 20.0):
        expected = gaussian_filter1d(points.numpy(), sigma, axis=1, mode="reflect")
        np.testing.assert_allclose(gaussian_smooth(points, sigma).numpy(), expected, atol=1e-12)


def test_the_equation_as_printed_gives_paths_of_a_few_pixels() -> None:
    options = TubeletOptions(extent=None)
    paths = draw_paths(options, 400, 16, rng())
    assert 112 * paths.std(dim=1).mean() < 8


def test_extents_are_those_asked_for() -> None:
    paths = draw_paths(TubeletOptions(extent=(0.3, 0.3), points=64), 50, 64, rng())
    extents = paths.amax(dim=1) - paths.amin(dim=1)
    torch.testing.assert_close(extents, torch.full_like(extents, 0.3))


ALL = TubeletOptions(rotation=90, scale=(0.5, 1.5), shear=1.0)


@settings(max_examples=30, deadline=None)
@given(seed=seeds, frames=lengths)
def test_the_first_frame_shows_the_patch_as_it_was_cut(seed: int, frames: int) -> None:
    forms = draw_forms(ALL, 7, frames, rng(seed))
    torch.testing.assert_close(forms[:, 0], torch.eye(2).expand(7, 2, 2))


@settings(max_examples=30, deadline=None)
@given(seed=seeds, frames=lengths)
def test_forms_can_be_undone(seed: int, frames: int) -> None:
    assert draw_forms(ALL, 7, frames, rng(seed)).det().abs().min() >= 0.25 - 1e-4


def test_rotation_alone_keeps_lengths_and_stays_within_its_range() -> None:
    forms = draw_forms(TubeletOptions(rotation=90), 200, 8, rng())
    angles = torch.atan2(forms[..., 1, 0], forms[..., 0, 0])
    torch.testing.assert_close(forms.det(), torch.ones(200, 8))
    assert angles.abs().max() <= math.pi / 2 + 1e-5
    assert angles.min() < -1.2
    assert angles.max() > 1.2


def test_scale_alone_stays_within_its_factors() -> None:
    forms = draw_forms(TubeletOptions(rotation=0, scale=(0.5, 1.5)), 200, 8, rng())
    diagonal = forms.diagonal(dim1=-2, dim2=-1)
    torch.testing.assert_close(torch.diag_embed(diagonal), forms)
    assert 0.5 <= diagonal.min() < 0.6
    assert 1.4 < diagonal.max() <= 1.5


def test_no_transform_is_the_identity_throughout() -> None:
    forms = draw_forms(TubeletOptions(rotation=0), 4, 8, rng())
    torch.testing.assert_close(forms, torch.eye(2).expand(4, 8, 2, 2))


@settings(max_examples=30, deadline=None)
@given(seed=seeds, frames=lengths, keyframes=st.integers(2, 8))
def test_keyframes_are_first_last_and_different_ones_between(
    seed: int, frames: int, keyframes: int
) -> None:
    times = keyframe_times(6, frames, keyframes, rng(seed))
    assert times.shape == (6, min(frames, keyframes))
    assert (times[:, 0] == 0).all()
    assert (times[:, -1] == frames - 1).all()
    assert (times.diff(dim=1) > 0).all()


@settings(max_examples=30, deadline=None)
@given(seed=seeds, frames=lengths, keyframes=st.integers(2, 8))
def test_interpolation_is_numpy_s(seed: int, frames: int, keyframes: int) -> None:
    times = keyframe_times(3, frames, keyframes, rng(seed))
    values = torch.rand(3, times.shape[1], 2, generator=rng(seed))
    ours = interpolate(values, times)
    for row in range(3):
        for axis in range(2):
            expected = np.interp(np.arange(frames), times[row], values[row, :, axis])
            np.testing.assert_allclose(ours[row, :, axis], expected, atol=1e-6)
