"""What a pretraining method is given to work with."""

from dataclasses import dataclass

from torch import nn

from severe_bench.core.record import Dataset, Record
from severe_bench.data.store import MIB
from severe_bench.models.backbone import BACKBONES
from severe_bench.models.network import feature_width, init_backbone
from severe_bench.plan.job import PretrainJob

STORE_BYTES = 1024 * MIB
"""Every video is read in every epoch: a store a little too small would read them all again."""


@dataclass(frozen=True)
class Setting:
    """One pretraining run.

    Args:
        job: backbone, recipe, seed.
        dataset: the source set.
        records: its training records within the job's budget, in list order.
        device: where batches go.
    """

    job: PretrainJob
    dataset: Dataset
    records: tuple[Record, ...]
    device: str

    @property
    def width(self) -> int:
        """Of the backbone's features."""
        declared, clip = BACKBONES.get(self.job.backbone).width, self.job.recipe.clip
        if declared is not None:
            return declared
        return feature_width(self.job.backbone, self.backbone(), clip.frames, clip.size)

    def backbone(self) -> nn.Module:
        """A new backbone, initialised from the job's seed."""
        return init_backbone(self.job.backbone, self.job.kwargs, self.job.seed)
