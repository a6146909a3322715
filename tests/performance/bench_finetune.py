"""Finetuning steps of R(2+1)D-18 on the CPU: torch's own memory layout against channels_last_3d.

Sixteen small clips cost as much as two of 16 x 112 x 112. With fewer than sixteen on one thread
torch takes its slow kernel for temporal convolutions, in either layout.
"""

import statistics
from collections.abc import Iterator

import torch

from severe_bench.config.recipe import Numerics
from tests.performance.finetune_step import Finetuning, Setting, matrix_rate
from tests.performance.measure import Line, ratio_of, seconds


def bench(setting: Setting | None = None) -> Iterator[Line]:
    """One ratio, and how near each side comes to the machine's matrix products."""
    chosen = setting or Setting()
    clips = chosen.random_clips()
    plain, ours = (Finetuning(chosen, Numerics(channels_last=last)) for last in (False, True))
    work = plain.flops(clips)  # this first step warms up, too
    ours.step(clips)
    pairs = [
        (seconds(lambda: plain.steps(clips)), seconds(lambda: ours.steps(clips)))
        for _ in range(chosen.pairs)
    ]
    slow, fast = zip(*pairs, strict=True)
    best = matrix_rate(chosen, torch.float32)
    shares = [100 * work * chosen.steps / statistics.median(side) / best for side in (slow, fast)]
    step = [statistics.median(side) / chosen.steps for side in (slow, fast)]
    claim = f"finetuning {chosen.backbone}, fp32, {chosen.clips}: contiguous / channels_last_3d"
    yield Line(
        claim,
        f"{ratio_of(slow, fast)}; {step[0]:.2f} s / {step[1]:.2f} s a step of {work / 1e9:.0f} "
        f"GFLOP; {shares[0]:.0f} % / {shares[1]:.0f} % of the matrix-product rate, "
        f"{best / 1e9:.0f} GFLOP/s on {torch.get_num_threads()} thread(s)",
    )
