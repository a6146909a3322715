"""The training videos that a budget draws, as a list that can be kept and compared."""

from collections.abc import Mapping

from pydantic import ValidationError

from severe_bench.core.budget import Budget
from severe_bench.core.errors import UserError
from severe_bench.data.adapter import ADAPTERS, Location
from severe_bench.data.budgets import draw, draw_lines
from severe_bench.data.check import parsed_options


def drawn_lines(
    name: str,
    options: Mapping[str, object],
    location: Location,
    *,
    rule: str,
    count: int,
    seed: int,
) -> list[str]:
    """Lines `sample label` in draw order, each ending in a newline.

    Args:
        name: of the adapter.
        options: of the adapter, as in the yaml.
        location: where the official files lie; missing videos play no part in the draw.
        rule: `per_class_ceil` or `exact`.
        count: how many training videos the budget asks for.
        seed: of the draw.

    Raises:
        UserError: an unknown name, option or rule, files that cannot be read, a dataset without
            one class per video, or a count that the training set does not have.
    """
    budget = _budget(rule, count, seed)
    adapter = ADAPTERS.get(name)
    dataset = adapter.load(parsed_options(adapter, options), location)
    records = dataset.listed("train")
    if any(record.label is None for record in records):
        what = "its videos have no single class, so a budget per class means nothing"
        raise UserError(what, f"dataset {name}", "choose a dataset with one class per video")
    chosen = draw(budget, records, len(dataset.classes), seed)
    return draw_lines(records, chosen)


def _budget(rule: str, count: int, seed: int) -> Budget:
    try:
        return Budget.model_validate({"count": count, "rule": rule, "draw": seed})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "budget"
        raise UserError(f"{key}: {first['msg'].lower()}", "--rule, --n, --seed") from error
