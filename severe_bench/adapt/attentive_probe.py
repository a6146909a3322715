"""The attentive probe: pooling by one learned query, trained with the task's head on tokens."""

import time
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from severe_bench.adapt.features import FeatureTable
from severe_bench.adapt.inputs import Cost, Inputs, Outcome
from severe_bench.adapt.network import TaskObjective, finite, seeded_head
from severe_bench.adapt.probing import MappedBatches, features_for
from severe_bench.adapt.rows import Features
from severe_bench.core.record import Record
from severe_bench.tasks.task import Assignment
from severe_bench.train.loop import fit

HEAD_WIDTH = 64
"""Of one attention head, as in the transformers that hand out tokens."""
EXPANSION = 4
"""Of the two layers after the attention."""
BLOCK = 1 << 22
"""Numbers of tokens that are read at once for their mean and deviation."""


class AttentivePool(nn.Module):
    """Tokens (B, P, C) to one vector each (B, C).

    A learned query attends to the tokens; the query is added to what it found, two layers with a
    GELU between them are added to that, and a layer normalisation ends it (V-JEPA). Initialised
    with a deviation of 0.02, biases with zero.

    Args:
        width: C.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.empty(1, 1, width))
        self.attend = nn.MultiheadAttention(width, heads_of(width), batch_first=True)
        self.norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, EXPANSION * width), nn.GELU(), nn.Linear(EXPANSION * width, width)
        )
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif not name.startswith("norm"):
                nn.init.trunc_normal_(parameter, std=0.02)

    def forward(self, tokens: Tensor) -> Tensor:
        """One vector of each clip."""
        query = self.query.expand(len(tokens), -1, -1)
        found, _ = self.attend(query, tokens, tokens, need_weights=False)
        stream = query + found
        stream = stream + self.mlp(stream)
        pooled: Tensor = self.norm(stream)[:, 0]
        return pooled


class AttentiveHead(nn.Module):
    """Standardised tokens, pooling, the task's head: tokens (B, P, C) to outputs (B, ...).

    Args:
        pool: of the tokens.
        head: of the task.
        mean, deviation: (C,) of the training tokens, or 0 and 1.
    """

    def __init__(self, pool: nn.Module, head: nn.Module, mean: Tensor, deviation: Tensor) -> None:
        super().__init__()
        self.pool, self.head = pool, head
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)

    def forward(self, tokens: Tensor) -> Tensor:
        """Outputs of the head."""
        even = (tokens - self.get_buffer("mean")) / self.get_buffer("deviation")
        outputs: Tensor = self.head(self.pool(even))
        return outputs


def probe_tokens(inputs: Inputs) -> Outcome:
    """Train pooling and head on `train_features`, test them on `test_features`, both tokens.

    The backbone is not there. In each epoch each video shows one of its views, as in `probe`.
    """
    train = features_for(inputs, "train_features").of(inputs.train)
    job, session = inputs.job, inputs.session
    head = attentive_head(inputs.assignment, train, job.seed, standardise=job.recipe.standardise)
    objective = TaskObjective(head, inputs.assignment, "features")
    source = MappedBatches.of(train, inputs)
    summary = fit(objective, source, job.recipe, session, job.seed)
    began = time.perf_counter()
    test = features_for(inputs, "test_features").of(inputs.test)
    scores = _scores(head, test, inputs.test, inputs)
    return Outcome(
        scores=scores,
        cost=Cost.of(summary, clips=0, began=began),
    )


def attentive_head(
    assignment: Assignment, train: FeatureTable, seed: int, *, standardise: bool
) -> AttentiveHead:
    """Initialised from `seed`; the task's head is the one that a linear probe begins with."""
    width = train.features.shape[-1]
    head = seeded_head(assignment, width, seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        pool = AttentivePool(width)
    if not standardise:
        return AttentiveHead(pool, head, torch.zeros(width), torch.ones(width))
    return AttentiveHead(pool, head, *moments(train.features))


def moments(tokens: Features) -> tuple[Tensor, Tensor]:
    """Mean and deviation (C,) over all tokens; deviation 1 where they are all the same."""
    width = tokens.shape[-1]
    per_clip = int(np.prod(tokens.shape[1:]))
    step = max(1, BLOCK // per_clip)
    first = tokens[0].reshape(-1, width)[0].astype(np.float64)
    total, square = np.zeros(width), np.zeros(width)
    for start in range(0, len(tokens), step):
        block = tokens[start : start + step].reshape(-1, width).astype(np.float64) - first
        total += block.sum(axis=0)
        square += np.square(block).sum(axis=0)
    count = int(np.prod(tokens.shape[:-1]))
    mean = total / count
    variance = np.maximum(square / count - np.square(mean), 0)
    deviation = np.sqrt(variance)
    deviation[variance == 0] = 1.0
    return torch.from_numpy(mean + first).float(), torch.from_numpy(deviation).float()


def heads_of(width: int) -> int:
    """Attention heads: as many of `HEAD_WIDTH` as fit, a divisor of the width.

    Example:
        >>> heads_of(768), heads_of(512), heads_of(50)
        (12, 8, 1)
    """
    return next(count for count in range(max(1, width // HEAD_WIDTH), 0, -1) if width % count == 0)


@torch.inference_mode()
def _scores(
    head: nn.Module, test: FeatureTable, records: Sequence[Record], inputs: Inputs
) -> NDArray[np.float32]:
    """One video at a time: its views are merged by the task's own rule."""
    head.eval()
    device = inputs.session.device
    scores = []
    for number in range(len(records)):
        tokens = torch.from_numpy(test.features[number]).to(device).float()
        weights = torch.from_numpy(test.weights[number]).to(device)
        scores.append(inputs.assignment.merge(finite(head(tokens).float()), weights))
    return np.asarray(torch.stack(scores).cpu().numpy(), dtype=np.float32)
