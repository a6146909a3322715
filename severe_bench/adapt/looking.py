"""Selection on the test split, as SEVERE's code does it; reproduced on request, and labelled."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from severe_bench.adapt.inputs import Inputs
from severe_bench.adapt.network import outputs_of
from severe_bench.core.errors import Interrupted
from severe_bench.data.looks import LookReader, look_clips
from severe_bench.data.store import VideoStore
from severe_bench.metrics.measure import METRICS
from severe_bench.train.best import Judge


def judge_of(inputs: Inputs, scores: Callable[[int], NDArray[np.float32]]) -> Judge | None:
    """A judge by the task's headline metric; None where the recipe takes the last state.

    Args:
        inputs: task, recipe and test examples are read.
        scores: 0-based epoch -> scores (N * V, ...) of V looks at each test example.
    """
    selection = inputs.job.recipe.selection
    if selection.model == "last":
        return None
    measure = METRICS.get(inputs.task.headline)
    targets = inputs.targets(inputs.test).numpy()
    sign = 1.0 if measure.metric.higher_is_better else -1.0

    def look(epoch: int) -> float:
        seen = scores(epoch)
        return sign * measure.value(seen, targets.repeat(len(seen) // len(targets), axis=0))

    return Judge(look, selection.every)


def clip_scores(
    network: nn.Module, inputs: Inputs, store: VideoStore
) -> Callable[[int], NDArray[np.float32]]:
    """Scores (N * V, ...) of single clips at random times, with the test's transforms.

    SEVERE code: after each of its epochs, the test split goes through the network in clip mode.
    """
    job, session = inputs.job, inputs.session

    def scores(epoch: int) -> NDArray[np.float32]:
        network.eval()
        reader = LookReader(store, inputs.test, job.recipe, job.seed, epoch)
        seen = []
        for clips in look_clips(reader, job.network.input, session.device):
            if session.should_stop():
                raise Interrupted(f"stopped in the look after epoch {epoch + 1}")
            outputs = outputs_of(network, clips, job.recipe, session.device)
            one = torch.ones(1, device=outputs.device)
            seen += [inputs.assignment.merge(output[None], one).cpu() for output in outputs]
        return np.asarray(torch.stack(seen).numpy(), dtype=np.float32)

    return scores
