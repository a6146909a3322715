"""Stages of networks compared."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from severe_bench.analysis.cka import Features
from severe_bench.report.layers import compared_layers
from tests.analysis.two_models import linear_cka

NAMES = np.arange(60).astype(str)


def draw(width: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(60, width))


@pytest.mark.parametrize("estimator", ["debiased", "biased"])
def test_every_pair_of_stages_and_the_nearest(tmp_path: Path, estimator: str) -> None:
    shared = draw(8, 0)
    features = {
        "a: b, NA: stem": Features(NAMES, shared),
        "a: b, NA: features": Features(NAMES, draw(5, 1)),
        "other: stem": Features(NAMES, shared @ draw(60, 2)[:8, :8] * 0.1 + draw(8, 3) * 0.01),
        "other: features": Features(NAMES, draw(5, 4)),
    }
    found = compared_layers(tmp_path, features, estimator)  # type: ignore[arg-type]
    frame = pd.read_csv(tmp_path / "layers.csv")
    assert len(frame) == 6
    if estimator == "debiased":
        pair = frame[(frame["stage_a"] == "a: b, NA: stem") & (frame["stage_b"] == "other: stem")]
        expected = linear_cka(features["a: b, NA: stem"].values, features["other: stem"].values)  # type: ignore[arg-type]
        assert pair["cka"].item() == pytest.approx(expected)
        assert pair["low"].item() < expected < pair["high"].item()
    else:
        assert frame["low"].isna().all()
    rows = {row[0].text: [entry.text for entry in row[1:]] for row in found.tables[0].rows}
    assert [head.title for head in found.tables[0].heads][1:] == [
        "most alike in a: b, NA",
        "most alike in other",
    ]
    assert rows["a: b, NA: stem"][1].startswith("stem ")
    assert estimator.capitalize() in found.title
    assert "a: b, NA: stem" in (tmp_path / "layers.svg").read_text()
    for name in ("layers", "nearest"):
        assert "stem" in (tmp_path / f"{name}.md").read_text()
        assert r"\toprule" in (tmp_path / f"{name}.tex").read_text()


def test_a_stage_that_does_not_vary_is_like_nothing(tmp_path: Path) -> None:
    features = {
        "a: dead": Features(NAMES, np.ones((60, 3))),
        "a: stem": Features(NAMES, draw(4, 0)),
        "b: dead": Features(NAMES, np.zeros((60, 2))),
        "b: stem": Features(NAMES, draw(4, 1)),
    }
    found = compared_layers(tmp_path, features, "debiased")
    rows = {row[0].text: [entry.text for entry in row[1:]] for row in found.tables[0].rows}
    assert rows["a: dead"] == rows["b: dead"] == ["", ""]
    assert rows["a: stem"][1].startswith("stem ")
    for name in ("layers.csv", "nearest.csv", "layers.md", "layers.svg"):
        assert "nan" not in (tmp_path / name).read_text()
