"""Classifying the clips of a labelled source set."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from severe_bench.data.sources import ClipBatches
from severe_bench.data.store import VideoStore
from severe_bench.pretrain.setting import STORE_BYTES, Setting
from severe_bench.tasks.recognition import RECOGNITION
from severe_bench.tasks.task import Assignment, NoOptions
from severe_bench.train.batch import Batch


class Classifier(nn.Module):
    """Backbone and linear head."""

    def __init__(self, backbone: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.backbone, self.head = backbone, head

    def forward(self, clips: Tensor) -> Tensor:
        """Clips (B, 3, T, H, W) to logits (B, classes)."""
        logits: Tensor = self.head(self.backbone(clips))
        return logits


class ClassificationObjective:
    """Cross entropy of all parameters."""

    def __init__(self, module: Classifier, assignment: Assignment) -> None:
        self._module, self._assignment = module, assignment

    @property
    def module(self) -> Classifier:
        """Backbone and head."""
        return self._module

    def parameters(self) -> Iterable[nn.Parameter]:
        """All of them."""
        return self._module.parameters()

    def begin_epoch(self, epoch: int) -> None:  # noqa: ARG002 - every epoch is alike
        """Train mode."""
        self._module.train()

    def loss(self, batch: Batch) -> Tensor:
        """Mean cross entropy."""
        return self._assignment.loss(self._module(batch.inputs["clips"]), batch.targets)

    def after_step(self) -> None:
        """Nothing."""


def classification(setting: Setting) -> ClassificationObjective:
    """The objective of a run; the head is drawn from the job's seed too."""
    assignment = _assignment(setting)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(setting.job.seed)
        head = assignment.head(setting.width)
    return ClassificationObjective(Classifier(setting.backbone(), head), assignment)


def labelled_clips(setting: Setting) -> ClipBatches:
    """Augmented clips with their classes.

    Raises:
        UserError: a record has no class.
    """
    return ClipBatches(
        VideoStore(setting.dataset.root, STORE_BYTES),
        setting.records,
        _assignment(setting).targets(setting.records),
        setting.job.recipe,
        setting.job.input,
        seed=setting.job.seed,
        device=setting.device,
    )


def _assignment(setting: Setting) -> Assignment:
    return RECOGNITION.bind(NoOptions(), setting.dataset)
