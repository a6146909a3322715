"""Learning-rate schedules as pure functions of the position in training."""

import math
from bisect import bisect_right

from severe_bench.config.recipe import Schedule


def lr_factor(schedule: Schedule, epoch: int, step: int, steps_per_epoch: int) -> float:
    """What the base learning rate is multiplied by in this step.

    Within warm-up the factor grows by equal steps and reaches the full rate in its last step, so
    no step is spent at rate 0. `multistep` counts its milestones in epochs from the start of
    training, warm-up included. `cosine` (Loshchilov and Hutter 2017, eq. 5, no restarts) falls
    from 1 at the first step after warm-up towards 0 at the step after the last.

    Args:
        schedule: of the recipe.
        epoch: 0-based.
        step: 0-based, within the epoch.
        steps_per_epoch: optimiser steps in one epoch.

    Returns:
        The factor, in [0, 1] for gamma <= 1.

    Example:
        >>> drop = Schedule(epochs=16, milestones=(6, 10), gamma=0.3)
        >>> lr_factor(drop, 5, 0, 8), lr_factor(drop, 6, 0, 8)
        (1.0, 0.3)
    """
    done = epoch * steps_per_epoch + step
    warmup = schedule.warmup_epochs * steps_per_epoch
    ramp = min(1.0, (done + 1) / warmup) if warmup else 1.0
    return ramp * _decay(schedule, epoch, done - warmup, schedule.epochs * steps_per_epoch - warmup)


def _decay(schedule: Schedule, epoch: int, done: float, total: float) -> float:
    """The factor without warm-up; `done` and `total` count steps after it."""
    if schedule.kind == "multistep":
        return schedule.gamma ** bisect_right(schedule.milestones, epoch)
    if schedule.kind == "cosine" and done > 0:
        return 0.5 * (1.0 + math.cos(math.pi * done / total))
    return 1.0
