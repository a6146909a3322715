"""From pydantic's errors to one line each, with the key, the value and the way out."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Literal, TypeGuard, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from severe_bench.config.yaml_tree import Loc, Step, Tree
from severe_bench.core.errors import UserError
from severe_bench.core.registry import nearest

M = TypeVar("M", bound=BaseModel)

_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "float_type": "a number",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "string_type": "text",
    "tuple_type": "a list",
}


@dataclass(frozen=True)
class Problem:
    """Something wrong at a place in the file; turned into a `UserError` once the line is known."""

    loc: Loc
    what: str
    mend: str = ""

    def at(self, tree: Tree) -> UserError:
        """With file and line."""
        return UserError(f"{dotted(self.loc)}: {self.what}", tree.where(self.loc), self.mend)


def dotted(loc: Iterable[Step]) -> str:
    """A place in words.

    Example:
        >>> dotted(("suites", "demo", "blocks", 0, "models"))
        'suites.demo.blocks[0].models'
    """
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc)
    return text.removeprefix(".")


def parse(model: type[M], data: object, prefix: Loc) -> tuple[M | None, list[Problem]]:
    """Validate `data` strictly, as JSON: no text for numbers, no 1 for true.

    Returns the model or None, and what is wrong.
    """
    try:
        return model.model_validate_json(json.dumps(data), strict=True), []
    except ValidationError as error:
        return None, problems_of(error, model, data, prefix)
    except UserError as error:
        return None, [Problem(prefix, error.what, error.mend)]


def problems_of(
    error: ValidationError, model: type[BaseModel], data: object, prefix: Loc = ()
) -> list[Problem]:
    """One problem per place; the branches of a union that failed are joined by `or`."""
    found: dict[Loc, Problem] = {}
    for detail in error.errors(include_url=False):
        if detail["type"] == "too_short" and detail["input"]:
            continue  # only its broken items are missing, and these are reported
        problem = _problem(detail, model, data)
        earlier = found.get(problem.loc)
        found[problem.loc] = problem if earlier is None else _either(earlier, problem)
    return [Problem((*prefix, *p.loc), p.what, p.mend) for p in found.values()]


def _either(first: Problem, second: Problem) -> Problem:
    if not (first.what.startswith("expected ") and second.what.startswith("expected ")):
        return first
    head = first.what.rpartition(", got ")[0]
    return Problem(first.loc, f"{head} or {second.what.removeprefix('expected ')}", second.mend)


def _problem(detail: ErrorDetails, model: type[BaseModel], data: object) -> Problem:
    if detail["type"] in {"extra_forbidden", "missing"}:
        return _key_problem(detail, model)
    loc = _existing(detail["loc"], data)
    return Problem(loc, _complaint(detail), _mend(detail))


def _key_problem(detail: ErrorDetails, model: type[BaseModel]) -> Problem:
    loc = detail["loc"]
    if detail["type"] == "missing":
        return Problem(loc, "missing", _missing_mend(model, loc))
    return Problem(loc, "unknown key", nearest(str(loc[-1]), _keys(model, loc[:-1])))


def _missing_mend(model: type[BaseModel], loc: Loc) -> str:
    """Names the value where there is only one."""
    field = model.model_fields.get(str(loc[0])) if len(loc) == 1 else None
    values = get_args(field.annotation) if field and get_origin(field.annotation) is Literal else ()
    return f"add `{loc[0]}: {values[0]}`" if len(values) == 1 else "add it"


def _complaint(detail: ErrorDetails) -> str:
    kind, given = detail["type"], _shown(detail["input"])
    if kind == "too_short":
        return "is empty"
    if kind == "value_error":
        return detail["msg"].removeprefix("Value error, ")
    if kind in _EXPECTED or kind == "literal_error":
        return f"expected {_EXPECTED.get(kind) or detail['ctx']['expected']}, got {given}"
    message = detail["msg"].removeprefix("Input ")
    return f"{message[0].lower()}{message[1:]}, got {given}"


def _mend(detail: ErrorDetails) -> str:
    """The way out, where one of the expected words is near."""
    if detail["type"] != "literal_error":
        return ""
    words = re.findall(r"'([^']*)'", detail["ctx"]["expected"])
    mend = nearest(str(detail["input"]), words)
    return mend if mend.startswith("did you mean") else ""


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _existing(loc: Loc, data: object) -> Loc:
    """`loc` without the names of union branches, which pydantic puts between."""
    kept: list[Step] = []
    for step in loc:
        items = dict(enumerate(data)) if isinstance(data, list) else data
        if isinstance(items, Mapping) and step in items:
            data = items[step]
            kept.append(step)
    return tuple(kept)


def _keys(model: type[BaseModel], loc: Loc) -> list[str]:
    """The keys that are valid at `loc` below `model`."""
    at: object = model
    for step in loc:
        if isinstance(step, str) and _is_model(at):
            at = _unwrapped(at.model_fields[step].annotation)
        else:
            at = _unwrapped(get_args(at)[-1 if isinstance(step, str) else 0])
    return list(at.model_fields) if _is_model(at) else []


def _is_model(annotation: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _unwrapped(annotation: object) -> object:
    """The model inside `Annotated` and `X | None`, else the annotation itself."""
    if get_origin(annotation) is Annotated:
        return _unwrapped(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        parts = [_unwrapped(part) for part in get_args(annotation)]
        return next((part for part in parts if _is_model(part)), annotation)
    return annotation
