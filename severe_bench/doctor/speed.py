"""How fast clips are decoded and how fast a network takes them, measured one after the other."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from severe_bench.config.network_input import Input
from severe_bench.config.recipe import Recipe
from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import Dataset, Record
from severe_bench.core.remarks import heard_by
from severe_bench.core.units import clips_text
from severe_bench.data.loading import usable_workers
from severe_bench.data.reading import Steps, TrainReader
from severe_bench.data.sources import ClipBatches
from severe_bench.data.store import VideoStore
from severe_bench.doctor.finding import Finding
from severe_bench.train.numerics import arithmetic, lay_out, place

SECONDS = 3.0
"""That each side is measured for, at least, after a first time that does not count."""
BATCHES = 4
"""Different ones, at most, that are read."""


class Speed(Frozen):
    """Clips per second of training.

    Args:
        decoding: of one process, every clip from its file.
        network: forward and backward of a batch on the device, augmentation included.
        device: of the network.
        loaders: processes that read ahead; 0 where the network's own process reads.
        remarks: what the network's side said of itself, e.g. that torch.compile failed.
    """

    decoding: float
    network: float
    device: str
    loaders: int
    remarks: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Both rates, and which of the two the other waits for."""
        decoding = f"{clips_text(self.decoding)} in one process"
        network = f"{clips_text(self.network)} trained on {self.device}"
        return (
            Finding(check="decoding", verdict="ok", seen=decoding),
            Finding(check="network", verdict="ok", seen=network),
            self._balance(),
            *(Finding(check="network", verdict="note", seen=text) for text in self.remarks),
        )

    def _balance(self) -> Finding:
        if not self.loaders:
            share = 100 * self.network / (self.network + self.decoding)
            seen = f"one process does both: {share:.0f} % of its time goes into decoding"
            return _judged(seen, waits=share > 50)
        needed = math.ceil(self.network / self.decoding)
        if needed > self.loaders:
            seen = f"the network starves: {needed} loaders would feed it, there are {self.loaders}"
            return _judged(seen, waits=True)
        seen = f"loaders wait for the network: {needed} of {self.loaders} would feed it"
        return _judged(seen, waits=False)


def _judged(seen: str, *, waits: bool) -> Finding:
    mend = "severe data prepare (or --raw), or give the job more cores" if waits else ""
    return Finding(check="balance", verdict="note" if waits else "ok", seen=seen, mend=mend)


@dataclass(frozen=True)
class Trial:
    """What is measured: training clips of a dataset through a network.

    Args:
        dataset: with its videos.
        recipe: clip, augmentation, batch size and numerics are read.
        network: a backbone.
        statement: its input.
        device: torch device string.
    """

    dataset: Dataset
    recipe: Recipe
    network: nn.Module
    statement: Input
    device: str

    def speed(self) -> Speed:
        """Both rates.

        Raises:
            UserError: there is no training video, or one that cannot be read.
        """
        records = self._records()
        steps = Steps.of(len(records), self.recipe, seed=0)
        reader = TrainReader(self._store(), records, self.recipe.clip, steps)
        read = [reader(number) for number in range(min(BATCHES, len(steps)))]
        decoding = _rate(lambda number: len(reader(number % len(steps))))
        source = ClipBatches(
            self._store(),
            records,
            torch.zeros(len(records)),
            self.recipe,
            self.statement,
            seed=0,
            device=self.device,
            feed=lambda number: read[number],
        )
        place(self.network, self.recipe.numerics, self.device)
        self.network.train()
        remarks: list[str] = []
        with heard_by(remarks.append):
            network = _rate(lambda number: self._step(source, number % len(read)))
        on_cpu = torch.device(self.device).type == "cpu"
        return Speed(
            decoding=decoding,
            network=network,
            device=self.device,
            loaders=0 if on_cpu else usable_workers(),
            remarks=tuple(dict.fromkeys(remarks)),
        )

    def _records(self) -> tuple[Record, ...]:
        """As many as are read, evenly spaced over the training list."""
        records = self.dataset.available(self.dataset.of("train"))
        if not records:
            mend = "check the dataset's lists, and which videos are there: severe data check"
            raise UserError("there is no training video to read", self.dataset.name, mend)
        step = max(1, len(records) // (BATCHES * self.recipe.batch_size))
        return tuple(records[::step][: BATCHES * self.recipe.batch_size])

    def _store(self) -> VideoStore:
        """One that keeps nothing, as where a dataset is larger than the memory."""
        return VideoStore(self.dataset.root, max_bytes=0)

    def _step(self, source: ClipBatches, step: int) -> int:
        batch = source.batch(0, step)
        limit = self.recipe.numerics.micro_batch or len(batch)
        for part in batch.split(limit):
            inputs = lay_out(part.inputs, self.recipe.numerics)
            with arithmetic(self.recipe.numerics, self.device):
                outputs = self.network(inputs["clips"])
            outputs.float().mean().backward()
        if torch.device(self.device).type == "cuda":
            torch.cuda.synchronize(self.device)
        return len(batch)


def _rate(work: Callable[[int], int]) -> float:
    """Clips per second of `work`, which takes a running number and tells how many it did."""
    work(0)
    began, clips, number = time.perf_counter(), 0, 0
    while (taken := time.perf_counter() - began) < SECONDS or not clips:
        number += 1
        clips += work(number)
    return clips / taken
