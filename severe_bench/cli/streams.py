"""The standard streams as commands need them: open, and taking every character."""

import io
import os
import sys


def prepare_streams() -> None:
    """Open what was closed, and print what an encoding lacks as its code.

    A file that is opened where standard error was closed would get its number, and what is meant
    for people. A terminal that has no minus sign must not end a command.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - as long as the process
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
