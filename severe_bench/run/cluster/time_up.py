"""When a task has to stop: Slurm's warning, whenever it comes, and a clock where none comes."""

import math
import os
import signal
import time
from pathlib import Path
from types import FrameType
from typing import Self

from severe_bench.core.errors import UserError
from severe_bench.run.cluster.slurm_commands import seconds_left, this_task

STAT = Path("/proc/self/stat")
START_FIELD = 19
"""Of /proc/PID/stat after the process's name: clock ticks since boot (proc(5), field 22)."""


class TimeUp:
    """Whether a task has to save its state and end; asked again and again.

    Slurm warns once (SIGUSR2), and a warning that comes before anybody listens is lost: while
    setup lines run, say, when there is no job step yet. So there is a clock of our own beside it.
    Signals are listened to until the process ends: nothing is left to be done by whoever listened
    before.
    """

    def __init__(self) -> None:
        self.rang = False
        self._ended = False
        self._due = math.inf
        self._warning = 0.0

    @classmethod
    def listening(cls) -> Self:
        """Listen from now on, to the warning and to SIGTERM."""
        timer = cls()
        signal.signal(signal.SIGUSR2, timer._ring)
        signal.signal(signal.SIGTERM, timer._end)
        return timer

    def at_latest(self, seconds: float, warning: float) -> None:
        """Ring by itself, unless the limit turns out to be another one then.

        Args:
            seconds: from now to the time limit, as far as is known.
            warning: seconds before the limit at which to stop.
        """
        self._due = time.monotonic() + seconds - warning
        self._warning = warning

    def __call__(self) -> bool:
        """Whether the warning came, or the task is to end for another reason."""
        if not self.rang and time.monotonic() >= self._due:
            self._look_again()
        return self.rang or self._ended

    def _look_again(self) -> None:
        """An administrator may have given the job more time."""
        try:
            more = seconds_left(this_task()) - self._warning
        except (UserError, KeyError):
            more = 0.0
        self.rang = more <= 0
        self._due = time.monotonic() + more

    def _ring(self, _number: int, _frame: FrameType | None) -> None:
        self.rang = True

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self._ended = True


def process_age() -> float:
    """Seconds since this process was started; what has replaced a shell counts from the shell's."""
    ticks = int(STAT.read_text().rpartition(")")[2].split()[START_FIELD])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
