"""What adapters say of a dataset before it is loaded agrees with what they load."""

from pathlib import Path

import pytest

from severe_bench.core.extras import DURATION, LABEL
from severe_bench.core.record import SPLITS, Dataset
from severe_bench.data.adapter import ADAPTERS, Adapter, Location
from severe_bench.data.datasets.official import always, official_adapter
from severe_bench.data.datasets.ucfrep import UCFREP, UcfRepOptions, find, read
from severe_bench.data.procedural.generate import records_of
from severe_bench.data.procedural.spec import WorldSpec
from severe_bench.data.procedural.worlds import WORLDS
from tests.data.datasets.complete import OFFICIAL
from tests.data.datasets.files import write

NOWHERE = Location(None, None)


def targets(dataset: Dataset) -> set[str]:
    named = {name for record in dataset.records for name in record.extras}
    labelled = any(record.label is not None for record in dataset.records)
    return named | ({LABEL} if labelled else set())


@pytest.mark.parametrize("name", sorted(set(OFFICIAL) - {"manifest", "mini_kinetics"}))
def test_official_files_hold_what_was_said(name: str, tmp_path: Path) -> None:
    OFFICIAL[name].write(tmp_path)
    adapter = ADAPTERS.get(name)
    options, here = adapter.options(), Location(tmp_path, tmp_path)
    known, dataset = adapter.known(options, here), adapter.load(options, here)
    assert set(known.targets or ()) == targets(dataset)
    assert (known.classes is None) is (name == "ucfrep")
    if name not in {"ava", "ucfrep"}:  # three actions are enough for the tests of AVA
        assert known.classes == len(dataset.classes)


@pytest.mark.parametrize("name", sorted(set(OFFICIAL) - {"manifest"}))
def test_what_is_known_needs_no_files(name: str) -> None:
    adapter = ADAPTERS.get(name)
    assert adapter.known(adapter.options(), NOWHERE).targets


@pytest.mark.parametrize(("label", "classes"), [("verb", 97), ("noun", 300), ("action", None)])
def test_the_classes_of_epic_kitchens_are_those_of_its_label(
    label: str, classes: int | None
) -> None:
    epic = ADAPTERS.get("epic_kitchens_100")
    assert epic.known(epic.options.model_validate({"label": label}), NOWHERE).classes == classes


def test_ava_without_a_detectors_boxes_has_none(tmp_path: Path) -> None:
    OFFICIAL["ava"].write(tmp_path)
    for path in tmp_path.rglob("ava_detection_val_*.csv"):
        path.unlink()
    ava = ADAPTERS.get("ava")
    known = ava.known(ava.options(), Location(tmp_path, tmp_path))
    assert set(known.targets or ()) == {"boxes", "key_time"}


@pytest.mark.parametrize("name", WORLDS.names())
def test_worlds_state_what_they_film(name: str) -> None:
    """A target is what a task may ask for: worlds of one class note more about it."""
    spec, procedural = WorldSpec(world=name), ADAPTERS.get("procedural")
    records = [r for split in SPLITS for index in range(4) for r in records_of(spec, split, index)]
    known = procedural.known(spec, NOWHERE)
    assert known.targets is not None
    assert (LABEL in known.targets) is any(record.label is not None for record in records)
    for record in records:
        assert known.targets - {LABEL} <= set(record.extras)
    assert (known.train, known.classes) == (spec.train, len(WORLDS.get(name).classes))


def test_a_manifest_has_what_its_columns_hold(tmp_path: Path) -> None:
    rows = (
        "path,label,split,labels,starts,stop,end,mood\n"
        "a.mp4,,train,x;y,,,,good\nb.mp4,,test,x,0;9,20,3.5,\n"
    )
    folder = write(tmp_path, {"annotations.csv": rows})
    manifest = ADAPTERS.get("manifest")
    known = manifest.known(manifest.options(), Location(folder, None))
    counted = {"count", "starts", "stop"}
    assert set(known.targets or ()) == {"labels", "mood", DURATION.name} | counted
    assert (known.train, known.classes) == (1, 2)


def test_an_adapter_that_says_nothing_is_believed() -> None:
    ucf101 = ADAPTERS.get("ucf101")
    silent = Adapter("mine", ucf101.options, ucf101.digest, ucf101.problems, ucf101.load)
    known = silent.known(silent.options(), NOWHERE)
    assert (known.train, known.classes, known.targets) == (None, None, None)
    assert set(always(7)(None, NOWHERE).targets or ()) == {LABEL}


def test_an_adapter_that_does_not_say_reads_its_files_for_it(tmp_path: Path) -> None:
    OFFICIAL["ucfrep"].write(tmp_path)
    options, here = UCFREP.options(), Location(tmp_path, tmp_path)
    silent = official_adapter("ucfrep", UcfRepOptions, find, read)
    known, dataset = silent.known(options, here), UCFREP.load(options, here)
    assert known.train == len(dataset.of("train")) > 0
    assert known.classes == len(dataset.classes)
    assert set(known.targets or ()) == targets(dataset)
