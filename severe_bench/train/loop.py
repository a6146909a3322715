"""The one training loop of every task, protocol and pretraining method."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from severe_bench.config.recipe import Recipe
from severe_bench.core.errors import Interrupted, NotFinite
from severe_bench.core.session import Progress, Session
from severe_bench.train.batch import Batch, BatchSource
from severe_bench.train.best import Best, Judge
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
from severe_bench.train.optim import build_optimiser, norm_parameters
from severe_bench.train.schedule import lr_factor


@dataclass(frozen=True)
class FitSummary:
    """What a training run was, over all sessions that it took.

    Args:
        steps: of the schedule, among them those that had nothing to learn from.
        final_loss: of the last step that had a loss.
        seconds: spent in steps.
        clips: samples seen, with repetition.
        selected_epoch: 1-based epoch of the state that a judge chose; None where there is none.
    """

    steps: int
    final_loss: float
    seconds: float
    clips: int
    selected_epoch: int | None = None


def fit(
    objective: Objective,
    source: BatchSource,
    recipe: Recipe,
    session: Session,
    seed: int,
    optimiser: Callable[[], torch.optim.Optimizer] | None = None,
    judge: Judge | None = None,
) -> FitSummary:
    """Train to the end of the recipe's schedule, to parameters that are all finite.

    The arguments, what is left behind and what is raised are those of `fit_unchecked`.

    Raises:
        NotFinite: some are not, though every loss was.
    """
    summary = fit_unchecked(objective, source, recipe, session, seed, optimiser, judge)
    broken = [name for name, own in objective.module.named_parameters() if not own.isfinite().all()]
    if broken:
        what = f"{len(broken)} of the network's parameters are not finite after training"
        raise NotFinite(what, broken[0])
    return summary


def fit_unchecked(
    objective: Objective,
    source: BatchSource,
    recipe: Recipe,
    session: Session,
    seed: int,
    optimiser: Callable[[], torch.optim.Optimizer] | None = None,
    judge: Judge | None = None,
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
        optimiser: made once the module is on the device; where left out, the recipe's.
        judge: chooses the state in which the module is left; the last one where there is none.

    Raises:
        NanLoss: naming epoch and step.
        Interrupted: after a checkpoint, when the session asks to stop.
        UserError: nothing to train.
    """
    with seeded(seed, session.device):
        training = Training(objective, source, recipe, session, seed, optimiser)
        tally, selected = (training.run(), None) if judge is None else training.judged(judge)
    return FitSummary(tally.steps, tally.loss, tally.seconds, tally.clips, selected)


@contextmanager
def seeded(seed: int, device: str) -> Iterator[None]:
    """Torch's global generators at the beginning of `seed`, and afterwards as they were."""
    where = torch.device(device)
    with torch.random.fork_rng([where] if where.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def _optimiser_of(recipe: Recipe, objective: Objective) -> torch.optim.Optimizer:
    norms = norm_parameters(objective.module)
    fused = recipe.numerics.fused
    return build_optimiser(recipe.optimiser, objective.parameters(), norms, fused=fused)


class Training:
    """One session's part of a training run, its module on the device and restored.

    `fit` takes all its steps; `adapt.lockstep` takes those of several at once.

    Args:
        objective, source, recipe, session, seed, optimiser: as of `fit`.
    """

    def __init__(
        self,
        objective: Objective,
        source: BatchSource,
        recipe: Recipe,
        session: Session,
        seed: int,
        optimiser: Callable[[], torch.optim.Optimizer] | None = None,
    ) -> None:
        self.objective, self.source, self.recipe, self.session = objective, source, recipe, session
        self.seed = seed
        place(objective.module, recipe.numerics, session.device)
        self.optimiser = optimiser() if optimiser else _optimiser_of(recipe, objective)
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
    def total(self) -> int:
        """Steps of the whole schedule."""
        return self.recipe.schedule.epochs * self.per_epoch

    def save(self) -> None:
        """Write the checkpoint."""
        save(self._file, self.trained, self.tally, self.key)

    def lr_at(self, epoch: int, step: int) -> float:
        """Learning rate of a step, both 0-based."""
        lr = self.recipe.optimiser.lr
        return lr * lr_factor(self.recipe.schedule, epoch, step, self.per_epoch, lr)

    def run(self) -> Tally:
        """All steps that are left, then the final checkpoint."""
        return self._to(self.total)

    def judged(self, judge: Judge) -> tuple[Tally, int]:
        """Likewise, with looks after epochs; the module is left in the state that did best.

        A look that a stop or a kill may have cut short is taken again, with the same result.
        """
        best, epochs = Best(self.session.folder, self.key), self.recipe.schedule.epochs
        done, into_next = divmod(self.tally.steps, self.per_epoch)
        first = done if into_next or not done else done - 1
        for epoch in range(first, epochs):
            self._to((epoch + 1) * self.per_epoch)
            if judge.looks_after(epoch, epochs):
                best.offer(epoch, judge.look(epoch), self.objective.module)
        return self.tally, best.load_into(self.objective.module) + 1

    def _to(self, end: int) -> Tally:
        """The steps that are left up to `end`, then a checkpoint."""
        first = self.tally.steps
        for done in range(first, end):
            self._checkpoint_or_stop()
            epoch, step = divmod(done, self.per_epoch)
            if step == 0 or done == first:
                self.objective.begin_epoch(epoch)
            self._step(epoch, step)
        if first < end:
            self.save()
        return self.tally

    def _checkpoint_or_stop(self) -> None:
        if self.session.should_stop():
            self.save()
            raise Interrupted(f"stopped after {self.tally.steps} of {self.total} steps")
        if self.session.checkpoint_due():
            self.save()

    def _step(self, epoch: int, step: int) -> None:
        began = time.perf_counter()
        batch = self.source.batch(epoch, step)
        self._set_lr(epoch, step)
        self.optimiser.zero_grad(set_to_none=True)
        loss = self._backward(batch)
        if loss is not None:
            if not math.isfinite(loss):
                raise NanLoss(loss, epoch, step)
            self.optimiser.step()
            self.objective.after_step()
        self._count(loss, len(batch), time.perf_counter() - began)
        self._report(epoch)

    def _count(self, loss: float | None, samples: int, seconds: float) -> None:
        """Note the step; one without loss has learnt from no clip."""
        tally = self.tally
        if loss is None:
            loss, samples = tally.loss, 0
        self.tally = Tally(tally.steps + 1, tally.clips + samples, tally.seconds + seconds, loss)

    def _set_lr(self, epoch: int, step: int) -> None:
        lr = self.lr_at(epoch, step)
        for group in self.optimiser.param_groups:
            group["lr"] = lr

    def _backward(self, batch: Batch) -> float | None:
        """Gradients of the mean loss over the whole batch; the loss, None if no part has one."""
        numerics, device = self.recipe.numerics, self.session.device
        batch = replace(batch, inputs=lay_out(batch.inputs, numerics))
        total: torch.Tensor | None = None
        for part in batch.split(numerics.micro_batch or len(batch)):
            with arithmetic(numerics, device):
                loss = self.objective.loss(part)
            if loss is None:
                continue
            loss = loss * (len(part) / len(batch))
            loss.backward()  # type: ignore[no-untyped-call]
            total = loss.detach() if total is None else total + loss.detach()
        return None if total is None else total.item()

    def _report(self, epoch: int) -> None:
        seconds = self.tally.seconds - self._before.seconds
        clips = self.tally.clips - self._before.clips
        rate = clips / seconds if seconds else None
        tally = self.tally
        self.session.report(Progress("train", tally.steps, self.total, epoch + 1, tally.loss, rate))
