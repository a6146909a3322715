"""Models that are equal: they share places, and no sentence makes one of them the winner."""

from pathlib import Path

from severe_bench.analysis.reading import ResultsReader, harvest
from severe_bench.analysis.study import Study, build_study
from severe_bench.report import order, words
from severe_bench.report.tables.factors import moves, swaps
from severe_bench.report.tables.scores import places, ranking
from severe_bench.store.layout import Layout
from tests.analysis.builder import Trial, evaluate_cell, predictions, write_done, write_suite

Skills = dict[str, float]


def study_of(folder: Path, near: Skills, far: Skills) -> Study:
    layout = Layout(folder, "s")
    far_trial = Trial("far", "domain", far, protocol="finetune", videos=60)
    write_suite(
        layout, [Trial("near", "standard", near, protocol="finetune", videos=60), far_trial], (0, 1)
    )
    return build_study(harvest(layout), ResultsReader(layout).predictions)


def test_equal_mean_scores_share_a_place_and_the_next_is_skipped(tmp_path: Path) -> None:
    equal = {"a": 0.0, "b": 1.0, "c": 1.0, "d": 0.0}
    study = study_of(tmp_path, equal, equal)
    for table in (ranking(study), places(study)):
        shown = {row[1].text: row[0].text for row in table.rows}
        assert shown == {"b": "1", "c": "1", "a": "3", "d": "3"}
    best = [row[1].text for row in ranking(study).rows if row[3].mark == "best"]
    assert best == ["b", "c"]
    assert words.rankings(study) == [
        "Over the 2 experiments that all models share, b and c have the highest mean score (100.0) "
        "and a and d the lowest (0.0)."
    ]


def test_all_equal(tmp_path: Path) -> None:
    study = study_of(tmp_path, {"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 1.0})
    (said,) = words.rankings(study)
    assert said.endswith("all have the same mean score (100.0).")
    (one,) = study.sensitivities
    assert order.meaning(one, study) == (
        "Whoever chose by the standard column chose rightly here too."
    )


def test_who_is_first_with_others_did_not_choose_rightly_where_they_differ(tmp_path: Path) -> None:
    study = study_of(tmp_path, {"a": 1.0, "b": 1.0, "c": 0.0}, {"a": 0.0, "b": 1.0, "c": 0.0})
    (one,) = study.sensitivities
    assert one.swaps == ()
    assert order.meaning(one, study) == (
        "No pair changed order, but models that lead near together differ here. Choosing by near "
        "could take a, which is 100.0 points behind b here."
    )
    assert "also leads in 0 of 1 other experiment" in words.standard_choice(study)[0]


def test_an_experiment_with_one_common_model_is_led_by_nobody(tmp_path: Path) -> None:
    study = study_of(tmp_path, {"a": 0.9, "b": 0.2}, {"a": 0.5, "c": 0.4})
    (said,) = words.standard_choice(study)
    assert said.startswith("No experiment has two models of its standard column")


def test_many_models_in_one_order_have_no_p_of_zero(tmp_path: Path) -> None:
    skills = {f"m{i:02d}": 0.05 + 0.09 * i for i in range(11)}
    study = study_of(tmp_path, skills, skills)
    (one,) = study.sensitivities
    assert one.kendall is not None
    assert one.kendall.p < 0.0005
    assert "p <0.001" in order.changes(one)


def test_a_swap_beyond_chance_has_both_leads_above_zero(tmp_path: Path) -> None:
    """Model a leads near over all of its seeds, but trails over those that b has too."""
    layout = Layout(tmp_path, "s")
    skills = {
        ("near", "a"): {0: 1.0, 1: 0.2, 2: 0.2},
        ("near", "b"): {1: 0.4, 2: 0.4},
        ("far", "a"): {0: 0.2, 1: 0.2, 2: 0.2},
        ("far", "b"): {1: 0.9, 2: 0.9},
    }
    for (name, model), by_seed in skills.items():
        factor = "standard" if name == "near" else "domain"
        trial = Trial(name, factor, {}, protocol="finetune", videos=300)
        for seed, skill in by_seed.items():
            cell = evaluate_cell(trial, model, seed)
            write_done(layout, cell, predictions(trial, model, skill, seed))
    study = build_study(harvest(layout), ResultsReader(layout).predictions)
    lead = study.difference("near", "a", "b")
    assert lead is not None
    assert study.columns["near"].values["a"] > study.columns["near"].values["b"]
    assert lead.high < 0
    (one,) = study.sensitivities
    (swap,) = one.swaps
    assert swap.here is not None
    assert swap.here.low > 0
    assert not swap.separable
    assert [row[6].text for row in moves("domain", [one], study).rows] == ["not separable"] * 2
    for table in (moves("domain", [one], study), swaps("domain", [one], study)):
        assert "above zero" in table.caption
        assert "includes zero" not in table.caption
