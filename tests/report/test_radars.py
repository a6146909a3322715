"""Radar plots of datasets from their attributes."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from severe_bench.analysis.attributes import DatasetAttributes
from severe_bench.data.procedural.worlds import WORLDS
from severe_bench.report.radars import Described, radar, write_attributes

OURS = Described("NA, <b>", DatasetAttributes(0.5, 2.0, 10, 100, 50), "7 frames")
SSV2 = Described("SSv2", DatasetAttributes(0.0, None, 174, 168913, 24777), None)


def test_known_datasets_have_what_the_study_declares() -> None:
    spokes = {spoke.name: spoke for spoke in radar(SSV2).spokes}
    assert spokes["point of view"].words == "first person"
    assert spokes["label overlap"].place == 1.0
    assert spokes["action length"].place is None
    assert spokes["action length"].words == "not annotated"
    assert spokes["temporal awareness"].words == "not measured"


def test_every_built_in_world_is_declared() -> None:
    for name in set(WORLDS.names()) - {"source"}:
        world = Described(name, DatasetAttributes(0.0, None, 6, 126, 180), None)
        spokes = {spoke.name: spoke.words for spoke in radar(world).spokes}
        assert spokes["point of view"] != "not declared"
        assert spokes["environment"] != "not declared"


def test_the_first_person_world_is_declared_so() -> None:
    world = Described("far_motion", DatasetAttributes(0.0, None, 6, 126, 180), None)
    spokes = {spoke.name: spoke.words for spoke in radar(world).spokes}
    assert spokes["point of view"] == "first person"


def test_unknown_datasets_have_what_is_computed() -> None:
    spokes = {spoke.name: spoke for spoke in radar(OURS).spokes}
    assert spokes["label overlap"].place == pytest.approx(0.55)
    assert spokes["point of view"].place is None
    assert 0 < spokes["action length"].place < 1  # type: ignore[operator]
    assert spokes["temporal awareness"].words == "7 frames"


def test_files(tmp_path: Path) -> None:
    write_attributes(tmp_path, [OURS, SSV2])
    frame = pd.read_csv(tmp_path / "attributes.csv", keep_default_na=False)
    assert frame["dataset"].tolist() == ["NA, <b>", "SSv2"]
    assert r"NA, \textless{}b\textgreater{}" in (tmp_path / "attributes.tex").read_text()
    assert r"NA, \<b\>" in (tmp_path / "attributes.md").read_text()
    assert frame["train"].tolist() == [100, 168913]
    words = set(ET.parse(tmp_path / "attributes.svg").getroot().itertext())  # noqa: S314
    assert {"NA, <b>", "SSv2", "2.0 s", "50 %", "first person"} <= words
