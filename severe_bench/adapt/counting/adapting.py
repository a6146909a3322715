"""Train a network on rollouts, then count the repetitions of every test video.

What a window shows is the task's business: of the recipe's clip only `frames` and `size` are read,
of its augmentation only `flip`, and of its test views and looks none.
"""

import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from severe_bench.adapt.counting.anchors import Outputs
from severe_bench.adapt.counting.inference import reading, together
from severe_bench.adapt.counting.objective import CountingObjective, Setting
from severe_bench.adapt.counting.pixels import (
    Look,
    PartReader,
    Rows,
    SegmentReader,
    outside,
    rows_at,
)
from severe_bench.adapt.counting.source import RolloutBatches, SubclipReader
from severe_bench.adapt.counting.states import Floats, States, window
from severe_bench.adapt.counting.subclips import draw_subclips
from severe_bench.adapt.inputs import Cost, Inputs, Outcome
from severe_bench.adapt.looking import judge_of
from severe_bench.adapt.network import (
    WholeNetwork,
    frozen,
    outputs_of,
    seeded_head,
    state_digest,
)
from severe_bench.adapt.parts import Pass, rows_of
from severe_bench.adapt.parts import Rows as PassRows
from severe_bench.config.recipe import Recipe
from severe_bench.core.errors import Interrupted, UserError
from severe_bench.data.loading import ahead
from severe_bench.data.reading import Steps
from severe_bench.data.store import shared_store
from severe_bench.models.network import build_network, feature_width
from severe_bench.tasks.counting import CountingOptions
from severe_bench.train.loop import FitSummary, fit

VIDEOS = 8
"""Test videos that are read side by side."""


def finetune(inputs: Inputs) -> Outcome:
    """Train backbone and head; training and testing go on where an earlier session stopped."""
    run = _Run(inputs)
    return run.tested(run.trained("trains"))


def probe(inputs: Inputs) -> Outcome:
    """Train the head on a frozen backbone.

    In eval mode, which is the default, it stays the same to the bit; in train mode the statistics
    of its batch normalisation drift.
    """
    run = _Run(inputs)
    if inputs.job.recipe.probe.batch_norm == "train":
        run.network.backbone.requires_grad_(False)
        return run.tested(run.trained("drifts"))
    with frozen(run.network.backbone):
        return run.tested(run.trained("frozen"))


def _require_fit(recipe: Recipe) -> None:
    """Refuse what cannot be done, rather than do something else."""
    frames = recipe.clip.frames
    if frames < 4 or frames % 2:
        mend = "take an even number of at least 4; the original is 32"
        raise UserError(f"clip.frames: {frames} cannot be halved into two cycles", mend=mend)
    if recipe.test.precise_norms:
        what = "test.precise_norms averages over clips, and counting trains on rollouts"
        raise UserError(what, mend="set it to 0")


class _Run:
    """One evaluation."""

    def __init__(self, inputs: Inputs) -> None:
        job = inputs.job
        self.inputs, self.recipe = inputs, job.recipe
        self.options = CountingOptions.model_validate(job.task_options)
        clip = self.recipe.clip
        _require_fit(self.recipe)
        backbone = build_network(job.network, inputs.weights_file)
        width = feature_width(job.network.backbone, backbone, clip.frames, clip.size)
        self.network = WholeNetwork(backbone, seeded_head(inputs.assignment, width, job.seed))
        self.look = Look(job.network.input, self.options.outside, clip.size)
        self.read = PartReader(shared_store(inputs.dataset.root), clip.size)

    def trained(self, backbone: Literal["trains", "frozen", "drifts"]) -> FitSummary:
        """Fit the network in place."""
        inputs, job, session = self.inputs, self.inputs.job, self.inputs.session
        options = self.options
        subclips = draw_subclips(inputs.train, options.clips, options.cut, job.seed)
        steps = Steps.of(len(subclips), self.recipe, job.seed)
        flip = self.recipe.augment.flip
        reader = SubclipReader(self.read, inputs.train, subclips, steps, flip)
        source = RolloutBatches(reader, options.rollout, session.device)
        setting = Setting(inputs.assignment, options, self.recipe, self.look, backbone)
        objective = CountingObjective(self.network, setting)
        judge = judge_of(inputs, self._looked)
        return fit(objective, source, self.recipe, session, job.seed, judge=judge)

    def _looked(self, epoch: int) -> NDArray[np.float32]:
        """Counts of all test videos, as in the test itself: SEVERE's code looks so each epoch."""
        self.network.eval()
        counts = []
        for rows in self._blocks(0):
            if self.inputs.session.should_stop():
                raise Interrupted(f"stopped in the look after epoch {epoch + 1}")
            counts.append(rows["counts"])
        return np.concatenate(counts)

    def tested(self, summary: FitSummary) -> Outcome:
        """Counts (N,) of the test videos, whole numbers, and what all of it cost."""
        began = time.perf_counter()
        self.network.eval()
        plan = Pass("test", len(self.inputs.test), state_digest(self.network))
        rows = rows_of(plan, self._blocks, self.inputs.session)
        return Outcome(
            scores=rows["counts"].astype(np.float32, copy=False),
            cost=Cost.of(summary, clips=summary.clips + int(rows["windows"].sum()), began=began),
            selected_epoch=summary.selected_epoch,
        )

    def _blocks(self, first: int) -> Iterator[PassRows]:
        reader = SegmentReader(self.read, self.inputs.test)
        numbers = range(first, len(self.inputs.test))
        on_cpu = torch.device(self.inputs.session.device).type == "cpu"
        videos = map(reader, numbers) if on_cpu else ahead(reader, numbers)
        while block := list(islice(videos, VIDEOS)):
            yield self._counted(block)

    def _counted(self, videos: list[Rows]) -> PassRows:
        """Counts of a block of videos, and the windows that went through the network for each."""
        device = self.inputs.session.device
        rows = [torch.from_numpy(video).to(device) for video in videos]
        readings = [reading(len(video), self.options) for video in videos]
        found = together(readings, lambda asked: self._outputs(rows, asked))
        counts = [
            round(len(video) * self._merged(frequencies))
            for video, (frequencies, _) in zip(videos, found, strict=True)
        ]
        windows = np.array([number for _, number in found])
        return {"counts": np.array(counts, dtype=np.float32), "windows": windows}

    def _merged(self, frequencies: Floats) -> float:
        """Repetitions per frame of a video."""
        places = torch.from_numpy(frequencies)
        weights = torch.full_like(places, 1 / len(places))
        return float(self.inputs.assignment.merge(places, weights))

    def _outputs(self, rows: Sequence[torch.Tensor], asked: Sequence[States]) -> list[Outputs]:
        """Outputs of the windows of all videos, in passes over batches of them."""
        clips = torch.cat(
            [self._clips(video, states) for video, states in zip(rows, asked, strict=True)]
        )
        device = self.inputs.session.device
        outputs = outputs_of(self.network, clips, self.recipe, device).cpu().numpy()
        ends = np.cumsum([len(states) for states in asked])[:-1]
        return np.split(outputs, ends)

    def _clips(self, rows: torch.Tensor, states: States) -> torch.Tensor:
        seen = window(states, self.recipe.clip.frames, self.options.context)
        places = torch.from_numpy(seen).flatten().to(rows.device)[None]
        frames = torch.tensor([len(rows)], device=rows.device)
        shape = seen.shape
        chosen = rows_at(rows[None], places, frames).view(*shape, -1)
        return self.look.clips(chosen, outside(places, frames).view(shape))
