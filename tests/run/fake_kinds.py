"""Runners that cost nothing, for tests of everything around them.

`task_options` say how they behave: `steps`, `pause` (seconds a step), and `mode`.
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from severe_bench.core.atomic import write_json
from severe_bench.core.errors import Interrupted, UserError
from severe_bench.core.remarks import remark
from severe_bench.core.session import Progress
from severe_bench.plan.job import EvaluateJob
from severe_bench.run.work import Outputs, Work
from severe_bench.store.layout import CHECKPOINT
from severe_bench.store.predictions import Predictions
from severe_bench.store.result import MetricValue

MODULUS = 2**31 - 1
EXECUTIONS = "FAKE_EXECUTIONS"
OUTPUT = "weights.pt"

RUNNERS = {
    "dataset": "tests.run.fake_kinds:make",
    "pretrain": "tests.run.fake_kinds:make",
    "features": "tests.run.fake_kinds:make",
    "evaluate": "tests.run.fake_kinds:evaluate",
}


class NanLoss(Exception):  # noqa: N818 - the name by which it is classified
    """As the training loop raises it."""


class OutOfMemoryError(RuntimeError):
    """As torch raises it."""


ERRORS = {
    "nan": NanLoss("loss is nan in epoch 1"),
    "memory": OutOfMemoryError("CUDA out of memory"),
    "user": UserError("no such video", "/nowhere/a.mp4", "check the root"),
    "bug": KeyError("left"),
    "full": OSError(28, "No space left on device", "/somewhere/x"),
}


def make(work: Work) -> Outputs:
    """Train from the job's id and the needed cells' numbers; write the number as output."""
    number = _train(work, int(work.cell.id[:6], 16), steps=20, pause=0.01)
    write_json(work.session.folder / OUTPUT, number)
    return Outputs(clips=20)


def evaluate(work: Work) -> Outputs:
    """Train, or misbehave."""
    job = work.cell.job
    assert isinstance(job, EvaluateJob)
    options = job.task_options
    _misbehave(options.get("mode", ""), work)
    start = job.seed + sum(_number(folder) for folder in work.session.needs.values())
    number = _train(work, start, options.get("steps", 1), options.get("pause", 0.0))
    if options.get("mode") == "deaf":  # as the end of an evaluation is, which asks no more
        time.sleep(0.7)
    value = 100.0 * number / MODULUS
    metric = MetricValue(name="top1", value=value, unit="%", higher_is_better=True, n=4)
    scores = np.full((4, 2), value, dtype=np.float32)
    names = np.array(["a", "b", "c", "d"])
    return Outputs(
        metrics=(metric,),
        predictions=Predictions(names, np.zeros(4, dtype=np.int64), scores, names),
        clips=4,
        seeds={"cell": job.seed},
    )


def _train(work: Work, number: int, steps: int, pause: float) -> int:
    """A sequence in which every step depends on all before it, with checkpoints."""
    session = work.session
    _note(f"begin {work.cell.id}")
    first, number = _resume(session.folder / CHECKPOINT, number)
    for step in range(first, steps):
        if session.should_stop():
            write_json(session.folder / CHECKPOINT, [step, number])
            raise Interrupted(f"at step {step}")
        if session.checkpoint_due():
            write_json(session.folder / CHECKPOINT, [step, number])
        number = (number * 48271 + step + 1) % MODULUS
        session.report(Progress("train", step + 1, steps, 1, float("nan"), 3.0))
        _note(f"step {work.cell.id} {step}")
        time.sleep(pause)
    return number


def _resume(path: Path, number: int) -> tuple[int, int]:
    if not path.exists():
        return 0, number
    step, number = json.loads(path.read_text())
    return step, number


def _number(folder: Path) -> int:
    return int(json.loads((folder / OUTPUT).read_text()))


def _misbehave(mode: str, work: Work) -> None:
    if mode == "remark":
        remark("it ran without")
        remark("it ran without")
    if mode in ERRORS:
        raise ERRORS[mode]
    if mode == "hungry":
        eaten = bytearray(b"x" * 600_000_000)
        time.sleep(60 + len(eaten) % 2)
    if mode == "die":
        print("about to die", file=sys.stderr, flush=True)
        os.kill(os.getpid(), 9)
    if mode == "die_once":
        mark = work.session.folder / "died.txt"
        if not mark.exists():
            mark.write_text("")
            os.kill(os.getpid(), 9)
    if mode == "exit":
        os._exit(3)
    if mode == "chatter":
        print("to standard output")
        os.system("echo from a child")  # noqa: S605


def _note(line: str) -> None:
    path = os.environ.get(EXECUTIONS)
    if path:
        with Path(path).open("a") as stream:
            stream.write(f"{line} {os.getpid()}\n")
