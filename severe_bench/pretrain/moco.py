"""Momentum contrast: a query encoder that learns, a key encoder that follows, a queue of keys.

He et al., "Momentum Contrast for Unsupervised Visual Representation Learning", CVPR 2020.
Both encoders normalise by the statistics of their batch, as in MoCo v3 (Chen et al., ICCV 2021);
with moving averages in the key encoder (EMAN, CVPR 2021) short training did not start.
"""

from collections.abc import Iterable
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from severe_bench.core.errors import UserError
from severe_bench.pretrain.contrast_options import ContrastOptions
from severe_bench.pretrain.info_nce import info_nce
from severe_bench.pretrain.setting import Setting
from severe_bench.train.batch import Batch


class MomentumContrast(nn.Module):
    """Query encoder, key encoder and the queue, as one module.

    Args:
        backbone: clips (B, 3, T, H, W) -> features (B, width).
        width: of the features.
        options: head, momentum, queue.
    """

    queue: Tensor
    cursor: Tensor
    filled: Tensor

    def __init__(self, backbone: nn.Module, width: int, options: ContrastOptions) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = projection_head(width, options)
        self.key_backbone = deepcopy(backbone).requires_grad_(False)
        self.key_head = deepcopy(self.head).requires_grad_(False)
        self.momentum = options.momentum
        self.register_buffer("queue", torch.zeros(options.queue, options.projection))
        self.register_buffer("cursor", torch.zeros((), dtype=torch.long))
        self.register_buffer("filled", torch.zeros((), dtype=torch.long))

    def embed(self, clips: Tensor) -> Tensor:
        """Clips to unit vectors (B, projection) of the query encoder."""
        return F.normalize(self.head(self.backbone(clips)), dim=1)

    @torch.no_grad()
    def embed_keys(self, clips: Tensor) -> Tensor:
        """Clips to unit vectors (B, projection) of the key encoder, without gradient."""
        return F.normalize(self.key_head(self.key_backbone(clips)), dim=1)

    def negatives(self) -> Tensor:
        """The keys in the queue, (filled, projection)."""
        return self.queue[: int(self.filled)]

    @torch.no_grad()
    def follow(self) -> None:
        """Move the key encoder towards the query encoder."""
        for own, other in (
            (self.key_backbone, self.backbone),
            (self.key_head, self.head),
        ):
            kept = own.state_dict()
            for name, value in other.state_dict().items():
                if value.is_floating_point():
                    kept[name].lerp_(value, 1 - self.momentum)

    @torch.no_grad()
    def enqueue(self, keys: Tensor) -> None:
        """Replace the oldest keys."""
        size = len(self.queue)
        if size == 0:
            return
        keys = keys[-size:]
        places = (self.cursor + torch.arange(len(keys), device=keys.device)) % size
        self.queue[places] = keys
        self.cursor.copy_((self.cursor + len(keys)) % size)
        self.filled.copy_((self.filled + len(keys)).clamp(max=size))


def projection_head(width: int, options: ContrastOptions) -> nn.Module:
    """Two layers, with batch normalisation of the hidden one (Chen et al., SimCLR, ICML 2020).

    The thesis does not mention the normalisation. Without it all clips start with almost the same
    embedding, and tubelet contrast spent hundreds of steps before it learned anything.
    """
    return nn.Sequential(
        nn.Linear(width, options.hidden, bias=False),
        nn.BatchNorm1d(options.hidden),
        nn.ReLU(inplace=True),
        nn.Linear(options.hidden, options.projection),
    )


def _require_negatives(setting: Setting, options: ContrastOptions) -> None:
    recipe = setting.job.recipe
    clips = len(setting.records) * recipe.schedule.clips_per_video
    together = min(recipe.numerics.micro_batch or recipe.batch_size, recipe.batch_size, clips)
    if together < 2 and options.queue == 0:
        what = "one pair at a time and no queue leave nothing to contrast with"
        mend = "raise batch_size, numerics.micro_batch or the pretraining budget, or set a queue"
        raise UserError(what, f"pretraining method {setting.job.method}", mend)


class ContrastObjective:
    """InfoNCE (eq. 5.1) between the `first` and `second` clips of a batch, both ways round.

    Negatives are the other keys of the batch and the queue.
    """

    def __init__(self, module: MomentumContrast, temperature: float) -> None:
        self._module, self._temperature = module, temperature
        self._fresh: list[Tensor] = []

    @classmethod
    def of(cls, setting: Setting, options: ContrastOptions) -> "ContrastObjective":
        """The objective of a run; the head is drawn from the job's seed too.

        Raises:
            UserError: queries would have no negatives, and a loss of 0.
        """
        _require_negatives(setting, options)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(setting.job.seed)
            module = MomentumContrast(setting.backbone(), setting.width, options)
        return cls(module, options.temperature)

    @property
    def module(self) -> MomentumContrast:
        """Both encoders and the queue."""
        return self._module

    def parameters(self) -> Iterable[nn.Parameter]:
        """The query encoder's."""
        return (p for p in self._module.parameters() if p.requires_grad)

    def begin_epoch(self, epoch: int) -> None:  # noqa: ARG002 - the same modes in every epoch
        """Train mode: both encoders normalise by the statistics of their batch."""
        self._module.train()

    def loss(self, batch: Batch) -> Tensor:
        """Mean InfoNCE loss of the queries; every clip is a query once and a key once."""
        clips = torch.cat([batch.inputs["first"], batch.inputs["second"]])
        keys = self._module.embed_keys(clips)
        first, second = self._module.embed(clips).chunk(2)
        first_keys, second_keys = keys.chunk(2)
        negatives = self._module.negatives()
        self._fresh.append(keys)
        one_way = info_nce(first, second_keys, negatives, self._temperature)
        other_way = info_nce(second, first_keys, negatives, self._temperature)
        return (one_way + other_way) / 2

    def after_step(self) -> None:
        """Move the key encoder; put the step's keys in the queue."""
        self._module.follow()
        for keys in self._fresh:
            self._module.enqueue(keys)
        self._fresh.clear()
