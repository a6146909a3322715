from pathlib import Path

import pytest

from severe_bench.config.entries import DEFAULT_PRESET
from severe_bench.config.errors import UserErrors
from severe_bench.config.loading import load_config
from severe_bench.core.errors import UserError
from tests.plan.fixtures import STUDY, Study

DEMO = """\
suites:
  demo:
    blocks:
      - {models: "*", experiments: "*", seeds: [0, 1]}
"""
BLOCK = '{models: "*", experiments: "*", seeds: [0, 1]}'


def messages(study: Study, tmp_path: Path, *replacements: tuple[str, str]) -> list[str]:
    """What is said about the study with some text replaced, without the folder."""
    with pytest.raises(UserErrors) as caught:
        study(*replacements)
    return str(caught.value).replace(f"{tmp_path}/", "").splitlines()


def with_suite(lines: str) -> tuple[str, str]:
    """Replaces the suite; `lines` stand under `demo:` from line 52 on."""
    indented = "".join(f"    {line}\n" for line in lines.splitlines())
    return DEMO, f"suites:\n  demo:\n{indented}"


def test_the_study_is_read(study: Study) -> None:
    config = study()
    assert list(config.experiments) == ["near-linear", "near-tune", "real-linear"]
    assert config.recipes["probe"].optimiser.lr == 1e-2
    assert config.recipes["probe"].clip.frames == 8
    assert config.recipes["tune-long"].schedule.epochs == 60
    assert config.recipes["tune-long"].schedule.kind == "cosine"
    assert config.experiments["near-linear"].recipe == {DEFAULT_PRESET: "probe"}
    assert config.experiments["near-tune"].recipe == {"short": "tune", "long": "tune-long"}
    assert config.experiments["near-linear"].budget.draw == "cell"
    assert config.suites["demo"].blocks[0].seeds == (0, 1)


def test_models_called_no_on_off_and_1(study: Study) -> None:
    config = study(
        (
            "  none: {backbone: net}",
            "  no: {backbone: net}\n  on: {backbone: net}\n  1: {backbone: net}",
        ),
        (BLOCK, "{models: [no, on, 1], experiments: near-linear}"),
    )
    assert list(config.models)[:3] == ["no", "on", "1"]
    assert config.suites["demo"].blocks[0].models == ("no", "on", "1")


def test_environment_variables_are_typed(fakes: None, tmp_path: Path) -> None:
    path = tmp_path / "b.yaml"
    path.write_text(
        STUDY.replace("epochs: 30, kind: cosine", "kind: cosine").replace(
            "  tune-long:", "  more:\n    schedule:\n      epochs: ${EPOCHS:-3}\n  tune-long:"
        )
    )
    assert load_config(path, {}).recipes["more"].schedule.epochs == 3
    assert load_config(path, {"EPOCHS": "5"}).recipes["more"].schedule.epochs == 5
    with pytest.raises(UserErrors) as caught:
        load_config(path, {"EPOCHS": "many"})
    assert str(caught.value) == (
        f'{path}:18: recipes.more.schedule.epochs: expected a whole number, got "many"'
    )


CASES = {
    "unknown key": (
        ("protocol: finetune", "protocl: finetune"),
        [
            "benchmarks.yaml:38: experiments.near-tune.protocol: missing; add it",
            "benchmarks.yaml:42: experiments.near-tune.protocl: unknown key; did "
            "you mean protocol?",
        ],
    ),
    "a momentum that no optimiser takes": (
        ("lr: 1e-2", "lr: 1e-2, momentum: 1"),
        [
            "benchmarks.yaml:11: recipes.probe.optimiser.momentum: should be less than 1, got 1",
        ],
    ),
    "several bases": (
        ("extends: base\n    optimiser", "extends: [base]\n    optimiser"),
        ["benchmarks.yaml:10: recipes.probe.extends: unknown recipe ['base']; did you mean base?"],
    ),
    "overrides of a wrong type": (
        with_suite(
            "blocks:\n"
            '  - {models: "*", experiments: "*", seeds: [0, 1]}\n'
            "overrides:\n"
            "  - match: {model: none}\n"
            "    set:\n"
            "      recipe: [tune]\n"
            "      recipe.clip: 5\n"
            "      recipe.clip.frames: 8\n"
            "      budget: 5\n"
            "      budget.draw: cell"
        ),
        [
            "benchmarks.yaml:58: suites.demo.overrides[0].set.recipe: unknown recipe ['tune']; "
            "did you mean tune?",
            "benchmarks.yaml:59: suites.demo.overrides[0].set.recipe.clip: expected a mapping, "
            "got 5",
            "benchmarks.yaml:61: suites.demo.overrides[0].set.budget: expected a mapping, got 5",
        ],
    ),
    "unknown section": (
        ("pretraining:", "pretrainings:"),
        [
            "benchmarks.yaml:17: pretrainings: unknown key; did you mean pretraining?",
            "benchmarks.yaml:24: models.made.pretrain: unknown pretraining "
            "'contrast'; valid names: (none)",
        ],
    ),
    "unknown key deep in a recipe": (
        ("feature_views: 2", "clip: {frame: 8}"),
        [
            "benchmarks.yaml:12: recipes.probe.clip.frame: unknown key; did you "
            "mean frames or rate or frame_rate?",
        ],
    ),
    "wrong version": (
        ("version: 1", "version: 2"),
        [
            "benchmarks.yaml:1: version: expected 1, got 2",
        ],
    ),
    "number in quotes": (
        ("lr: 1e-2", "lr: '1e-2'"),
        [
            'benchmarks.yaml:11: recipes.probe.optimiser.lr: expected a number, got "1e-2"',
        ],
    ),
    "fraction for a count": (
        ("epochs: 30", "epochs: 3.5"),
        [
            "benchmarks.yaml:15: recipes.tune.schedule.epochs: expected a whole number, got 3.5",
        ],
    ),
    "on for true": (
        ("feature_views: 2", "standardise: on"),
        [
            'benchmarks.yaml:12: recipes.probe.standardise: expected true or false, got "on"',
        ],
    ),
    "number for text": (
        ("task: recognition\n    protocol: finetune", "task: 3\n    protocol: finetune"),
        [
            "benchmarks.yaml:41: experiments.near-tune.task: expected text, got 3",
        ],
    ),
    "text for a mapping": (
        ("budget: {count: 40}", "budget: 40"),
        [
            "benchmarks.yaml:43: experiments.near-tune.budget: expected a mapping, got 40",
        ],
    ),
    "entry that is no mapping": (
        ("none: {backbone: net}", "none: net"),
        [
            'benchmarks.yaml:23: models.none: expected a mapping, got "net"',
        ],
    ),
    "section that is no mapping": (
        ("models:\n  none: {backbone: net}", "models: []\nspare:\n  none: {backbone: net}"),
        [
            "benchmarks.yaml:22: models: expected a mapping, got []",
            "benchmarks.yaml:23: spare: unknown key; valid names: datasets, "
            "experiments, include, models, overrides, pretraining, recipes, replaces, suites, "
            "version",
            "benchmarks.yaml:55: suites.demo.blocks[0].models: no model matches "
            "'*'; valid names: (none)",
        ],
    ),
    "out of range": (
        ("lr: 1e-2", "lr: -1"),
        [
            "benchmarks.yaml:11: recipes.probe.optimiser.lr: should be greater than 0, got -1",
        ],
    ),
    "one of several words": (
        ("kind: cosine", "kind: cosin"),
        [
            "benchmarks.yaml:15: recipes.tune.schedule.kind: expected 'constant', "
            "'multistep' or 'cosine', got \"cosin\"; did you mean cosine?",
        ],
    ),
    "either of two types": (
        ("draw: cell", "draw: sell"),
        [
            "benchmarks.yaml:36: experiments.near-linear.budget.draw: expected a "
            "whole number or 'cell', got \"sell\"; did you mean cell?",
        ],
    ),
    "two amounts": (
        ("{count: 40}", "{count: 40, percent: 3}"),
        [
            "benchmarks.yaml:43: experiments.near-tune.budget: give one of count, "
            "per_class, percent",
        ],
    ),
    "two sources of weights": (
        ("pretrain: contrast}", "pretrain: contrast, checkpoint: a.pt}"),
        [
            "benchmarks.yaml:24: models.made: give checkpoint or pretrain, not both",
        ],
    ),
    "layout without checkpoint": (
        ("none: {backbone: net}", "none: {backbone: net, layout: native}"),
        [
            "benchmarks.yaml:23: models.none: layout describes a checkpoint, and there is none",
        ],
    ),
    "checkpoint without provenance": (
        ("    provenance: {kind: ssl, method: elsewhere}\n", ""),
        [
            "benchmarks.yaml:25: models.filed: a checkpoint needs provenance (at least its kind)",
        ],
    ),
    "kind none with weights": (
        ("kind: ssl", "kind: none"),
        [
            "benchmarks.yaml:25: models.filed: kind none is for models without weights",
        ],
    ),
    "kind without weights": (
        ("none: {backbone: net}", "none: {backbone: net, provenance: {kind: ssl}}"),
        [
            "benchmarks.yaml:23: models.none: kind ssl needs a checkpoint or pretrain",
        ],
    ),
    "adapter": (
        ("adapter: folder", "adapter: foldr"),
        [
            "benchmarks.yaml:5: datasets.real.adapter: unknown dataset adapter "
            "'foldr'; did you mean folder or world?",
        ],
    ),
    "adapter option": (
        ("{world: near}", "{word: near}"),
        [
            "benchmarks.yaml:4: datasets.near.options.word: unknown key; did you mean world?",
        ],
    ),
    "adapter option of wrong type": (
        ("{world: near}", "{scale: big}"),
        [
            'benchmarks.yaml:4: datasets.near.options.scale: expected a number, got "big"',
        ],
    ),
    "root of a made dataset": (
        ("near: {adapter: world,", "near: {adapter: world, root: x,"),
        [
            "benchmarks.yaml:4: datasets.near.root: world makes its own data; remove root",
        ],
    ),
    "method": (
        ("method: contrast", "method: contras"),
        [
            "benchmarks.yaml:19: pretraining.contrast.method: unknown pretraining "
            "method 'contras'; did you mean contrast?",
        ],
    ),
    "method option": (
        ("method: contrast", "method: contrast\n    options: {temprature: 1}"),
        [
            "benchmarks.yaml:20: pretraining.contrast.options.temprature: unknown "
            "key; did you mean temperature?",
        ],
    ),
    "pretraining dataset": (
        ("dataset: source", "dataset: sorce"),
        [
            "benchmarks.yaml:20: pretraining.contrast.dataset: unknown dataset "
            "'sorce'; did you mean source?",
        ],
    ),
    "pretraining recipe": (
        ("recipe: tune\nmodels", "recipe: tunes\nmodels"),
        [
            "benchmarks.yaml:21: pretraining.contrast.recipe: unknown recipe "
            "'tunes'; did you mean tune?",
        ],
    ),
    "backbone": (
        ("none: {backbone: net}", "none: {backbone: nett}"),
        [
            "benchmarks.yaml:23: models.none.backbone: unknown backbone 'nett'; did you mean net?",
        ],
    ),
    "backbone argument": (
        ("none: {backbone: net}", "none: {backbone: net, kwargs: {with: 3}}"),
        [
            "benchmarks.yaml:23: models.none.kwargs.with: unknown argument 'with'; "
            "did you mean width?",
        ],
    ),
    "layout": (
        ("layout: native", "layout: natve"),
        [
            "benchmarks.yaml:28: models.filed.layout: unknown checkpoint layout "
            "'natve'; did you mean native?",
        ],
    ),
    "pretraining": (
        ("pretrain: contrast", "pretrain: contrasts"),
        [
            "benchmarks.yaml:24: models.made.pretrain: unknown pretraining "
            "'contrasts'; did you mean contrast?",
        ],
    ),
    "dataset": (
        ("dataset: real", "dataset: reel"),
        [
            "benchmarks.yaml:47: experiments.real-linear.dataset: unknown dataset "
            "'reel'; did you mean real?",
        ],
    ),
    "task": (
        ("task: recognition\n    protocol: finetune", "task: recogntion\n    protocol: finetune"),
        [
            "benchmarks.yaml:41: experiments.near-tune.task: unknown task "
            "'recogntion'; did you mean recognition?",
        ],
    ),
    "task option": (
        ("protocol: finetune", "protocol: finetune\n    task_options: {a: 1}"),
        [
            "benchmarks.yaml:43: experiments.near-tune.task_options.a: unknown "
            "key; valid names: (none)",
        ],
    ),
    "protocol": (
        ("protocol: finetune", "protocol: fintune"),
        [
            "benchmarks.yaml:42: experiments.near-tune.protocol: unknown protocol "
            "'fintune'; did you mean finetune?",
        ],
    ),
    "recipe": (
        ("long: tune-long", "long: tune-lon"),
        [
            "benchmarks.yaml:44: experiments.near-tune.recipe.long: unknown recipe "
            "'tune-lon'; did you mean tune-long or tune?",
        ],
    ),
    "no recipe": (
        ("recipe: {short: tune, long: tune-long}", "recipe: {}"),
        [
            "benchmarks.yaml:44: experiments.near-tune.recipe: is empty",
        ],
    ),
    "headline": (
        ("protocol: finetune", "protocol: finetune\n    headline: top2"),
        [
            "benchmarks.yaml:43: experiments.near-tune.headline: unknown metric "
            "'top2'; did you mean top5 or top1?",
        ],
    ),
    "extends": (
        ("extends: tune,", "extends: tun,"),
        [
            "benchmarks.yaml:16: recipes.tune-long.extends: unknown recipe 'tun'; "
            "did you mean tune?",
        ],
    ),
    "bad name": (
        ("none: {backbone: net}", "a*: {backbone: net}"),
        [
            "benchmarks.yaml:23: models.a*: bad name; use letters, digits and . _ + -",
        ],
    ),
    "reserved suite": (
        ("  demo:\n", "  shared:\n"),
        [
            "benchmarks.yaml:52: suites.shared: this name is taken by what suites share; rename it",
        ],
    ),
    "no version": (
        ("version: 1\n", ""),
        [
            "benchmarks.yaml:1: version: missing; add `version: 1`",
        ],
    ),
    "no suites": (
        (DEMO, ""),
        [
            "benchmarks.yaml:1: suites: missing; add it",
        ],
    ),
    "empty suite": (
        with_suite("blocks: []"),
        [
            "benchmarks.yaml:52: suites.demo: has no cells; give blocks or include",
        ],
    ),
    "model of a block": (
        with_suite("blocks:\n  - {models: nine, experiments: '*'}"),
        [
            "benchmarks.yaml:54: suites.demo.blocks[0].models: no model matches "
            "'nine'; did you mean none?",
        ],
    ),
    "experiment of a block": (
        with_suite("blocks:\n  - {models: none, experiments: [near-linear, far-*]}"),
        [
            "benchmarks.yaml:54: suites.demo.blocks[0].experiments: no experiment "
            "matches 'far-*'; valid names: near-linear, near-tune, real-linear",
        ],
    ),
    "preset of a block": (
        with_suite("blocks:\n  - {models: none, experiments: near-tune, presets: shrt}"),
        [
            "benchmarks.yaml:54: suites.demo.blocks[0].presets: no preset matches "
            "'shrt'; did you mean short?",
        ],
    ),
    "negative seed": (
        with_suite("blocks:\n  - {models: none, experiments: near-tune, seeds: [-1]}"),
        [
            "benchmarks.yaml:54: suites.demo.blocks[0].seeds[0]: should be greater "
            "than or equal to 0, got -1",
        ],
    ),
    "globs of a wrong type": (
        with_suite("blocks:\n  - {models: [1.5], experiments: '*'}"),
        [
            "benchmarks.yaml:54: suites.demo.blocks[0].models: expected a name, a "
            "glob or a list of them",
        ],
    ),
    "included names": (
        with_suite("include:\n  - {model: nonne, experiment: near-linea, preset: x}"),
        [
            "benchmarks.yaml:54: suites.demo.include[0].model: unknown model "
            "'nonne'; did you mean none?",
            "benchmarks.yaml:54: suites.demo.include[0].experiment: unknown "
            "experiment 'near-linea'; did you mean near-linear or real-linear or "
            "near-tune?",
        ],
    ),
    "included preset": (
        with_suite("include:\n  - {model: none, experiment: near-tune}"),
        [
            "benchmarks.yaml:54: suites.demo.include[0].preset: unknown preset "
            "'default'; valid names: long, short",
        ],
    ),
    "selector": (
        with_suite(
            "blocks:\n"
            '  - {models: "*", experiments: "*", seeds: [0, 1]}\n'
            "exclude:\n"
            "  - {dataset: nearr, factor: domains}\n"
            "  - {}"
        ),
        [
            "benchmarks.yaml:57: suites.demo.exclude[1]: selects nothing; write "
            "model: '*' for every cell",
        ],
    ),
    "selected names": (
        with_suite(
            "blocks:\n"
            '  - {models: "*", experiments: "*", seeds: [0, 1]}\n'
            "exclude:\n"
            "  - {dataset: nearr}\n"
            "  - {backbone: nt}"
        ),
        [
            "benchmarks.yaml:56: suites.demo.exclude[0].dataset: no dataset "
            "matches 'nearr'; did you mean near?",
            "benchmarks.yaml:57: suites.demo.exclude[1].backbone: no backbone "
            "matches 'nt'; did you mean net?",
        ],
    ),
    "override": (
        with_suite(
            "blocks:\n"
            '  - {models: "*", experiments: "*", seeds: [0, 1]}\n'
            "overrides:\n"
            "  - match: {model: none}\n"
            "    set:\n"
            "      recipe.optimizer.lr: 1\n"
            "      recipe.schedule.epochs: 0\n"
            "      budget.cout: 3\n"
            "      seed: 3\n"
            "      recipe: tunne"
        ),
        [
            "benchmarks.yaml:58: suites.demo.overrides[0].set.recipe.optimizer.lr: "
            "unknown setting recipe.optimizer; did you mean optimiser?",
            "benchmarks.yaml:59: "
            "suites.demo.overrides[0].set.recipe.schedule.epochs: should be "
            "greater than or equal to 1, got 0",
            "benchmarks.yaml:60: suites.demo.overrides[0].set.budget.cout: unknown "
            "setting budget.cout; did you mean count?",
            "benchmarks.yaml:61: suites.demo.overrides[0].set.seed: unknown "
            "setting seed; set recipe.*, budget.* or task_options.*",
            "benchmarks.yaml:62: suites.demo.overrides[0].set.recipe: unknown "
            "recipe 'tunne'; did you mean tune?",
        ],
    ),
    "overriding value": (
        with_suite(
            "blocks:\n"
            '  - {models: "*", experiments: "*", seeds: [0, 1]}\n'
            "overrides:\n"
            "  - match: {model: none}\n"
            "    set:\n"
            "      recipe.schedule.epochs: 0\n"
            "      budget.count: many"
        ),
        [
            "benchmarks.yaml:58: "
            "suites.demo.overrides[0].set.recipe.schedule.epochs: should be "
            "greater than or equal to 1, got 0",
            "benchmarks.yaml:59: suites.demo.overrides[0].set.budget.count: "
            'expected a whole number, got "many"',
        ],
    ),
    "claim": (
        with_suite(
            "blocks:\n"
            '  - {models: "*", experiments: "*", seeds: [0, 1]}\n'
            "claims:\n"
            "  - {experiment: near-linear, better: mades, worse: none}"
        ),
        [
            "benchmarks.yaml:56: suites.demo.claims[0].better: unknown model "
            "'mades'; did you mean made?",
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_mistake_is_one_line(study: Study, tmp_path: Path, name: str) -> None:
    replacement, expected = CASES[name]
    assert messages(study, tmp_path, replacement) == expected


def test_all_mistakes_come_at_once_in_the_order_of_lines(study: Study, tmp_path: Path) -> None:
    found = messages(
        study,
        tmp_path,
        ("backbone: net, pretrain: contrast", "backbone: nt, pretrain: contrst"),
        ("version: 1", "version: 2"),
        ("count: 200", "count: 0"),
        ('models: "*"', "models: x"),
    )
    lines = [int(line.split(":")[1]) for line in found]
    assert lines == [1, 24, 24, 36, 54]


def test_at_most_ten_are_shown(study: Study, tmp_path: Path) -> None:
    many = "\n".join(f"  m{i}: {{backbone: net{i}}}" for i in range(14))
    found = messages(study, tmp_path, ("  none: {backbone: net}", many))
    assert len(found) == 11
    assert found[-1] == "and 4 more"


def test_what_is_wrong_in_a_base_is_said_once(study: Study, tmp_path: Path) -> None:
    found = messages(study, tmp_path, ("frames: 8", "frames: 0"))
    assert found == [
        "benchmarks.yaml:8: recipes.base.clip.frames: should be greater than or equal to 1, got 0"
    ]


def test_an_unknown_suite(study: Study, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        study().suite("demmo")
    assert str(caught.value) == (
        f"{tmp_path}/benchmarks.yaml: unknown suite 'demmo'; did you mean demo?"
    )


def test_a_home_of_nobody_is_a_path_that_is_not_there(study: Study, tmp_path: Path) -> None:
    assert not study().resolve("~nobody-of-that-name/weights.pt").exists()


def test_paths_start_at_the_files_folder(study: Study, tmp_path: Path) -> None:
    config = study()
    assert config.resolve("real") == tmp_path / "real"
    assert config.resolve("/data/x") == Path("/data/x")
    assert config.resolve("~/x") == Path.home() / "x"
    shipped = config.resolve("package:supervised")
    assert shipped.parts[-3:] == ("models", "weights_data", "supervised.pt")


def test_a_world_that_does_not_exist_is_found_while_reading(tmp_path: Path) -> None:
    path = tmp_path / "b.yaml"
    path.write_text(
        "version: 1\ndatasets:\n  near:\n    adapter: procedural\n"
        "    options: {world: nera}\nsuites: {}\n"
    )
    with pytest.raises(UserErrors) as caught:
        load_config(path, {})
    assert str(caught.value).splitlines() == [
        f"{path}:5: datasets.near.options: unknown built-in world 'nera'; did you mean near?",
        f"{path}:6: suites: is empty",
    ]
