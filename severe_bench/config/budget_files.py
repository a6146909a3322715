"""Budgets given back as a file: a list that was drawn before, as a run writes it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from severe_bench.config.problems import Problem

FILE = "file"


def with_listed_budgets(
    section: str, entries: Mapping[str, Any], folder: Path
) -> tuple[dict[str, Any], list[Problem]]:
    """Entries with each `budget: {file: PATH}` replaced by the samples that the file lists.

    The list stands in the cell then: a result does not depend on what becomes of the file.

    Args:
        section: `experiments` or `pretraining`.
        entries: raw, by name.
        folder: where relative paths start.
    """
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, entry in entries.items():
        found[name] = entry
        budget = entry.get("budget") if isinstance(entry, dict) else None
        if not isinstance(budget, dict) or FILE not in budget:
            continue
        samples, wrong = _samples(folder / Path(str(budget[FILE])).expanduser())
        rest = {key: value for key, value in budget.items() if key != FILE}
        found[name] = {**entry, "budget": {**rest, "samples": samples}}
        problems += [Problem((section, name, "budget", FILE), what, mend) for what, mend in wrong]
    return found, problems


def _samples(path: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """Names of the lines `sample label`, and what is wrong."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        return ["?"], [(f"cannot read {path}: {reason}", "give the drawn.txt of a result")]
    parts = [line.rsplit(maxsplit=1) for line in lines]
    short = next((n for n, part in enumerate(parts, start=1) if len(part) < 2), None)
    if short is not None or not parts:
        what = f"{path}:{short or 1}: is not `sample label`"
        return ["?"], [(what, "give the drawn.txt of a result")]
    return [part[0] for part in parts], []
