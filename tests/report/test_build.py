"""The page and the files beside it, of whole, hostile and odd results."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from severe_bench.core.errors import UserError
from severe_bench.report.build import build_report
from severe_bench.store.layout import Layout
from tests.analysis.builder import Trial, write_suite
from tests.report.conftest import HOSTILE
from tests.report.parsing import Node, parse

Build = Callable[..., str]


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False)


@pytest.fixture(scope="session")
def page(whole: Path) -> Node:
    return parse(whole.read_text())


@pytest.mark.parametrize("name", ["whole", "hostile"])
def test_nothing_is_loaded_from_anywhere(name: str, request: pytest.FixtureRequest) -> None:
    text = request.getfixturevalue(name).read_text()
    tree = parse(text)
    for node in tree.every():
        for key in ("src", "href", "xlink:href", "action", "data", "srcset", "poster"):
            target = node.attributes.get(key, "#")
            assert target.startswith(("#", "data:,")), f"<{node.tag} {key}={target}>"
        assert "url(" not in re.sub(r"url\(#[^)]*\)", "", node.attributes.get("style", ""))
    for style in tree.every("style"):
        assert "@import" not in style.text
        assert "url(" not in style.text
    (policy,) = [n for n in tree.every("meta") if "http-equiv" in n.attributes]
    assert policy.attributes["content"].startswith("default-src 'none'")


@pytest.mark.parametrize("name", ["whole", "hostile"])
def test_ids_are_unique_and_links_lead_somewhere(name: str, request: pytest.FixtureRequest) -> None:
    tree = parse(request.getfixturevalue(name).read_text())
    ids = Counter(n.attributes["id"] for n in tree.every() if "id" in n.attributes)
    assert [name for name, count in ids.items() if count > 1] == []
    for node in tree.every():
        for key in ("href", "xlink:href", "aria-labelledby"):
            target = node.attributes.get(key, "")
            if target.startswith("#"):
                assert target[1:] in ids
            elif key == "aria-labelledby" and target:
                assert target in ids


def test_sections_of_a_whole_suite(page: Node) -> None:
    found = [s.attributes["id"] for s in page.every("section")]
    assert found == [
        "overview",
        "ranking",
        "factor-domain",
        "factor-samples",
        "factor-actions",
        "sensitivity",
        "claims",
        "power",
        "classes",
        "cka",
        "cost",
        "missing",
        "protocol",
        "provenance",
    ]


def test_figures_have_text_alternatives(page: Node) -> None:
    pictures = page.every("svg")
    assert len(pictures) >= 10
    for picture in pictures:
        assert picture.attributes["role"] == "img"
        assert len(picture.attributes["aria-label"]) > 20


def test_the_ranking_agrees_with_the_table_of_means(whole: Path, page: Node) -> None:
    tables = whole.parent / "tables"
    means = read(tables / "summaries.csv").pivot_table("mean", "model", "experiment")
    ranking = read(tables / "ranking.csv").set_index("model")
    assert ranking["mean_score"].to_dict() == pytest.approx(means.mean(axis=1).to_dict())
    expected = means.rank(ascending=False, method="min").mean(axis=1)
    assert ranking["average_rank"].to_dict() == pytest.approx(expected.to_dict())
    assert set(ranking["experiments"]) == {7}
    shown = page.table("ranking")
    assert [row[1] for row in shown[1:]] == list(ranking.index)
    assert shown[1][3].startswith(f"{ranking['mean_score'].iloc[0]:.1f}[")


def test_missing_and_failed_cells_are_shown_with_reasons(page: Node) -> None:
    rows = {row[1]: row[2:] for row in page.table("problems")[1:]}
    assert rows["none / near-20 / seed 0"][0] == "failed"
    assert "tried <2 GiB>" in rows["none / near-20 / seed 0"][1]
    assert rows["supervised / near-20 / seed 0"][0] == "pending"


def test_swaps_are_told_with_both_leads(whole: Path, page: Node) -> None:
    swaps = read(whole.parent / "tables" / "swaps_actions.csv")
    here = swaps[swaps["experiment"] == "fine-spin"]
    tubelets = here[here["leads_here"] == "tubelet_contrast"]
    first = tubelets[tubelets["led_before"] == "temporal_contrast"].iloc[0]
    pairs = read(whole.parent / "tables" / "pairs.csv").set_index(
        ["experiment", "model_a", "model_b"]
    )
    lead = pairs.loc[("fine-spin", "tubelet_contrast", "temporal_contrast")]
    assert first["lead_here"] == lead["difference"]
    assert (first["lead_here_low"], first["lead_here_high"]) == (lead["low"], lead["high"])
    section = page.by_id("factor-actions")
    assert "temporal_contrast leads tubelet_contrast by" in section.text
    assert "Choosing by near-linear would take temporal_contrast" in section.text


def test_claims_are_judged(page: Node) -> None:
    verdicts = [row[1] for row in page.table("claims")[1:]]
    assert verdicts == ["holds", "does not hold", "not measured"]
    assert "Of 3 claims made beforehand, 1 held, 1 did not hold and 1" in page.text


def test_every_table_and_figure_lies_beside_the_page(whole: Path, page: Node) -> None:
    folder = whole.parent
    tables = [t.attributes["id"].removeprefix("table-") for t in page.every("table")]
    for name in tables:
        for suffix in ("csv", "md", "tex"):
            assert (folder / "tables" / f"{name}.{suffix}").stat().st_size > 0
    figures = {p.stem for p in (folder / "figures").glob("*.svg")}
    assert len(figures) == len(page.every("svg"))
    factors = ("domain", "samples", "actions")
    expected = {f"{kind}_{factor}" for kind in ("ranks", "correlation") for factor in factors}
    assert {"ranking", "samples", "cka"} | expected <= figures
    for name in figures:
        root = ET.parse(folder / "figures" / f"{name}.svg").getroot()  # noqa: S314 - our own file
        assert len(list(root)) > 10
        assert len(root.attrib["aria-label"]) > 20
        assert len(read(folder / "figures" / f"{name}.csv")) >= 2


def test_hostile_names_survive_everything(hostile: Path) -> None:
    text = hostile.read_text()
    assert "<script>alert" not in text
    tree = parse(text)
    assert len(tree.every("script")) == 1
    assert sorted(row[1] for row in tree.table("ranking")[1:]) == sorted(HOSTILE)
    assert tree.table("experiments")[0][1:] == ["NA", "<b>ü, x</b>"]
    tables = hostile.parent / "tables"
    for name in ("ranking", "experiments", "summaries", "factor_domain", "cka"):
        assert set(read(tables / f"{name}.csv")["model"]) == set(HOSTILE)
    assert list(read(tables / "claims.csv")["why"]) == ["<i>why</i>"]
    for figure in ("ranking", "ranks_domain", "cka"):
        svg = (hostile.parent / "figures" / f"{figure}.svg").read_text()
        drawn = set(ET.fromstring(svg).itertext())  # noqa: S314 - our own file
        parts = {part.removesuffix("…") for text in drawn for part in text.split("  ")}
        for name in HOSTILE:
            assert name in parts or any(len(p) > 12 and name.startswith(p) for p in parts), name


def test_an_empty_results_folder_gives_a_page(tmp_path: Path) -> None:
    tree = parse(build_report(tmp_path, "demo").read_text())
    assert "No cell of this suite is finished yet" in tree.text
    assert [s.attributes["id"] for s in tree.every("section")] == ["overview", "missing"]


def test_a_single_model(page_of: Build) -> None:
    tree = parse(page_of(Trial("near", "standard", {"only": 0.4}, videos=50)))
    assert "With a single model there is nothing to rank" in tree.text
    assert tree.table("ranking")[1][1] == "only"


def test_a_single_seed_is_said_and_has_no_deviation(page_of: Build) -> None:
    trials = [
        Trial("near", "standard", {"a": 0.4, "b": 0.6}, videos=50),
        Trial("far", "domain", {"a": 0.6, "b": 0.4}, videos=50, dataset="far"),
    ]
    tree = parse(page_of(*trials, seeds=(5,)))
    assert "has a single seed" in tree.text
    assert "±" not in "".join(cell for row in tree.table("experiments") for cell in row)
    assert "1 seed each" in tree.text


def test_without_a_standard_column_nothing_is_compared(page_of: Build) -> None:
    tree = parse(page_of(Trial("far", "domain", {"a": 0.4, "b": 0.6}, videos=50)))
    assert "No experiment has the factor “standard”" in tree.text
    assert not [s for s in tree.every("section") if s.attributes["id"].startswith("factor")]


def test_a_metric_of_which_less_is_better(page_of: Build, errors_metric: str) -> None:
    skills = {"good": 0.8, "bad": 0.3}
    tree = parse(
        page_of(
            Trial("near", "standard", skills, videos=100, protocol="finetune"),
            Trial("far", "domain", skills, videos=100, metric=errors_metric, protocol="finetune"),
        )
    )
    first = tree.table("ranking")[1]
    assert first[1] == "good"
    assert first[4] == "1.00[1.00, 1.00]"
    assert "The order of models changes beyond chance in 0." in tree.text
    assert tree.table("protocols")[2][-2] == "lower"


def test_a_partial_grid_shows_what_is_missing(tmp_path: Path) -> None:
    trials = [
        Trial("near", "standard", {"a": 0.4, "b": 0.6}, videos=50),
        Trial("far", "domain", {"a": 0.6}, videos=50, dataset="far"),
    ]
    write_suite(Layout(tmp_path, "demo"), trials, (0, 1))
    tree = parse(build_report(tmp_path, "demo").read_text())
    rows = {row[0]: row[1:] for row in tree.table("experiments")[1:]}
    assert rows["b"][1] == "–"
    assert {row[5] for row in tree.table("ranking")[1:]} == {"1"}
    assert "Fewer than two models are common" in tree.text
    assert "6 cells measured, 1 pair of model and experiment without any." in tree.text


def test_a_report_is_written_again_over_the_old_one(tmp_path: Path) -> None:
    layout = Layout(tmp_path, "demo")
    write_suite(layout, [Trial("near", "standard", {"a": 0.4}, videos=50)], (0,))
    first = build_report(tmp_path, "demo")
    write_suite(layout, [Trial("near", "standard", {"b": 0.6}, videos=50)], (0,))
    assert build_report(tmp_path, "demo") == first
    assert {row[1] for row in parse(first.read_text()).table("ranking")[1:]} == {"a", "b"}


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    write_suite(Layout(tmp_path, "demo"), [Trial("near", "standard", {"a": 0.4})], (0,))
    (tmp_path / "demo" / "report").write_text("a file in the way")
    with pytest.raises(UserError, match="cannot write"):
        build_report(tmp_path, "demo")
