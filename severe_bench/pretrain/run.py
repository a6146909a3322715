"""Run one pretraining cell: source set in, checkpoint out."""

from dataclasses import dataclass

import torch
from pydantic import ValidationError
from torch import Tensor

from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import Dataset
from severe_bench.core.session import Session
from severe_bench.data.budgets import draw
from severe_bench.models.weights import Metadata, save_checkpoint
from severe_bench.plan.job import PretrainJob
from severe_bench.pretrain.method import METHODS, Method
from severe_bench.pretrain.setting import Setting
from severe_bench.train.loop import fit

WEIGHTS_FILE = "weights.pt"
BACKBONE_PREFIX = "backbone."


@dataclass(frozen=True)
class PretrainSummary:
    """What a pretraining run was.

    Args:
        method: registry name.
        videos: in the source set, within the budget.
        steps: optimiser steps.
        clips: pairs or clips seen, with repetition.
        final_loss: of the last step.
        seconds: spent in steps.
    """

    method: str
    videos: int
    steps: int
    clips: int
    final_loss: float
    seconds: float


def run_pretrain(job: PretrainJob, dataset: Dataset, session: Session) -> PretrainSummary:
    """Pretrain and write the backbone's weights to `weights.pt` in the session's folder.

    Goes on where an earlier session stopped.

    Raises:
        UserError: unknown method, backbone or option, too few videos, a video that cannot be read,
            an objective without a part called `backbone`.
        NanLoss: naming epoch and step.
        Interrupted: after a checkpoint, when the session asks to stop.
    """
    method = METHODS.get(job.method)
    options = _options(method, job)
    listed = dataset.listed("train")
    picks = sorted(draw(job.budget, listed, len(dataset.classes), job.seed))
    records = dataset.available(listed[pick] for pick in picks)
    if not records:
        mend = "check the dataset's lists, and which videos are there: severe data check"
        raise UserError("there is no training video", dataset.name, mend)
    setting = Setting(job, dataset, records, session.device)
    objective = method.objective(setting, options)
    if not backbone_tensors(objective.module.state_dict()):
        what = "its objective's module has no part called backbone, so nothing of it could be kept"
        raise UserError(what, f"pretraining method {job.method}", "call the network so")
    summary = fit(objective, method.source(setting, options), job.recipe, session, job.seed)
    tensors = backbone_tensors(objective.module.state_dict())
    path = session.folder / WEIGHTS_FILE
    save_checkpoint(path, tensors, _metadata(job), dtype=torch.float32)
    return PretrainSummary(
        job.method, len(records), summary.steps, summary.clips, summary.final_loss, summary.seconds
    )


def backbone_tensors(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of the part called `backbone`, by its own names."""
    return {
        name.removeprefix(BACKBONE_PREFIX): tensor
        for name, tensor in state.items()
        if name.startswith(BACKBONE_PREFIX)
    }


def _options(method: Method[Frozen], job: PretrainJob) -> Frozen:
    try:
        return method.options.model_validate(job.options)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UserError(
            f"option {where}: {first['msg']}", f"pretraining method {job.method}"
        ) from None


def _metadata(job: PretrainJob) -> Metadata:
    return Metadata(
        method=job.method,
        backbone=job.backbone,
        recipe=job.model_dump(mode="json"),
        dataset=job.dataset.digest,
        seed=job.seed,
        torch=torch.__version__,
    )
