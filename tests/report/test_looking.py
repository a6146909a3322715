"""Activation maps as figure and tables."""

import base64
import io
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.stats import ttest_1samp

from severe_bench.report.figures.png import png_text
from severe_bench.report.looking import Look, write_looking

FORMATS = ("csv", "md", "tex")
BOX = (0.0, 0.0, 0.5, 1.0)


def look(model: str, video: str, left: float, boxes: bool = True) -> Look:
    """A map of which so much lies in the left half, where the object is."""
    map_ = np.zeros((1, 2, 2))
    map_[0, :, 0], map_[0, :, 1] = left / 2, (1 - left) / 2
    frame = np.random.default_rng(len(video)).integers(255, size=(8, 8, 3), dtype=np.uint8)
    return Look(model, video, frame, map_, [[BOX]] * 2 if boxes else [[], []])


def test_pictures_are_png_files_of_the_same_pixels() -> None:
    pixels = np.random.default_rng(0).integers(255, size=(5, 7, 3), dtype=np.uint8)
    with Image.open(io.BytesIO(base64.b64decode(png_text(pixels)))) as picture:
        assert np.array_equal(np.asarray(picture), pixels)


def test_shares_by_model_with_intervals(tmp_path: Path) -> None:
    looks = [look("sharp", f"v{i}", 0.8 + 0.01 * i) for i in range(5)]
    looks += [look("NA", f"v{i}", 0.5) for i in range(5)]
    write_looking(tmp_path, looks)
    frame = pd.read_csv(tmp_path / "saliency.csv", keep_default_na=False).set_index("model")
    assert frame.loc["sharp", "inside"] == pytest.approx(82.0)
    assert frame.loc["sharp", "low"] < 82.0 < frame.loc["sharp", "high"]
    assert frame.loc["NA", "gain"] == pytest.approx(1.0)
    assert frame.loc["NA", "gain_low"] == frame.loc["NA", "gain_high"] == "", "all are equal"
    reach = 50 * (1 - 0.05**0.2)
    ends = frame.loc["NA", "low"], frame.loc["NA", "high"]
    assert ends == pytest.approx((50 - reach, 50 + reach)), "what five equal videos can have missed"
    gains = [float(frame.loc["sharp", f"gain_{end}"]) for end in ("low", "high")]
    assert 1.6 <= gains[0] < 1.64 < gains[1] <= 1.68
    assert frame.loc["NA", "area"] == pytest.approx(50.0)
    names = {f"{stem}.{form}" for stem in ("saliency", "saliency_videos") for form in FORMATS}
    assert names < {path.name for path in tmp_path.iterdir()}
    root = ET.parse(tmp_path / "saliency.svg").getroot()  # noqa: S314 - our own file
    words = set(root.itertext())
    assert {"frame", "sharp", "NA", "82 % inside, area 50 %"} <= words
    images = [node for node in root.iter() if node.tag.endswith("image")]
    assert len(images) == 5 * 3
    assert all(node.attrib["href"].startswith("data:image/png;base64,") for node in images)


def test_without_boxes_there_are_maps_and_no_shares(tmp_path: Path) -> None:
    write_looking(tmp_path, [look("a", "v", 0.5, boxes=False)])
    text = (tmp_path / "saliency.csv").read_text().splitlines()[1]
    assert text == "a,,,,,,,,"
    assert "inside" not in (tmp_path / "saliency.svg").read_text()


def test_intervals_of_few_videos_are_by_students_t_and_of_two_there_are_none(
    tmp_path: Path,
) -> None:
    shares = np.random.default_rng(0).random(10)
    looks = [look("ten", f"v{i}", float(share)) for i, share in enumerate(shares)]
    looks += [look("two", f"v{i}", 0.4 + 0.2 * i, boxes=i < 2) for i in range(10)]
    write_looking(tmp_path, looks)
    frame = pd.read_csv(tmp_path / "saliency.csv").set_index("model")
    expected = ttest_1samp(100 * shares, 0.0).confidence_interval(0.95)
    ten, two = frame.loc["ten"], frame.loc["two"]
    assert (ten["low"], ten["high"]) == pytest.approx((expected.low, expected.high), rel=0.05)
    assert ten["gain_low"] == pytest.approx(expected.low / 50, rel=0.05)
    assert two["inside"] == pytest.approx(50.0)
    assert two[["low", "high", "gain_low", "gain_high"]].isna().all()
