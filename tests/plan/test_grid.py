import pytest

from severe_bench.core.errors import UserError
from severe_bench.plan.grid import Entry, Filters, filtered, grid
from tests.plan.fixtures import Study

OLD = '      - {models: "*", experiments: "*", seeds: [0, 1]}\n'


def suite(text: str) -> tuple[str, str]:
    return OLD, text


def short(entries: list[Entry]) -> list[str]:
    return [f"{e.model} {e.experiment} {e.preset} {e.seed}" for e in entries]


def test_a_block_is_a_product_with_experiments_outermost(study: Study) -> None:
    found = grid(study(), "demo")
    assert len(found) == 3 * (1 + 2 + 1) * 2
    assert short(found)[:3] == [
        "none near-linear default 0",
        "none near-linear default 1",
        "made near-linear default 0",
    ]
    assert short(found)[6:10] == [
        "none near-tune short 0",
        "none near-tune short 1",
        "none near-tune long 0",
        "none near-tune long 1",
    ]


def test_presets_choose_among_those_an_experiment_has(study: Study) -> None:
    config = study(suite('      - {models: none, experiments: "*", presets: [short, default]}\n'))
    assert short(grid(config, "demo")) == [
        "none near-linear default 0",
        "none near-tune short 0",
        "none real-linear default 0",
    ]


def test_overlapping_blocks_give_each_cell_once(study: Study) -> None:
    block = "      - {models: [none, made], experiments: near-linear}\n"
    config = study(suite(block + block.replace("[none, made]", "made")))
    assert short(grid(config, "demo")) == [
        "none near-linear default 0",
        "made near-linear default 0",
    ]


def test_include_comes_after_exclude_and_needs_no_block(study: Study) -> None:
    config = study(
        suite(
            '      - {models: "*", experiments: near-linear}\n'
            "    exclude:\n      - {model: [none, made]}\n"
            "    include:\n      - {model: made, experiment: near-linear, seed: 0}\n"
            "      - {model: none, experiment: near-tune, preset: long, seed: 7}\n"
        )
    )
    assert short(grid(config, "demo")) == [
        "filed near-linear default 0",
        "made near-linear default 0",
        "none near-tune long 7",
    ]


@pytest.mark.parametrize(
    ("selector", "gone"),
    [
        ("model: n*", lambda e: e.model == "none"),
        ("backbone: net, seed: 1", lambda e: e.seed == 1),
        ("experiment: [near-*]", lambda e: e.experiment.startswith("near")),
        ("factor: domain", lambda e: e.experiment == "real-linear"),
        ("dataset: real", lambda e: e.experiment == "real-linear"),
        ("task: recognition, model: made", lambda e: e.model == "made"),
        ("protocol: finetune", lambda e: e.experiment == "near-tune"),
        ("preset: long", lambda e: e.preset == "long"),
        ("seed: [1, 2]", lambda e: e.seed == 1),
        ("model: made, protocol: lin*", lambda e: e.model == "made" and "linear" in e.experiment),
    ],
)
def test_every_key_of_a_selector(study: Study, selector: str, gone: object) -> None:
    assert callable(gone)
    everything = grid(study(), "demo")
    config = study(suite(OLD + f"    exclude:\n      - {{{selector}}}\n"))
    left = grid(config, "demo")
    assert left == [entry for entry in everything if not gone(entry)]
    assert 0 < len(left) < len(everything)


def test_an_exclude_that_excludes_nothing_is_refused(study: Study) -> None:
    config = study(suite(OLD + "    exclude:\n      - {model: none, seed: 5}\n"))
    with pytest.raises(UserError) as caught:
        grid(config, "demo")
    assert str(caught.value).endswith(
        "benchmarks.yaml:56: suites.demo.exclude[0]: matches no cell of the suite; "
        "mend it or remove it"
    )


def test_filters_are_globs_on_model_experiment_and_seed(study: Study) -> None:
    entries = grid(study(), "demo")
    filters = Filters(models=("m*",), experiments=("*-linear",), seeds=("1",))
    assert short(filtered(entries, filters, "demo")) == [
        "made near-linear default 1",
        "made real-linear default 1",
    ]
    assert filtered(entries, Filters(), "demo") == entries
    assert len(filtered(entries, Filters(seeds=("0", "1")), "demo")) == len(entries)


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        (
            Filters(models=("made", "nome")),
            "--model: no model of suite demo matches 'nome'; did you mean none?",
        ),
        (
            Filters(experiments=("x*",)),
            "--experiment: no experiment of suite demo matches 'x*'; "
            "valid names: near-linear, near-tune, real-linear",
        ),
        (Filters(seeds=("2",)), "--seed: no seed of suite demo matches '2'; valid names: 0, 1"),
    ],
)
def test_a_filter_that_matches_nothing_names_what_there_is(
    study: Study, filters: Filters, message: str
) -> None:
    with pytest.raises(UserError) as caught:
        filtered(grid(study(), "demo"), filters, "demo")
    assert str(caught.value) == message


def test_filters_that_exclude_each_other(study: Study) -> None:
    config = study(
        suite(
            "      - {models: none, experiments: near-linear}\n"
            "      - {models: made, experiments: near-tune}\n"
        )
    )
    with pytest.raises(UserError, match="no cell of suite demo passes all filters; widen them"):
        filtered(grid(config, "demo"), Filters(("none",), ("near-tune",)), "demo")


def test_one_preset_of_a_suite(study: Study) -> None:
    entries = grid(study(), "demo")
    kept = filtered(entries, Filters(experiments=("near-tune",), presets=("long",)), "demo")
    assert {entry.preset for entry in kept} == {"long"}
    with pytest.raises(UserError, match="--preset: no preset of suite demo matches 'as-run'"):
        filtered(entries, Filters(presets=("as-run",)), "demo")
