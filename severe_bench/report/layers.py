"""Similarity of networks stage by stage, as a figure and tables."""

import math
from collections.abc import Mapping
from pathlib import Path

from severe_bench.analysis.cka import Features, Similarity
from severe_bench.analysis.findings import Estimator, estimated
from severe_bench.core.atomic import write_text
from severe_bench.report.comparing import Compared
from severe_bench.report.figures.heat import heat_map
from severe_bench.report.files import write_tables
from severe_bench.report.table import Head, Table, fixed, number, words
from severe_bench.report.tables.common import table


def compared_layers(
    folder: Path, features: Mapping[str, Features], estimator: Estimator
) -> Compared:
    """Write `layers.svg` and the tables `layers` (every pair of stages) and `nearest`.

    Args:
        folder: made where it is missing.
        features: `model: stage` -> vectors of the same videos.
        estimator: of CKA.
    """
    found = estimated(features, estimator)
    title = f"{estimator.capitalize()} linear CKA of all stages over {found.n} videos"
    write_text(folder / "layers.svg", heat_map(found.values, found.models, found.models).svg(title))
    nearest = nearest_table(found, title)
    write_tables(folder, (pair_table(found, title), nearest))
    return Compared(title, (nearest,), ())


def pair_table(found: Similarity, title: str) -> Table:
    """Every pair of stages with its interval."""
    heads = [
        Head("stage_a", "Stage A"),
        Head("stage_b", "Stage B"),
        Head("cka", "CKA", numeric=True),
        Head("low", "Low", numeric=True),
        Head("high", "High", numeric=True),
        Head("videos", "Videos", numeric=True),
    ]
    rows = [
        [
            words(found.models[j]),
            words(found.models[i]),
            number(float(found.values[i, j]), 3),
            number(None if found.low is None else float(found.low[i, j]), 3),
            number(None if found.high is None else float(found.high[i, j]), 3),
            number(found.n, 0),
        ]
        for i in range(len(found.models))
        for j in range(i)
    ]
    return table("layers", title, "", heads, rows)


def nearest_table(found: Similarity, title: str) -> Table:
    """For each stage the stage of each other model that is most like it."""
    models = list(dict.fromkeys(name.rpartition(": ")[0] for name in found.models))
    heads = [Head("stage", "Stage"), *(Head(model, f"most alike in {model}") for model in models)]
    rows = [
        [words(name), *(words(_nearest(found, i, model)) for model in models)]
        for i, name in enumerate(found.models)
    ]
    caption = "With the CKA behind it; of the model's own stages the stage itself is left out."
    return table("nearest", title, caption, heads, rows)


def _nearest(found: Similarity, i: int, model: str) -> str:
    others = [
        (float(found.values[i, j]), name.rpartition(": ")[2])
        for j, name in enumerate(found.models)
        if j != i and name.rpartition(": ")[0] == model and not math.isnan(found.values[i, j])
    ]
    if not others:
        return ""
    value, stage = max(others)
    return f"{stage} {fixed(value, 2)}"
