"""Files that a published report leaves."""

import csv
from pathlib import Path

import pytest

from severe_bench.core.errors import UserError
from severe_bench.published.read import rows, tables_of
from severe_bench.published.report import slug, write_published_report
from severe_bench.published.sources import catalogue

FIELDS = [
    "model",
    "backbone",
    "ssv2",
    "gym99",
    "ucf_1k",
    "gym_1k",
    "fx_s1",
    "ub_s1",
    "ucf_rc",
    "charades",
    "mean",
    "average_rank",
    "mean_printed",
    "average_rank_printed",
]
KEYS = [*catalogue().sources, *catalogue().collections]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("results")
    write_published_report("severe2022", results)
    return results / "published" / "severe2022"


def test_table_5_8_has_the_columns_that_scripts_rely_on(folder: Path) -> None:
    found = read(folder / "table_5_8.csv")
    assert list(found[0]) == FIELDS
    assert len(found) == 15


def test_table_5_8_in_numbers(folder: Path) -> None:
    found = {line["model"]: line for line in read(folder / "table_5_8.csv")}
    supervised, none = found["Supervised"], found["None"]
    assert float(supervised["average_rank"]) == 2.375
    assert float(supervised["average_rank_printed"]) == 3.9
    assert float(found["VideoMAE"]["mean"]) == 58.8
    assert float(found["VideoMAE"]["mean_printed"]) == 58.1
    assert (none["backbone"], float(none["ucf_rc"])) == ("R(2+1)D-18", 0.217)
    assert found["SVT"]["backbone"] == "ViT-B"


def test_paths_are_returned_in_the_order_of_the_tables(tmp_path: Path) -> None:
    paths = write_published_report("severe2022", tmp_path)
    assert [path.name for path in paths] == [
        "table_4_1.csv",
        "table_4_2.csv",
        "table_4_3.csv",
        "table_4_4.csv",
        "table_B_1.csv",
        "table_B_2.csv",
        "table_B_3.csv",
        "table_B_4.csv",
        "table_5_1.csv",
        "table_5_8.csv",
        "notes.csv",
    ]
    assert sorted(paths) == sorted(tmp_path.rglob("*.csv"))


def test_deviations_stand_beside_their_values(folder: Path) -> None:
    first = read(folder / "table_B_3.csv")[0]
    assert first["model"] == "None"
    assert (first["samples_gym_99_10_3"], first["samples_gym_99_10_3_std"]) == ("22.7", "3.5")


def test_what_is_not_printed_is_empty_and_text_stays(folder: Path) -> None:
    none = read(folder / "table_4_1.csv")[0]
    assert none["linear_evaluation_k_400"] == ""
    steps = {line["row"]: line["finetuning_steps"] for line in read(folder / "table_B_2.csv")}
    assert steps["EK-100"] == "[20, 25]"


def test_notes_say_what_is_printed_wrongly(folder: Path) -> None:
    notes = {
        (line["table"], line["row"], line["column"]): line for line in read(folder / "notes.csv")
    }
    assert "58.80" in notes["5.8", "VideoMAE", "Mean"]["note"]


@pytest.mark.parametrize("key", KEYS)
def test_every_source_can_be_written_without_losing_a_cell(key: str, tmp_path: Path) -> None:
    *paths, _ = write_published_report(key, tmp_path)
    for path, table in zip(paths, tables_of(key), strict=True):
        with path.open(encoding="utf-8", newline="") as stream:
            head = next(csv.reader(stream))
        assert len(set(head)) == len(head)
        lines = read(path)
        assert len(lines) == len({row.row for row in rows(table)})
        if table != "thoker2023thesis_5.8":
            headings = {slug(row.column) for row in rows(table)}
            assert headings <= set(head)
            filled = sum(bool(line[heading]) for line in lines for heading in headings)
            assert filled == sum(bool(row.printed) or row.value is not None for row in rows(table))


def test_writing_again_leaves_the_same_bytes(tmp_path: Path) -> None:
    first = [path.read_bytes() for path in write_published_report("chen2022thesis", tmp_path)]
    assert [
        path.read_bytes() for path in write_published_report("chen2022thesis", tmp_path)
    ] == first


def test_an_unknown_source_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no published source 'severe2021'"):
        write_published_report("severe2021", tmp_path)
    assert list(tmp_path.iterdir()) == []
