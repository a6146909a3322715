"""Experiments that differ in one thing only, model by model: in frames per clip, or in the budget.

Names and labels do not say whether two experiments differ in anything else, so what their cells
compute is held against each other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
    """Of one cell; the frames of its test clips are left aside like those of its training clips."""
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
    clip = {k: v for k, v in recipe["clip"].items() if k not in ("frames", "stride")}
    test = {k: v for k, v in recipe["test"].items() if k != "frames"}
    return {**plain, "recipe": {**recipe, "clip": clip, "test": test}}


@dataclass(frozen=True)
class Place:
    """One model in one experiment, as a point of a curve.

    Args:
        x: where on the curve.
        line: all else; points of one model with equal lines belong together.
        panel: what the panel that it belongs to shows.
    """

    experiment: str
    model: str
    x: float
    line: str
    panel: tuple[str, ...]


Curve = Mapping[float, str]
"""x, ascending -> experiment."""


@dataclass(frozen=True)
class Series:
    """Curves along one quantity over the same experiments.

    Args:
        curves: model -> its points, two or more, alike in all else.
        refused: (model, x) where a model has two experiments at one x, so that neither counts.
    """

    panel: tuple[str, ...]
    curves: Mapping[str, Curve]
    refused: tuple[tuple[str, float], ...] = ()

    @property
    def at(self) -> dict[float, str]:
        """All points, ascending."""
        every = {x: name for curve in self.curves.values() for x, name in curve.items()}
        return dict(sorted(every.items()))


def series(places: Iterable[Place]) -> list[Series]:
    """Put points together to curves, and curves over the same experiments into one panel.

    Example:
        >>> few, many = (Place(f"{n}", "a", n, "", ("near",)) for n in (10, 20))
        >>> [dict(one.at) for one in series([few, many])]
        [{10: '10', 20: '20'}]
    """
    lines: dict[tuple[tuple[str, ...], str, str], dict[float, set[str]]] = {}
    for place in places:
        line = lines.setdefault((place.panel, place.model, place.line), {})
        line.setdefault(place.x, set()).add(place.experiment)
    curves = [_curve(panel, model, line) for (panel, model, _), line in lines.items()]
    found: list[Series] = []
    for curve in sorted((one for one in curves if len(one.at) > 1), key=lambda c: -len(c.at)):
        _join(found, curve)
    order = list(dict.fromkeys(panel for panel, _, _ in lines))
    return sorted(found, key=lambda one: order.index(one.panel))


def _curve(panel: tuple[str, ...], model: str, line: Mapping[float, set[str]]) -> Series:
    curve = {x: min(names) for x, names in sorted(line.items()) if len(names) == 1}
    refused = tuple((model, x) for x, names in sorted(line.items()) if len(names) > 1)
    return Series(panel, {model: curve}, refused)


def _join(found: list[Series], curve: Series) -> None:
    """Into the first panel that nothing in it contradicts; else it is a panel of its own."""
    for i, other in enumerate(found):
        shared = other.at.keys() & curve.at.keys()
        fits = bool(shared) and all(other.at[x] == curve.at[x] for x in shared)
        if fits and other.panel == curve.panel and not other.curves.keys() & curve.curves.keys():
            curves = {**other.curves, **curve.curves}
            found[i] = Series(other.panel, curves, (*other.refused, *curve.refused))
            return
    found.append(curve)
