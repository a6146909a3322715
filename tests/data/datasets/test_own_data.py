"""The examples of docs/own-data.md can be copied."""

import re
from pathlib import Path

import pytest

import severe_bench
from severe_bench.core.record import Dataset
from severe_bench.data.adapter import ADAPTERS, Location
from severe_bench.tasks.task import TASKS
from tests.data.datasets.files import load, write

GUIDE = Path(severe_bench.__file__).parent.parent / "docs" / "own-data.md"
BLOCK = re.compile(r"`(?P<name>[a-z.]+)`\n```[a-z]+\n(?P<text>.*?)```", re.DOTALL)

EXTRAS = {
    "Recognition, retrieval, clustering, arrow of time": set(),
    "Several classes per video": {"labels"},
    "Segments in long videos: segmentation and localisation": {"labels", "spans", "duration"},
    "Counting repetitions": {"count", "starts", "stop"},
    "Verb and noun": {"verb", "noun"},
    "Persons at key frames": {"key_time", "boxes", "proposals"},
    "Actors through the video": {"tubes"},
}

TASKS_OF = {
    "Recognition, retrieval, clustering, arrow of time": {
        "recognition",
        "retrieval",
        "clustering",
        "arrow_of_time",
    },
    "Several classes per video": {"multi_label"},
    "Segments in long videos: segmentation and localisation": {"segmentation", "localisation"},
    "Counting repetitions": {"counting"},
    "Verb and noun": {"verb_noun"},
    "Persons at key frames": {"ava_detection"},
    "Actors through the video": {"tube_detection"},
}


def sections() -> dict[str, str]:
    _, *parts = GUIDE.read_text(encoding="utf-8").split("\n## ")
    return {part.partition("\n")[0]: part for part in parts}


def example(section: str, folder: Path) -> Dataset:
    files = {match["name"]: match["text"] for match in BLOCK.finditer(sections()[section])}
    return load("manifest", write(folder, files), folder)


def test_every_section_is_tried() -> None:
    assert set(sections()) == set(EXTRAS)


@pytest.mark.parametrize("section", EXTRAS)
def test_an_example_can_be_copied(section: str, tmp_path: Path) -> None:
    dataset = example(section, tmp_path)
    assert {record.split for record in dataset.records} == {"train", "test"}
    assert set(dataset.records[0].extras) == EXTRAS[section]
    assert dataset.classes or section == "Verb and noun"
    assert (set(dataset.vocabularies) == {"verb", "noun"}) == (section == "Verb and noun")


@pytest.mark.parametrize("section", TASKS_OF)
def test_the_tasks_of_a_section_find_what_they_need(section: str, tmp_path: Path) -> None:
    example(section, tmp_path)
    manifest = ADAPTERS.get("manifest")
    known = manifest.known(manifest.options(), Location(tmp_path, None))
    for name in TASKS_OF[section]:
        task = TASKS.get(name)
        assert set(task.needs(task.options())) <= (known.targets or set())


def test_every_task_has_a_section() -> None:
    assert set().union(*TASKS_OF.values()) == set(TASKS.names())
