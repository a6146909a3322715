import pytest

from severe_bench.config.errors import UserErrors
from severe_bench.core.errors import UserError
from severe_bench.plan.grid import Entry, grid
from severe_bench.plan.resolve import resolve
from tests.plan.fixtures import Study

OLD = '      - {models: "*", experiments: "*", seeds: [0, 1]}\n'


def overrides(*lines: str) -> tuple[str, str]:
    return OLD, OLD + "    overrides:\n" + "".join(f"      - {line}\n" for line in lines)


def test_overrides_touch_what_they_match_and_nothing_else(study: Study) -> None:
    config = study(
        overrides(
            "{match: {model: made, protocol: finetune}, set: {recipe.optimiser.lr: 5e-4}}",
            "{match: {experiment: near-*}, set: {budget.draw: 7}}",
        )
    )
    entries = grid(config, "demo")
    plain = resolve(study(), "demo", entries)
    found = resolve(config, "demo", entries)
    tuned = Entry("made", "near-tune", "short", 0)
    assert found[tuned].recipe.optimiser.lr == 5e-4
    assert found[tuned].recipe.schedule == plain[tuned].recipe.schedule
    assert found[Entry("none", "near-tune", "short", 0)].recipe == plain[tuned].recipe
    assert found[tuned].budget.draw == 7
    assert found[tuned].budget.count == 40
    far = Entry("made", "real-linear", "default", 0)
    assert found[far] == plain[far]


def test_the_last_override_of_a_path_holds(study: Study) -> None:
    config = study(
        overrides(
            "{match: {model: '*'}, set: {recipe.batch_size: 1, recipe.optimiser.lr: 3}}",
            "{match: {model: none}, set: {recipe.batch_size: 2}}",
        )
    )
    found = resolve(config, "demo", grid(config, "demo"))
    recipe = found[Entry("none", "near-linear", "default", 0)].recipe
    assert (recipe.batch_size, recipe.optimiser.lr) == (2, 3)


def test_whole_recipes_and_whole_budgets(study: Study) -> None:
    config = study(
        overrides("{match: {model: none}, set: {recipe: tune-long, budget: {percent: 10}}}")
    )
    found = resolve(config, "demo", grid(config, "demo"))
    settings = found[Entry("none", "near-linear", "default", 0)]
    assert settings.recipe == config.recipes["tune-long"]
    assert str(settings.budget) == "10%"


@pytest.mark.parametrize(
    "change",
    [
        "{recipe.optimiser.lr: 5e-4, recipe: tune-long, budget.draw: 7, budget: {percent: 10}}",
        "{recipe: tune-long, recipe.optimiser.lr: 5e-4, budget: {percent: 10}, budget.draw: 7}",
    ],
)
def test_a_whole_recipe_does_not_undo_what_stands_beside_it(study: Study, change: str) -> None:
    config = study(overrides(f"{{match: {{model: none}}, set: {change}}}"))
    found = resolve(config, "demo", grid(config, "demo"))
    settings = found[Entry("none", "near-linear", "default", 0)]
    assert settings.recipe.optimiser.lr == 5e-4
    assert settings.recipe.schedule == config.recipes["tune-long"].schedule
    assert (settings.budget.percent, settings.budget.draw) == (10, 7)


def test_entries_with_the_same_overrides_share_their_settings(study: Study) -> None:
    config = study()
    found = resolve(config, "demo", grid(config, "demo"))
    assert len({id(settings) for settings in found.values()}) == 4


def test_an_override_that_matches_nothing_is_refused(study: Study) -> None:
    config = study(overrides("{match: {seed: 9}, set: {recipe.batch_size: 1}}"))
    with pytest.raises(UserError, match=r":56: suites.demo.overrides\[0\]: matches no cell"):
        resolve(config, "demo", grid(config, "demo"))


def test_values_that_only_clash_in_a_cell_name_their_line(study: Study) -> None:
    config = study(overrides("{match: {model: none}, set: {budget.percent: 10}}"))
    with pytest.raises(UserErrors) as caught:
        resolve(config, "demo", grid(config, "demo"))
    assert str(caught.value).endswith(
        "benchmarks.yaml:56: suites.demo.overrides[0].set.budget.percent: "
        "give one of count, per_class, percent"
    )


def test_an_option_that_the_task_does_not_take_is_found_before_anything_runs(study: Study) -> None:
    config = study(overrides("{match: {model: none}, set: {task_options.blank: 1}}"))
    with pytest.raises(UserErrors) as caught:
        resolve(config, "demo", grid(config, "demo"))
    assert str(caught.value).endswith(
        "benchmarks.yaml:56: suites.demo.overrides[0].set.task_options.blank: unknown key; "
        "valid names: (none)"
    )
