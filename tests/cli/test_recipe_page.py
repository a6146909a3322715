"""`severe show EXPERIMENT`."""

import json

import pytest
from typer.testing import CliRunner

from severe_bench.cli.main import app
from severe_bench.cli.recipe_page import flat, recipe_lines, settings_by_preset
from severe_bench.config.find import PACKAGED
from severe_bench.config.loading import load_config
from severe_bench.config.schema import Config
from severe_bench.core.errors import UserError

NOBODY = (None, None)


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config(PACKAGED, {})


def lines(config: Config, experiment: str, preset: str | None = None) -> list[str]:
    found = settings_by_preset(config, experiment, preset, NOBODY)
    return list(recipe_lines(config, experiment, found, None))


def test_presets_stand_side_by_side_and_differences_are_marked(config: Config) -> None:
    found = [line.split() for line in lines(config, "ssv2")]
    assert ["*", "recipe.schedule.epochs", "45", "22"] in found
    assert ["*", "recipe.schedule.clips_per_video", "1", "2"] in found
    assert ["recipe.clip.frames", "32", "32"] in found
    assert sum(line[:1] == ["*"] for line in found) >= 10


def test_every_setting_of_every_recipe_is_printed(config: Config) -> None:
    found = settings_by_preset(config, "charades", None, NOBODY)
    printed = "\n".join(recipe_lines(config, "charades", found, None))
    for preset, settings in found.items():
        for path, value in flat(settings).items():
            assert path in printed, preset
            assert value in printed


def test_the_place_of_each_recipe_is_named(config: Config) -> None:
    head = lines(config, "ssv2")[1:3]
    assert head[0].startswith("as-written: recipe written-ssv2, ")
    path, _, line = head[1].partition("run-ssv2, ")[2].rpartition(":")
    with open(path) as stream:  # noqa: PTH123 - a line of it
        assert stream.read().splitlines()[int(line) - 1].startswith("  run-ssv2:")


def test_what_suites_override_for_single_models_is_told(config: Config) -> None:
    found = lines(config, "fx-s1")
    assert "  as-run, avid_cma: recipe.optimiser.lr: 0.001" in found
    assert "  as-run, scratch: recipe.optimiser.weight_decay: 1e-05" in found
    assert not [line for line in lines(config, "fx-s1", "as-written") if "avid_cma" in line]


def test_a_models_own_settings(config: Config) -> None:
    found = settings_by_preset(config, "ssv2", "as-run", ("scratch", "severe"))
    assert flat(found["as-run"])["recipe.schedule.epochs"] == "25"


@pytest.mark.parametrize(
    ("experiment", "preset", "of", "message"),
    [
        ("fx-s2", None, NOBODY, "no cell and no experiment is called 'fx-s2'; did you mean fx-s1"),
        ("near", None, NOBODY, "is called 'near'; did you mean near-"),
        ("ssv2", "as-ran", NOBODY, "unknown preset 'as-ran'; did you mean as-run"),
        ("ssv2", None, ("moco", None), "overrides stand in suites; name one with --suite: demo, "),
        ("ssv2", None, ("moco", "demo"), "suite demo has no cell of moco and ssv2"),
    ],
)
def test_names_that_do_not_exist(
    config: Config, experiment: str, preset: str | None, of: tuple[str, str], message: str
) -> None:
    with pytest.raises(UserError) as caught:
        settings_by_preset(config, experiment, preset, of)
    assert message in str(caught.value)


def test_the_command_prints_text_and_json() -> None:
    run = CliRunner()
    text = run.invoke(app, ["show", "hmdb51", "-c", str(PACKAGED), "--preset", "as-run"])
    assert text.exit_code == 0, text.output
    assert "recipe.schedule.gamma" in text.output
    data = run.invoke(app, ["show", "hmdb51", "-c", str(PACKAGED), "--json"])
    assert json.loads(data.output)["as-run"]["recipe.schedule.gamma"] == "0.3"
