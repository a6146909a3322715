"""The one command that computes a cell again."""

import shlex

from severe_bench.core.frozen import Frozen
from severe_bench.plan.cell import Cell


class Invocation(Frozen):
    """How the user named the study.

    Args:
        config: file given by `--config`; empty for the default.
        environ: the environment variables that the file took values from.
    """

    config: str = ""
    environ: dict[str, str] = {}


def reproducing(cell: Cell, suite: str, invocation: Invocation) -> str:
    """What to type, with a fresh results folder so that the stored cell is not just found done.

    Args:
        cell: evaluated cells are selected by name; others come with their suite.
        suite: its name.
        invocation: file and variables, so that the same study is read.
    """
    words = ["env", *(f"{name}={value}" for name, value in sorted(invocation.environ.items()))]
    words = [*(words if invocation.environ else []), "severe", "run", suite]
    if invocation.config:
        words += ["--config", invocation.config]
    if cell.label:
        words += ["--model", cell.label.model, "--experiment", cell.label.experiment]
        words += ["--seed", str(cell.label.seed), "--preset", cell.label.preset]
    return shlex.join([*words, "--results", "results-again"])
