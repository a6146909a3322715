"""Finetuning R(2+1)D-18 on a GPU: eager fp32 against ours, and whether loaders can feed it."""

import math
import statistics
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch

from severe_bench.config.network_input import Input
from severe_bench.config.prepared import Prepared
from severe_bench.config.recipe import Numerics, Recipe
from severe_bench.core.record import Record
from severe_bench.core.remarks import heard_by
from severe_bench.data.prepared import Manifest
from severe_bench.data.reading import Steps, TrainReader
from severe_bench.data.reencode import reencode
from severe_bench.data.sources import ClipBatches
from severe_bench.data.store import VideoStore
from tests.performance.films import ORIGINALS, Original, film
from tests.performance.finetune_step import (
    Finetuning,
    Setting,
    as_a_cell_is,
    as_torch_is,
    matrix_rate,
    seconds_of,
)
from tests.performance.measure import Line, ratio_of, seconds

ON_CUDA = Setting(device="cuda", batch=32, frames=32, gemm=8192, pairs=9, steps=5)
PLAIN = Numerics(channels_last=False)
OURS = Numerics(precision="bf16", channels_last=True, compile=True, fused=True, autotune=True)
BATCHES_READ = 3


def bench(
    setting: Setting = ON_CUDA, original: Original = ORIGINALS[0], ours: Numerics = OURS
) -> Iterator[Line]:
    """The step by itself, the step from uint8 clips, and the loader."""
    said: list[str] = []
    with heard_by(said.append):
        faster = Finetuning(setting, ours)
        yield _steps(setting, faster)
        with tempfile.TemporaryDirectory() as folder:
            reader = _reader(Path(folder), setting, original)
            taken = _whole_step(setting, faster, reader)
            yield _feeding(setting, reader, taken, original)
    for text in said:
        yield Line("remark on these lines", text)


def _steps(setting: Setting, faster: Finetuning) -> Line:
    """Both sides on clips that lie on the device."""
    clips, plain = setting.random_clips(), Finetuning(setting, PLAIN)
    with as_torch_is(setting):
        work = plain.flops(clips)
    _timed_ours(faster, clips)
    pairs = [(_timed_plain(plain, clips), _timed_ours(faster, clips)) for _ in range(setting.pairs)]
    slow, fast = zip(*pairs, strict=True)
    rates = [setting.batch * setting.steps / statistics.median(side) for side in (slow, fast)]
    best = matrix_rate(setting, torch.bfloat16)
    share = 100 * work / setting.batch * rates[1] / best
    claim = f"finetuning {setting.backbone}, {setting.clips}: eager fp32, contiguous / ours"
    return Line(
        f"{claim} ({_options(faster.numerics)})",
        f"{ratio_of(slow, fast)}; {rates[0]:.0f} / {rates[1]:.0f} clips/s (TF32 in the plain "
        f"side's convolutions, as torch has it); ours has {share:.0f} % of the measured bf16 "
        f"matrix rate, {best / 1e12:.1f} TFLOP/s",
        headline=True,
    )


def _timed_plain(plain: Finetuning, clips: torch.Tensor) -> float:
    def work() -> None:
        with as_torch_is(plain.setting):
            plain.steps(clips)

    return seconds(work)


def _timed_ours(ours: Finetuning, clips: torch.Tensor) -> float:
    def work() -> None:
        with as_a_cell_is(ours.setting, ours.numerics):
            ours.steps(clips)

    return seconds(work)


def _options(numerics: Numerics) -> str:
    names = ("channels_last", "fused", "compile", "autotune")
    return ", ".join([numerics.precision, *(name for name in names if getattr(numerics, name))])


def _reader(folder: Path, setting: Setting, original: Original) -> TrainReader:
    """Training clips of one video, prepared, as often as a batch is large; none is kept."""
    film(folder / f"film{original.suffix}", original)
    place = folder / "prepared"
    place.mkdir()
    name = f"film{original.suffix}"
    made = reencode(folder / name, name, place / "film.mp4", "film.mp4", Prepared())
    manifest = Manifest(place, Prepared())
    manifest.begin()
    manifest.add(made)
    records = tuple(Record(f"film {n}", made.prepared, 0, "train") for n in range(setting.batch))
    recipe = _recipe(setting)
    store = VideoStore(place, max_bytes=0)
    return TrainReader(store, records, recipe.clip, Steps.of(len(records), recipe, seed=0))


def _recipe(setting: Setting) -> Recipe:
    clip = {"frames": setting.frames, "size": setting.size, "sampling": "seconds", "rate": 16}
    return Recipe.model_validate({"clip": clip, "batch_size": setting.batch})


def _whole_step(setting: Setting, ours: Finetuning, reader: TrainReader) -> float:
    """Clips per second from decoded uint8 frames: copied, augmented and trained on."""
    read = reader(0)
    source = ClipBatches(
        reader.store,
        reader.records,
        torch.zeros(setting.batch),
        _recipe(setting),
        Input(),
        seed=0,
        device=setting.device,
        feed=lambda _: read,
    )
    with as_a_cell_is(setting, ours.numerics):
        taken = seconds_of(
            setting, lambda: ours.step(source.batch(0, 0).inputs["clips"]), setting.pairs
        )
    return setting.batch / statistics.median(taken)


def _feeding(setting: Setting, reader: TrainReader, taken: float, original: Original) -> Line:
    """How many cores decode as fast as the network takes."""
    apart = [seconds(partial(reader, number)) for number in range(BATCHES_READ)]
    read = setting.batch / statistics.median(apart)
    cores = math.ceil(taken / read)
    claim = f"can loaders feed it? clips of {setting.frames} frames, {original.name}, prepared"
    return Line(
        claim,
        f"one core reads {read:.0f} clips/s; ours takes {taken:.0f} clips/s from uint8, "
        f"augmentation on the device included: {cores} core(s) feed it",
    )
