"""Training on rollouts: each step looks where the predictions of the step before led.

The course of a rollout depends on the network, so it is state of training like the weights: it
lies in buffers, and an interrupted rollout goes on where it stopped.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from severe_bench.adapt.counting.anchors import best_ratios, offsets_at, targets
from severe_bench.adapt.counting.pixels import Look, outside, rows_at
from severe_bench.adapt.counting.rollout import Extents, advance, initial
from severe_bench.adapt.counting.states import Floats, Frames, window
from severe_bench.adapt.network import WholeNetwork
from severe_bench.config.recipe import Recipe
from severe_bench.data.repetitions import UNKNOWN
from severe_bench.tasks.counting import CountingOptions
from severe_bench.tasks.task import Assignment
from severe_bench.train.batch import Batch
from severe_bench.train.numerics import lay_out

BOX_CLAMP = 2.0
"""Largest box that a rollout follows."""


class Rollout(nn.Module):
    """A network and where the rollout of each sub-clip of a batch stands.

    Args:
        network: clips to outputs (B, 2, 3, A).
        batch_size: most sub-clips of a batch.
    """

    states: torch.Tensor
    ended: torch.Tensor

    def __init__(self, network: WholeNetwork, batch_size: int) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("states", torch.zeros(batch_size, 3, dtype=torch.int64))
        self.register_buffer("ended", torch.zeros(batch_size, dtype=torch.bool))


@dataclass(frozen=True)
class Setting:
    """What a counting objective goes by.

    Args:
        assignment: gives the loss.
        options: of the task.
        recipe: number of frames, batch size and numerics are read.
        look: of the pixels.
        backbone: `trains`; `frozen`: parameters and batch normalisation stay as they are;
            `drifts`: parameters stay, and batch normalisation is in train mode.
    """

    assignment: Assignment
    options: CountingOptions
    recipe: Recipe
    look: Look
    backbone: Literal["trains", "frozen", "drifts"]


@dataclass(frozen=True)
class _Move:
    """Of some sub-clips of a batch: their next states, and whether each has reached its end."""

    rows: torch.Tensor
    states: Frames
    ended: NDArray[np.bool_]
    first: bool


class CountingObjective:
    """The loss at the current states of a batch, which then move on as predicted.

    Args:
        network: its head gives (B, 2, 3, A).
        setting: see there.
    """

    def __init__(self, network: WholeNetwork, setting: Setting) -> None:
        self._rollout = Rollout(network, setting.recipe.batch_size)
        self._setting = setting
        self._moves: list[_Move] = []

    @property
    def module(self) -> Rollout:
        """Network and rollout."""
        return self._rollout

    def parameters(self) -> Iterable[nn.Parameter]:
        """Of the network, or of the head where the backbone is frozen."""
        network = self._rollout.network
        return (network if self._setting.backbone == "trains" else network.head).parameters()

    def begin_epoch(self, epoch: int) -> None:  # noqa: ARG002 - every epoch is alike
        """Train mode; a frozen backbone stays in eval mode."""
        self._rollout.train()
        self._rollout.network.backbone.train(self._setting.backbone != "frozen")

    def loss(self, batch: Batch) -> torch.Tensor | None:
        """Mean of the task's loss; None once every sub-clip of the batch has reached its end."""
        inputs = batch.inputs
        if int(inputs["position"][0]) > 0 and self._finished():
            return None
        extents = self._extents(batch)
        draws = inputs["draws"].cpu().numpy()
        states = self._states(inputs, extents, draws)
        outputs = self._rollout.network(self._clips(inputs, states)).float()
        self._move(inputs, states, outputs, extents, draws)
        return self._setting.assignment.loss(outputs, self._targets(inputs, states).to(outputs))

    def after_step(self) -> None:
        """The states move on."""
        states, ended = self._rollout.states, self._rollout.ended
        if any(move.first for move in self._moves):
            ended.fill_(True)  # places that a smaller batch leaves empty
        for move in self._moves:
            states[move.rows] = torch.from_numpy(move.states).to(states)
            ended[move.rows] = torch.from_numpy(move.ended).to(ended)
        self._moves = []

    def _finished(self) -> bool:
        return bool(self._rollout.ended.all())

    def _extents(self, batch: Batch) -> Extents:
        frames, counts = (batch.inputs[name].cpu().numpy() for name in ("frames", "counts"))
        first = batch.inputs["offsets"][:, 0, 0].cpu().numpy()
        means = frames / counts
        options = self._setting.options
        cycles = np.where(first == UNKNOWN, means, first)
        return Extents(frames, cycles, means, options.scales, options.scale_range)

    def _states(self, inputs: dict[str, torch.Tensor], extents: Extents, draws: Floats) -> Frames:
        if int(inputs["position"][0]) == 0:
            return initial(extents, draws)
        return self._rollout.states[inputs["row"]].cpu().numpy()

    def _clips(self, inputs: dict[str, torch.Tensor], states: Frames) -> torch.Tensor:
        recipe, rows = self._setting.recipe, inputs["rows"]
        seen = window(states, recipe.clip.frames, self._setting.options.context)
        places, frames = torch.from_numpy(seen).to(rows.device), inputs["frames"].to(rows.device)
        chosen = rows_at(rows, places, frames)
        clips = self._setting.look.clips(chosen, outside(places, frames))
        return lay_out({"clips": clips}, recipe.numerics)["clips"]

    def _targets(self, inputs: dict[str, torch.Tensor], states: Frames) -> torch.Tensor:
        table, frames = (inputs[name].cpu().numpy() for name in ("offsets", "frames"))
        options = self._setting.options
        found = offsets_at(states, table, frames)
        return torch.from_numpy(targets(states, found, options.anchors, options.overlap))

    def _move(
        self,
        inputs: dict[str, torch.Tensor],
        states: Frames,
        outputs: torch.Tensor,
        extents: Extents,
        draws: Floats,
    ) -> None:
        """Where the states go after this step, by the predictions made before it."""
        predicted = outputs.detach().cpu().numpy()
        ratios = best_ratios(predicted, self._setting.options.anchors, BOX_CLAMP)
        moved, now = advance(states, ratios, extents, draws)
        rows = inputs["row"].to(self._rollout.ended.device)
        first = int(inputs["position"][0]) == 0
        ended = now if first else now | self._rollout.ended[rows].cpu().numpy()
        self._moves.append(_Move(rows, moved, ended, first))
