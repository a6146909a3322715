"""Where a tubelet's centre is, and what form it has, in every frame: pure functions.

Thesis of Thoker, chapter 5.4, eq. 5.5 to 5.7. Positions are shares of the frame, x before y.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from severe_bench.pretrain.tubelet_options import Span, TubeletOptions


def draw_paths(options: TubeletOptions, count: int, frames: int, rng: torch.Generator) -> Tensor:
    """Draw `count` paths of the chosen motion, (count, frames, 2) in [0, 1]."""
    if options.motion == "static":
        return static_paths(count, frames, rng)
    if options.motion == "linear":
        return linear_paths(count, frames, options.keyframes, options.step, rng)
    return smooth_paths(count, frames, options, rng)


def static_paths(count: int, frames: int, rng: torch.Generator) -> Tensor:
    """Draw centres that stay where they are: the ablation without motion."""
    return torch.rand(count, 1, 2, generator=rng).expand(count, frames, 2).clone()


def linear_paths(
    count: int, frames: int, keyframes: int, step: Span, rng: torch.Generator
) -> Tensor:
    """Draw centres at keyframes and interpolate linearly between them, eq. 5.5.

    Every keyframe heads for a uniform point of the frame and stops short of Delta, drawn from
    `step` for each path, so that neighbouring keyframes are less than Delta apart.
    """
    bounds = uniform((count, 1), step, rng)
    centres = [torch.rand(count, 2, generator=rng)]
    for _ in range(keyframes - 1):
        way = torch.rand(count, 2, generator=rng) - centres[-1]
        length = way.norm(dim=1, keepdim=True)
        reach = torch.minimum(length, bounds * torch.rand(count, 1, generator=rng))
        centres.append(centres[-1] + way * reach / length.clamp(min=1e-6))
    return interpolate(torch.stack(centres, dim=1), keyframe_times(count, frames, keyframes, rng))


def smooth_paths(count: int, frames: int, options: TubeletOptions, rng: torch.Generator) -> Tensor:
    """Draw N points, smooth them by a Gaussian, thin them out to the frames, eq. 5.6.

    Each axis is then stretched to an extent and shifted to lie inside the frame, unless `extent`
    is None.
    """
    points = torch.rand(count, options.points, 2, generator=rng)
    path = gaussian_smooth(points, options.smoothing)
    picks = torch.linspace(0, options.points - 1, frames).round().long()
    path = path[:, picks]
    if options.extent is None:
        return path
    low, high = path.amin(dim=1, keepdim=True), path.amax(dim=1, keepdim=True)
    extent = uniform((count, 1, 2), options.extent, rng)
    shift = (1 - extent) * torch.rand(count, 1, 2, generator=rng)
    return shift + extent * (path - low) / (high - low).clamp(min=1e-6)


def gaussian_smooth(points: Tensor, sigma: float) -> Tensor:
    """Smooth (N, P, C) along P by a Gaussian cut at 4 sigma, mirrored at the ends.

    The same as `scipy.ndimage.gaussian_filter1d(points, sigma, axis=1, mode="reflect")`.
    """
    reach = int(4 * sigma + 0.5)
    offsets = torch.arange(-reach, reach + 1, dtype=points.dtype)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    sites = torch.arange(-reach, points.shape[1] + reach) % (2 * points.shape[1])
    mirrored = torch.minimum(sites, 2 * points.shape[1] - 1 - sites)
    spread = points[:, mirrored].transpose(1, 2).flatten(0, 1).unsqueeze(1)
    smooth = F.conv1d(spread, (kernel / kernel.sum()).view(1, 1, -1))
    return smooth.view(points.shape[0], points.shape[2], -1).transpose(1, 2)


def draw_forms(options: TubeletOptions, count: int, frames: int, rng: torch.Generator) -> Tensor:
    """Draw the matrices (count, frames, 2, 2) that map a patch to its form in each frame, eq. 5.7.

    Angle, factors and shear are drawn uniformly at the keyframes and interpolated linearly; in the
    first frame every patch is as it was cut.
    """
    times = keyframe_times(count, frames, options.keyframes, rng)
    turn = math.radians(options.rotation)
    angle = _course(count, 1, (-turn, turn), 0.0, times, rng)[..., 0]
    scale = _course(count, 2, options.scale, 1.0, times, rng)
    shear = _course(count, 2, (-options.shear, options.shear), 0.0, times, rng)
    return _matrices(angle, scale, shear)


def keyframe_times(count: int, frames: int, keyframes: int, rng: torch.Generator) -> Tensor:
    """Draw keyframes (count, K): the first, the last, and K - 2 other frames in order.

    With fewer than K frames, of which there must be two, every frame is one.
    """
    between = min(keyframes, frames) - 2
    inner = torch.rand(count, frames - 2, generator=rng).argsort(dim=1)[:, :between] + 1
    ends = torch.tensor([[0, frames - 1]]).expand(count, 2)
    return torch.cat([ends, inner], dim=1).sort(dim=1).values


def interpolate(values: Tensor, times: Tensor) -> Tensor:
    """Interpolate (N, K, C) at ascending frames `times` (N, K) linearly to (N, T, C)."""
    frames = int(times[0, -1]) + 1
    moments = torch.arange(frames).expand(len(times), frames).contiguous()
    right = torch.searchsorted(times.contiguous(), moments).clamp(min=1)
    right = right.clamp(max=times.shape[1] - 1)
    before, after = times.gather(1, right - 1), times.gather(1, right)
    share = ((moments - before) / (after - before)).unsqueeze(-1)
    index = right.unsqueeze(-1).expand(-1, -1, values.shape[2])
    return values.gather(1, index - 1) * (1 - share) + values.gather(1, index) * share


def uniform(shape: tuple[int, ...], span: Span, rng: torch.Generator) -> Tensor:
    """Draw uniformly from a span."""
    return span[0] + (span[1] - span[0]) * torch.rand(shape, generator=rng)


def _course(
    count: int, width: int, span: Span, rest: float, times: Tensor, rng: torch.Generator
) -> Tensor:
    values = uniform((count, times.shape[1], width), span, rng)
    values[:, 0] = rest
    return interpolate(values, times)


def _matrices(angle: Tensor, scale: Tensor, shear: Tensor) -> Tensor:
    # One shear after the other: a single matrix with both would be singular where r s = 1.
    cos, sin = angle.cos(), angle.sin()
    one, nil = torch.ones_like(angle), torch.zeros_like(angle)
    rotation = _two_by_two(cos, -sin, sin, cos)
    along_x = _two_by_two(one, shear[..., 0], nil, one)
    along_y = _two_by_two(one, nil, shear[..., 1], one)
    return rotation @ along_x @ along_y @ torch.diag_embed(scale)


def _two_by_two(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
    return torch.stack([a, b, c, d], dim=-1).view(*a.shape, 2, 2)
