"""Slurm's commands as small programs that record what they are asked and run nothing."""

import json
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

PROGRAM = """#!{python}
import json, os, re, sys
from pathlib import Path
state = Path({folder!r})
name = Path(sys.argv[0]).name
with (state / "calls").open("a") as calls:
    calls.write(json.dumps([name, *sys.argv[1:]]) + "\\n")
said = state / f"{{name}}.says"
if said.exists():
    sys.exit(said.read_text())
if name == "sbatch":
    lent = [name for name in os.environ if name.startswith("SLURM_")]
    (state / "lent").write_text(" ".join(sorted(lent)))
    text = Path(sys.argv[-1]).read_text()
    refused = state / "refused"
    if refused.exists() and f"--partition={{refused.read_text()}}\\n" in text:
        sys.exit("sbatch: error: invalid partition specified: " + refused.read_text())
    array = re.search(r"--array=0-(\\d+)", text)
    tasks = int(array[1]) + 1 if array else 1
    queue = json.loads((state / "queue").read_text())
    room = int((state / "room").read_text())
    if sum(count for count in queue.values()) + tasks > room:
        sys.exit("sbatch: error: AssocMaxSubmitJobLimit")
    number = str(len(queue) + 1000)
    queue[number] = tasks
    (state / "queue").write_text(json.dumps(queue))
    (state / f"{{number}}.sh").write_text(text)
    (state / f"{{number}}.path").write_text(sys.argv[-1])
    if (state / "dies").exists():
        os.kill(os.getppid(), 9)
    print("Submitted batch job", number)
elif name == "squeue":
    for number, tasks in json.loads((state / "queue").read_text()).items():
        for task in range(tasks):
            name = f"{{number}}_{{task}}" if tasks > 1 else number
            script = (state / f"{{number}}.path").read_bytes()
            sys.stdout.buffer.write(f"{{name}}|PENDING|Priority|".encode() + script + b"\\n")
elif name == "scontrol" and sys.argv[1:3] == ["show", "job"]:
    print("   PreemptEligibleTime=2026-11-21T12:00:00 PreemptTime=" + os.environ["PREEMPTED"])
elif name == "scontrol":
    print("MaxArraySize            = " + (state / "array").read_text())
elif name == "scancel":
    queue = json.loads((state / "queue").read_text())
    kept = {{job: tasks for job, tasks in queue.items() if job not in sys.argv}}
    (state / "queue").write_text(json.dumps(kept))
"""


@dataclass(frozen=True)
class FakeSlurm:
    """A scheduler that takes jobs and does nothing with them.

    Args:
        folder: of its programs and its state.
    """

    folder: Path

    @classmethod
    def at(cls, folder: Path, array: int = 1001, room: int = 10**6) -> "FakeSlurm":
        """Set it up; it takes `room` tasks and arrays of `array` tasks."""
        folder.mkdir()
        (folder / "queue").write_text("{}")
        (folder / "array").write_text(str(array))
        (folder / "room").write_text(str(room))
        (folder / "calls").touch()
        text = PROGRAM.format(python=sys.executable, folder=str(folder))
        for name in ("sbatch", "squeue", "scontrol", "scancel", "srun"):
            (folder / name).write_text(text)
            (folder / name).chmod((folder / name).stat().st_mode | stat.S_IXUSR)
        return cls(folder)

    @property
    def path(self) -> str:
        """For PATH."""
        return f"{self.folder}{os.pathsep}{os.environ['PATH']}"

    def calls(self, name: str) -> list[list[str]]:
        """How a program was called, in order."""
        lines = (self.folder / "calls").read_text().splitlines()
        return [words[1:] for words in map(json.loads, lines) if words[0] == name]

    def script(self, job: str) -> str:
        """What sbatch was given."""
        return (self.folder / f"{job}.sh").read_text()

    def fails(self, name: str, words: str) -> None:
        """From now on a program says this on standard error, and fails."""
        (self.folder / f"{name}.says").write_text(words)

    def knows_not(self, partition: str) -> None:
        """It refuses what asks for this partition."""
        (self.folder / "refused").write_text(partition)

    def kills_who_submits(self) -> None:
        """From now on whoever submits dies when the job is taken, before it is told so."""
        (self.folder / "dies").touch()

    def ends(self, *jobs: str) -> None:
        """Jobs leave the queue."""
        queue = json.loads((self.folder / "queue").read_text())
        kept = {job: tasks for job, tasks in queue.items() if job not in jobs}
        (self.folder / "queue").write_text(json.dumps(kept))
