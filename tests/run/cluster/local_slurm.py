"""The one-node Slurm of slurm/local-cluster, started for tests and stopped after them."""

import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).parents[3] / "slurm" / "local-cluster"
STATE = Path("/tmp/severe-slurm-tests")  # noqa: S108 - sockets need a short path
TURN = Path("/tmp/severe-slurm-tests.turn")  # noqa: S108 - its ports are fixed: one at a time
NAMES = ("SLURM_CONF", "SEVERE_SLURM_STATE")


def available() -> bool:
    """Whether it can be started here: as root, with Slurm installed."""
    programs = ("slurmctld", "slurmd", "munged", "sbatch", "srun")
    return os.geteuid() == 0 and all(shutil.which(program) for program in programs)


def accounting_available() -> bool:
    """Likewise with a database of jobs."""
    return available() and all(shutil.which(name) for name in ("slurmdbd", "mariadbd"))


@dataclass(frozen=True)
class LocalSlurm:
    """A running cluster."""

    def script(self, *words: str) -> None:
        """Call slurm/local-cluster."""
        subprocess.run([str(SCRIPT), *words], check=True, timeout=120)

    def call(self, *words: str) -> str:
        """What a command of Slurm says."""
        done = subprocess.run(words, check=True, capture_output=True, text=True, timeout=60)
        return done.stdout

    def jobs(self) -> list[tuple[str, str]]:
        """Task and state of everything in the queue."""
        lines = self.call("squeue", "-h", "-r", "-o", "%i|%T").split()
        return [(line.partition("|")[0], line.partition("|")[2]) for line in lines]

    def hurry(self, hurried: set[str]) -> None:
        """Let requeued tasks start soon, for which Slurm waits two minutes.

        Not at once: a task that starts in the second in which it was put back is killed ("Job
        credential revoked"), for which Slurm waits so long.

        Args:
            hurried: tasks that were told so before and wait still; kept from call to call.
        """
        lines = self.call("squeue", "-h", "-r", "-t", "PD", "-o", "%i|%r").split()
        waiting = {line.partition("|")[0] for line in lines if line.endswith("|BeginTime")}
        hurried &= waiting
        for task in waiting - hurried:
            words = ["scontrol", "update", f"JobId={task}", "StartTime=now+3"]
            done = subprocess.run(words, check=False, capture_output=True, timeout=60)
            if done.returncode == 0:
                hurried.add(task)

    def running(self) -> list[str]:
        """Tasks that run."""
        return [task for task, state in self.jobs() if state == "RUNNING"]


def eventually(true: Callable[[], object], seconds: float = 90.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.1)


@contextmanager
def local_slurm(*words: str) -> Iterator[LocalSlurm]:
    """A fresh cluster; other processes that want one wait for their turn."""
    before = {name: os.environ.get(name) for name in NAMES}
    with TURN.open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        os.environ["SEVERE_SLURM_STATE"] = str(STATE)
        os.environ["SLURM_CONF"] = str(STATE / "slurm.conf")
        cluster = LocalSlurm()
        cluster.script("down")
        try:
            cluster.script("up", *words)
            yield cluster
        finally:
            cluster.script("down")
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
