"""The one training loop of every task, protocol and pretraining method."""

import math
import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from severe_bench.config.recipe import Recipe
from severe_bench.core.errors import Interrupted
from severe_bench.core.session import Progress, Session
from severe_bench.train.batch import Batch, BatchSource
from severe_bench.train.checkpoint import (
    CHECKPOINT_FILE,
    Tally,
    Trained,
    fingerprint,
    restore,
    save,
)
from severe_bench.train.errors import NanLoss
from severe_bench.train.numerics import arithmetic, lay_out, place
from severe_bench.train.objective import Objective
from severe_bench.train.optim import build_optimiser
from severe_bench.train.schedule import lr_factor


@dataclass(frozen=True)
class FitSummary:
    """What a training run was, over all sessions that it took.

    Args:
        steps: optimiser steps.
        final_loss: of the last step.
        seconds: spent in steps.
        clips: samples seen, with repetition.
    """

    steps: int
    final_loss: float
    seconds: float
    clips: int


def fit(
    objective: Objective, source: BatchSource, recipe: Recipe, session: Session, seed: int
) -> FitSummary:
    """Train to the end of the recipe's schedule, resuming from the session's checkpoint if any.

    Afterwards `objective.module` is trained, on the session's device, and its folder holds the
    final `checkpoint.pt`, so a second call returns at once. On a CPU with one thread a run that was
    stopped or killed anywhere ends with the same bits as one that was not. Global random state is
    used for dropout and the like, seeded here, and left as it was.

    Args:
        objective: what is minimised; its module is moved to the device in place.
        source: batches by (epoch, step).
        recipe: optimiser, schedule and numerics are read.
        session: folder, device, and when to stop or checkpoint.
        seed: of torch's global generators.

    Raises:
        NanLoss: naming epoch and step.
        Interrupted: after a checkpoint, when the session asks to stop.
        UserError: nothing to train.
    """
    device = torch.device(session.device)
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        tally = _Loop(objective, source, recipe, session, seed).run()
    return FitSummary(tally.steps, tally.loss, tally.seconds, tally.clips)


class _Loop:
    """One session's part of a training run."""

    def __init__(
        self,
        objective: Objective,
        source: BatchSource,
        recipe: Recipe,
        session: Session,
        seed: int,
    ) -> None:
        self.objective, self.source, self.recipe, self.session = objective, source, recipe, session
        place(objective.module, recipe.numerics, session.device)
        self.optimiser = build_optimiser(recipe.optimiser, objective.parameters())
        self.trained = Trained(objective.module, self.optimiser, session.device)
        self.per_epoch = source.steps_per_epoch
        context = [recipe.model_dump(mode="json"), seed, self.per_epoch]
        self.key = fingerprint(self.trained, context)
        self.tally = restore(self._file, self.trained, self.key)
        self._before = self.tally

    @property
    def _file(self) -> Path:
        return self.session.folder / CHECKPOINT_FILE

    @property
    def _total(self) -> int:
        return self.recipe.schedule.epochs * self.per_epoch

    def run(self) -> Tally:
        """All steps that are left, then the final checkpoint."""
        first = self.tally.steps
        for done in range(first, self._total):
            self._checkpoint_or_stop()
            epoch, step = divmod(done, self.per_epoch)
            if step == 0 or done == first:
                self.objective.begin_epoch(epoch)
            self._step(epoch, step)
        if first < self._total:
            self._save()
        return self.tally

    def _checkpoint_or_stop(self) -> None:
        if self.session.should_stop():
            self._save()
            raise Interrupted(f"stopped after {self.tally.steps} of {self._total} steps")
        if self.session.checkpoint_due():
            self._save()

    def _save(self) -> None:
        save(self._file, self.trained, self.tally, self.key)

    def _step(self, epoch: int, step: int) -> None:
        began = time.perf_counter()
        batch = self.source.batch(epoch, step)
        self._set_lr(epoch, step)
        self.optimiser.zero_grad(set_to_none=True)
        loss = self._backward(batch)
        if not math.isfinite(loss):
            raise NanLoss(loss, epoch, step)
        self.optimiser.step()
        self.objective.after_step()
        seconds = self.tally.seconds + time.perf_counter() - began
        clips = self.tally.clips + len(batch)
        self.tally = Tally(self.tally.steps + 1, clips, seconds, loss)
        self._report(epoch)

    def _set_lr(self, epoch: int, step: int) -> None:
        factor = lr_factor(self.recipe.schedule, epoch, step, self.per_epoch)
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.optimiser.lr * factor

    def _backward(self, batch: Batch) -> float:
        """Gradients of the mean loss over the whole batch; the loss itself."""
        numerics, device = self.recipe.numerics, self.session.device
        batch = replace(batch, inputs=lay_out(batch.inputs, numerics))
        total = torch.zeros((), device=device)
        for part in batch.split(numerics.micro_batch or len(batch)):
            with arithmetic(numerics, device):
                loss = self.objective.loss(part) * (len(part) / len(batch))
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        return total.item()

    def _report(self, epoch: int) -> None:
        seconds = self.tally.seconds - self._before.seconds
        clips = self.tally.clips - self._before.clips
        rate = clips / seconds if seconds else None
        tally = self.tally
        self.session.report(
            Progress("train", tally.steps, self._total, epoch + 1, tally.loss, rate)
        )
