"""Learning-rate schedules as pure functions of the position in training."""

import math
from bisect import bisect_right

from severe_bench.config.recipe import Schedule


def lr_factor(
    schedule: Schedule, epoch: int, step: int, steps_per_epoch: int, lr: float = 1.0
) -> float:
    """What the base learning rate is multiplied by in this step.

    Within warm-up the factor grows by equal steps and reaches the full rate in its last step, so
    no step is spent at rate 0; from `warmup_lr`, where there is one, it grows to reach the full
    rate after it (PySlowFast). `multistep` counts its milestones in epochs from the start of
    training, warm-up included. `cosine` (Loshchilov and Hutter 2017, eq. 5, no restarts) falls
    from 1 at the first step after warm-up towards 0 at the step after the last.

    Args:
        schedule: of the recipe.
        epoch: 0-based.
        step: 0-based, within the epoch.
        steps_per_epoch: optimiser steps in one epoch.
        lr: the base learning rate, which `warmup_lr` is a part of.

    Returns:
        The factor, in [0, 1] for gamma <= 1.

    Example:
        >>> drop = Schedule(epochs=16, milestones=(6, 10), gamma=0.3)
        >>> lr_factor(drop, 5, 0, 8), lr_factor(drop, 6, 0, 8)
        (1.0, 0.3)
    """
    done = epoch * steps_per_epoch + step
    warmup = schedule.warmup_epochs * steps_per_epoch
    ramp = _ramp(schedule, done, warmup, lr) if done < warmup else 1.0
    return ramp * _decay(schedule, epoch, done - warmup, schedule.epochs * steps_per_epoch - warmup)


def _ramp(schedule: Schedule, done: int, warmup: float, lr: float) -> float:
    """The factor within a warm-up of `warmup` steps of which `done` are over."""
    if schedule.warmup_lr is None:
        return min(1.0, (done + 1) / warmup)
    first = schedule.warmup_lr / lr
    return first + (1 - first) * done / warmup


def _decay(schedule: Schedule, epoch: int, done: float, total: float) -> float:
    """The factor without warm-up; `done` and `total` count steps after it."""
    if schedule.kind == "multistep":
        return schedule.gamma ** bisect_right(schedule.milestones, epoch)
    if schedule.kind == "cosine" and done > 0:
        return 0.5 * (1.0 + math.cos(math.pi * done / total))
    return 1.0
