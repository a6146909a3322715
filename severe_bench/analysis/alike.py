"""Experiments that differ in one thing only, model by model: in frames per clip, or in the budget.

Names and labels do not say whether two experiments differ in anything else, so what their cells
compute is held against each other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from severe_bench.core.digest import digest_of
from severe_bench.plan.job import EvaluateJob


@dataclass(frozen=True)
class Setting:
    """What one model's cells of one experiment compute, seeds aside.

    Args:
        frames: per training clip.
        stride: between them; None where it does not matter, because a clip is one frame or its
            frames are not taken by stride.
        but_frames: digest of all but frames, stride and the model's network.
        but_budget: digest of all but the budget and the network.
        labelled: training videos; None where that is not known.
    """

    frames: int
    stride: int | None
    but_frames: str
    but_budget: str
    labelled: int | None = None


def setting_of(job: EvaluateJob, labelled: int | None = None) -> Setting:
    """Of one cell.

    Frames and stride of a test clip are left aside as far as they are those of a training clip.
    """
    clip = job.recipe.clip
    by_stride = clip.sampling == "stride" and clip.frames > 1
    plain = job.model_dump(mode="json", exclude={"network", "seed"})
    budget = plain.pop("budget")
    return Setting(
        clip.frames,
        clip.stride if by_stride else None,
        digest_of([_without_frames(plain), budget]),
        digest_of(plain),
        labelled,
    )


def _without_frames(plain: Mapping[str, Any]) -> dict[str, Any]:
    recipe = plain["recipe"]
    clip, test = dict(recipe["clip"]), dict(recipe["test"])
    for name in ("frames", "stride"):
        same = test[name] in (None, clip[name])
        test[name] = None if same else test[name]
        del clip[name]
    return {**plain, "recipe": {**recipe, "clip": clip, "test": test}}


@dataclass(frozen=True)
class Place:
    """One model in one experiment, as a point of a curve.

    Args:
        x: where on the curve.
        line: all else; points of one model with equal lines belong together.
        panel: name of the panel that it belongs to.
    """

    experiment: str
    model: str
    x: float
    line: str
    panel: str


@dataclass(frozen=True)
class Series:
    """Experiments of one panel along one quantity.

    Args:
        at: x -> experiment, ascending, two or more.
        models: those that have two of the points or more, alike in all else.
        refused: (model, x) where a model has two experiments at one x, so that neither counts.
    """

    panel: str
    at: Mapping[float, str]
    models: tuple[str, ...]
    refused: tuple[tuple[str, float], ...] = ()


def series(places: Iterable[Place]) -> list[Series]:
    """Put points together to curves, and curves over the same experiments into one panel.

    Example:
        >>> few, many = Place("few", "a", 10, "", "near"), Place("many", "a", 20, "", "near")
        >>> [dict(one.at) for one in series([few, many])]
        [{10: 'few', 20: 'many'}]
    """
    lines: dict[tuple[str, str, str], dict[float, set[str]]] = {}
    for place in places:
        line = lines.setdefault((place.panel, place.model, place.line), {})
        line.setdefault(place.x, set()).add(place.experiment)
    curves = [_curve(panel, model, line) for (panel, model, _), line in lines.items()]
    found: list[Series] = []
    for curve in sorted(curves, key=lambda one: -len(one.at)):
        _join(found, curve)
    order = list(dict.fromkeys(panel for panel, _, _ in lines))
    several = [one for one in found if len(one.at) > 1]
    return sorted(several, key=lambda one: order.index(one.panel))


def _curve(panel: str, model: str, line: Mapping[float, set[str]]) -> Series:
    at = {x: min(names) for x, names in sorted(line.items()) if len(names) == 1}
    refused = tuple((model, x) for x, names in sorted(line.items()) if len(names) > 1)
    return Series(panel, at, (model,), refused)


def _join(found: list[Series], curve: Series) -> None:
    """Into the first panel that has all points of the curve; else it is a panel of its own."""
    for i, other in enumerate(found):
        fits = other.panel == curve.panel and curve.at.items() <= other.at.items()
        if fits and not set(curve.models) & set(other.models) and len(curve.at) > 1:
            refused = (*other.refused, *curve.refused)
            found[i] = replace(other, models=(*other.models, *curve.models), refused=refused)
            return
    found.append(curve)
