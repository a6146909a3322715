"""A plan as data for scripts: what `severe plan --json` prints."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from severe_bench.plan.build import Plan
from severe_bench.plan.cell import Cell
from severe_bench.plan.estimate import Estimate
from severe_bench.plan.state import state_of

NOTHING: Mapping[str, str] = {}


def plan_json(
    plan: Plan, states: Mapping[str, str], estimate: Estimate, reasons: Mapping[str, str] = NOTHING
) -> dict[str, Any]:
    """The plan as an object: `suite`, `cells`, `estimate`, and what is to be said of it.

    Args:
        plan: of a suite.
        states: by cell id, as the store says.
        estimate: of what is left.
        reasons: by cell id, why it is in its state; a cell's own problem where there is none.

    Returns:
        Only what JSON knows: beside those `left_out`, `missing`, `refused` and `notes`. Each of
        `cells` has `id`, `kind`, `title`, `model`, `experiment`, `preset`, `seed` (None for cells
        that are not evaluated), `state`, `needs`, `reason`.
    """
    return {
        "suite": plan.suite,
        "cells": [_row(cell, states, reasons) for cell in plan.cells],
        "estimate": asdict(estimate),
        "left_out": list(plan.left_out),
        "missing": [asdict(missing) for missing in plan.missing],
        "refused": [asdict(refused) for refused in plan.refused],
        "notes": list(plan.notes),
    }


def _row(cell: Cell, states: Mapping[str, str], reasons: Mapping[str, str]) -> dict[str, Any]:
    label = cell.label
    return {
        "id": cell.id,
        "kind": cell.job.kind,
        "title": cell.title,
        "model": label.model if label else None,
        "experiment": label.experiment if label else None,
        "preset": label.preset if label else None,
        "seed": label.seed if label else None,
        "state": state_of(cell, states),
        "needs": dict(cell.needs),
        "reason": reasons.get(cell.id) or cell.problem,
    }
