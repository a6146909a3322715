"""A site profile: what jobs of this site ask for, and how they are put together."""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import Field, model_validator

from severe_bench.config.globs import matches
from severe_bench.config.problems import dotted, parse
from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.plan.cell import Cell

PROFILE_VARIABLE = "SEVERE_SLURM_PROFILE"
PROFILE_FILE = Path("slurm/profile.yaml")

LEAST_WORK_MINUTES = 2
"""Before the warning, which Slurm may give a minute early."""

Positive = Annotated[int, Field(ge=1)]


class Asks(Frozen):
    """What one task asks the scheduler for; None leaves it to the site.

    Args:
        gpus: per task, which runs as many cells side by side; 0: none, cells run on the CPU.
        cpus: per task; a task without GPU runs as many cells side by side.
        memory_gb: per task.
        longest_minutes: a task never asks for more time than this.
        sbatch: further options of sbatch by their long names, e.g. `{reservation: thesis}`.
    """

    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    gpus: Annotated[int, Field(ge=0)] | None = None
    cpus: Positive | None = None
    memory_gb: Annotated[float, Field(gt=0)] | None = None
    longest_minutes: Positive | None = None
    sbatch: dict[str, str | int | bool] = {}

    @property
    def lanes(self) -> int:
        """Cells that a task runs side by side: one for each GPU, else one for each CPU."""
        return self.gpus or self.cpus or 1

    def under(self, special: "Asks") -> "Asks":
        """These, with everything that `special` states in their place."""
        stated = special.model_dump(exclude_none=True)
        options = {**self.sbatch, **special.sbatch}
        return Asks.model_validate({**self.model_dump(), **stated, "sbatch": options})


GPU = Asks(gpus=1, cpus=8, memory_gb=32)
CPU = Asks(gpus=0, cpus=1, memory_gb=4)
"""What is asked for where the profile says nothing."""


class Profile(Frozen):
    """How this site runs cells; nothing of it can change a number, but for the kind of device.

    Args:
        every: asked for by all tasks, over `GPU` or `CPU`.
        gpu: by tasks that run a backbone, over `every`.
        cpu: by tasks that do not (probes on cached features, filming of worlds).
        experiments: glob over experiment names -> asked for by their cells, over the rest.
        setup: shell lines before the task, e.g. `module load cuda`.
        python: command that starts Python in the job; this one where left out.
        task_minutes: short cells share a task until it is expected to take this long.
        most_tasks: tasks queued or running at once; sites limit them.
        parallel: tasks of one array that run at once.
        signal_seconds: how long before its time limit a task is told to save its state.
        requeues: how often a task that ran out of time goes back into the queue by itself; 0 where
            the site forbids it: then `severe run` submits the rest again.
        srun: start the task as a job step; false where jobs must not.
    """

    every: Asks = Asks()
    gpu: Asks = Asks()
    cpu: Asks = Asks()
    experiments: dict[str, Asks] = {}
    setup: tuple[str, ...] = ()
    python: str | None = None
    task_minutes: Annotated[float, Field(gt=0)] = 20.0
    most_tasks: Positive = 1000
    parallel: Positive = 256
    signal_seconds: Positive = 120
    requeues: Annotated[int, Field(ge=0)] = 20
    srun: bool = True

    @model_validator(mode="after")
    def _has_time_before_the_warning(self) -> Self:
        least = math.ceil(self.signal_seconds / 60) + LEAST_WORK_MINUTES
        for asks in (self.every, self.gpu, self.cpu, *self.experiments.values()):
            if asks.longest_minutes is not None and asks.longest_minutes < least:
                raise ValueError(
                    f"longest_minutes is {asks.longest_minutes}, and a task is told to stop"
                    f" {self.signal_seconds} s before; make it {least} or more"
                )
        return self

    def asks_of(self, cell: Cell, *, needs_gpu: bool) -> Asks:
        """What a cell asks for."""
        default, stated = (GPU, self.gpu) if needs_gpu else (CPU, self.cpu)
        asks = default.under(self.every).under(stated)
        if cell.label is not None:
            for glob, special in self.experiments.items():
                if matches(cell.label.experiment, (glob,)):
                    asks = asks.under(special)
        return asks


def find_profile(given: Path | None) -> Profile:
    """The profile given, or that of `SEVERE_SLURM_PROFILE`, or `slurm/profile.yaml` here, or none.

    Raises:
        UserError: no such file, or a mistake in it.
    """
    named = given or (Path(found) if (found := os.environ.get(PROFILE_VARIABLE)) else None)
    if named is not None:
        return read_profile(named)
    return read_profile(PROFILE_FILE) if PROFILE_FILE.is_file() else Profile()


def read_profile(path: Path) -> Profile:
    """A profile from a yaml file.

    Raises:
        UserError: it cannot be read, or states something unknown or of the wrong kind.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"cannot be read: {reason}", str(path), "mend it, or leave --profile out"
        ) from error
    return _checked(content or {}, path)


def _checked(content: Mapping[str, Any], path: Path) -> Profile:
    profile, problems = parse(Profile, content, ())
    if profile is None:
        first = problems[0]
        raise UserError(f"{dotted(first.loc)}: {first.what}", str(path), first.mend)
    return profile
