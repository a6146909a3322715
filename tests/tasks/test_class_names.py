"""What tasks call the class ids of their targets."""

from pathlib import Path

import pytest

from severe_bench.core.record import Dataset
from severe_bench.tasks.arrow_of_time import DIRECTIONS
from severe_bench.tasks.task import TASKS

VERBS, NOUNS = ("open", "close"), ("door", "cup", "lid")
DATASET = Dataset("d", Path(), ("None", "b"), (), vocabularies={"verb": VERBS, "noun": NOUNS})
FOUND = {
    "recognition": (DATASET.classes,),
    "multi_label": (DATASET.classes,),
    "retrieval": (DATASET.classes,),
    "clustering": (DATASET.classes,),
    "ava_detection": (DATASET.classes,),
    "tube_detection": (DATASET.classes,),
    "arrow_of_time": (DIRECTIONS,),
    "verb_noun": (VERBS, NOUNS),
}


@pytest.mark.parametrize("name", sorted(FOUND))
def test_names_are_those_of_the_ids(name: str) -> None:
    names = TASKS.get(name).names
    assert names is not None
    assert names(DATASET) == FOUND[name]


@pytest.mark.parametrize("name", ["counting", "segmentation", "localisation"])
def test_ids_of_these_are_no_places_in_a_list_of_classes(name: str) -> None:
    assert TASKS.get(name).names is None
