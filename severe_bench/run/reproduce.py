"""The one command that computes a cell again."""

import shlex

from severe_bench.plan.cell import Cell


def reproducing(cell: Cell, suite: str, config: str) -> str:
    """What to type, with a fresh results folder so that the stored cell is not just found done.

    Args:
        cell: evaluated cells are selected by name; others come with their suite.
        suite: its name.
        config: file given by `--config`; empty for the default.
    """
    words = ["severe", "run", suite]
    if config:
        words += ["--config", config]
    if cell.label:
        words += ["--model", cell.label.model, "--experiment", cell.label.experiment]
        words += ["--seed", str(cell.label.seed)]
    return shlex.join([*words, "--results", "results-again"])
