"""Files that include others, entries made from others, suites put together from suites."""

from pathlib import Path

import pytest

from severe_bench.config.loading import load_config
from severe_bench.config.schema import Config
from severe_bench.core.errors import UserError
from severe_bench.plan.build import plan_suite
from tests.plan.fixtures import STUDY, Study

INCLUDING = """\
version: 1
include: [study.yaml]
"""


@pytest.fixture
def files(study: Study, tmp_path: Path) -> Path:
    (tmp_path / "study.yaml").write_text(STUDY)
    return tmp_path


def load(folder: Path, text: str) -> Config:
    path = folder / "benchmarks.yaml"
    path.write_text(text)
    return load_config(path, {})


def fault(folder: Path, text: str) -> str:
    with pytest.raises(UserError) as caught:
        load(folder, text)
    return str(caught.value).replace(f"{folder}/", "")


def ids(config: Config, suite: str = "demo") -> set[str]:
    return {cell.id for cell in plan_suite(config, suite).cells}


def test_an_included_study_is_the_study(files: Path) -> None:
    assert ids(load(files, INCLUDING)) == ids(load(files, STUDY))


def test_own_entries_hold_and_come_first(files: Path) -> None:
    own = "recipes:\n  probe: {batch_size: 7}\nsuites:\n  mine:\n    suites: [demo]\n"
    config = load(files, INCLUDING + "replaces: [recipes.probe]\n" + own)
    assert config.recipes["probe"].batch_size == 7
    assert config.recipes["tune"].schedule.epochs == 30
    assert list(config.suites) == ["mine", "demo"]


def test_mistakes_name_the_file_that_has_them(files: Path) -> None:
    broken = STUDY.replace("lr: 1e-2", "lr: high")
    (files / "study.yaml").write_text(broken)
    line = broken.splitlines().index("    optimiser: {name: adamw, lr: high}") + 1
    text = INCLUDING + "models:\n  more: {backbone: nett}\n"
    found = fault(files, text)
    assert f"study.yaml:{line}: recipes.probe.optimiser.lr: expected a number" in found
    assert "benchmarks.yaml:4: models.more.backbone: unknown backbone 'nett'" in found


def test_an_entry_made_from_another_is_found_at_that_one(files: Path) -> None:
    text = STUDY.replace("    budget: {count: 40}\n", "    sweep: {4: {recipe.clip.framess: 4}}\n")
    line = text.splitlines().index("  near-tune:") + 1
    found = fault(files, text)
    where, _, rest = found.partition(": experiments.near-tune-4.set.")
    assert rest.startswith("recipe.clip.framess: unknown setting recipe.clip.framess")
    assert where == f"benchmarks.yaml:{line}"


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        ("version: 99\n", "more.yaml:1: version: expected 1, got 99"),
        ("version: 1\nexpirements: {}\n", "more.yaml:2: expirements: unknown key; did you mean"),
        ("version: 1\noverride: []\n", "more.yaml:2: override: unknown key; did you mean over"),
        ("version: 1\nseeds: [0]\n", "more.yaml:2: seeds: unknown key; "),
        ("version: 1\nrecipes: [q]\n", "more.yaml:2: recipes: expected a mapping"),
    ],
)
def test_an_included_file_is_checked_at_its_top(files: Path, inner: str, message: str) -> None:
    (files / "more.yaml").write_text(inner)
    assert fault(files, "version: 1\ninclude: [study.yaml, more.yaml]\n").startswith(message)


HIDING = INCLUDING + "recipes:\n  probe: {batch_size: 7}\n  wide: {extends: probe}\n"


def test_an_entry_that_hides_an_included_one_is_refused(files: Path) -> None:
    line = STUDY.splitlines().index("  probe:") + 1
    assert fault(files, HIDING) == (
        f"benchmarks.yaml:4: recipes.probe: stands in study.yaml:{line} too; "
        "rename it, or say `replaces: [recipes.probe]` at the top of the file"
    )


def test_what_is_replaced_is_a_note_of_every_plan(files: Path) -> None:
    line = STUDY.splitlines().index("  probe:") + 1
    config = load(files, HIDING + "replaces: [recipes.probe]\n")
    said = (
        f"benchmarks.yaml:4: recipes.probe replaces that of study.yaml:{line}; 1 recipe extends it"
    )
    assert plan_suite(config, "demo").notes[0].replace(f"{files}/", "") == said
    outer = files / "outer.yaml"
    outer.write_text("version: 1\ninclude: [benchmarks.yaml]\n")
    found = plan_suite(load_config(outer, {}), "demo").notes[0]
    assert found.replace(f"{files}/", "") == said


def test_replacing_what_is_not_there_is_refused(files: Path) -> None:
    text = HIDING + "replaces: [recipes.probe, recipes.prob]\n"
    assert fault(files, text).startswith(
        "benchmarks.yaml:6: replaces: no entry 'recipes.prob' stands both here and in an included "
        "file; did you mean recipes.probe?"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("include: [gone.yaml]", "benchmarks.yaml:2: include: there is no file gone.yaml"),
        ("include: study.yaml", "benchmarks.yaml:2: include: expected a list of files"),
        (
            "include: [benchmarks.yaml]",
            "benchmarks.yaml:2: include: benchmarks.yaml includes itself",
        ),
        ("include: [package:nothing.yaml]", "there is no file package:nothing.yaml"),
    ],
)
def test_includes_that_lead_nowhere(files: Path, text: str, message: str) -> None:
    assert message in fault(files, f"version: 1\n{text}\n")


def test_two_included_files_may_not_have_the_same_entry(files: Path) -> None:
    (files / "other.yaml").write_text("version: 1\nrecipes:\n  probe: {}\n")
    found = fault(files, "version: 1\ninclude: [study.yaml, other.yaml]\n")
    assert found.startswith("other.yaml:3: recipes.probe: stands in study.yaml:")


def test_circles_are_refused(files: Path) -> None:
    (files / "study.yaml").write_text("version: 1\ninclude: [benchmarks.yaml]\n")
    assert "study.yaml:2: include: benchmarks.yaml includes itself" in fault(files, INCLUDING)


OVERLAY = INCLUDING + "overrides:\n  - {match: {protocol: linear}, set: {recipe.batch_size: 3}}\n"


def test_overrides_of_the_file_hold_for_every_suite(files: Path) -> None:
    cells = plan_suite(load(files, OVERLAY), "demo").cells
    sizes = {(c.label.protocol, c.job.recipe.batch_size) for c in cells if c.label}  # type: ignore[union-attr]
    assert sizes == {("linear", 3), ("finetune", 32)}


def test_overrides_of_the_file_are_checked(files: Path) -> None:
    text = INCLUDING + "overrides:\n  - {match: {model: gone}, set: {recipe.batchsize: 3}}\n"
    found = fault(files, text)
    assert "benchmarks.yaml:4: overrides[0].match.model: no model matches 'gone'" in found
    assert "overrides[0].set.recipe.batchsize: unknown setting recipe.batchsize" in found


JOINED = (
    STUDY
    + """\
  linear:
    blocks:
      - {models: "*", experiments: "*-linear"}
    overrides:
      - {match: {model: made}, set: {recipe.batch_size: 5}}
  tune:
    blocks:
      - {models: "*", experiments: near-tune}
  all:
    suites: [linear, tune]
"""
)


def test_a_suite_of_suites_has_their_cells_as_they_have_them(files: Path) -> None:
    config = load(files, JOINED)
    assert ids(config, "all") == ids(config, "linear") | ids(config, "tune")


def test_a_cell_that_two_suites_set_differently_is_refused(files: Path) -> None:
    config = load(files, JOINED.replace("suites: [linear, tune]", "suites: [linear, demo]"))
    with pytest.raises(UserError, match="made / near-linear has other settings in suite demo"):
        plan_suite(config, "all")


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ("[linear, gone]", "suites.all.suites[1]: unknown suite 'gone'"),
        ("[linear, all]", "all is itself put together from suites"),
    ],
)
def test_members_that_lead_nowhere(files: Path, members: str, message: str) -> None:
    assert message in fault(files, JOINED.replace("suites: [linear, tune]", f"suites: {members}"))


def test_a_sweep_is_one_experiment_of_each_value(files: Path) -> None:
    text = STUDY.replace(
        "    budget: {count: 40}\n",
        "    set: {budget.count: 40}\n"
        "    sweep: {a: {recipe.clip.frames: 4}, b: {recipe.clip.frames: 8}}\n",
    )
    config = load(files, text)
    assert [name for name in config.experiments if "tune" in name] == ["near-tune-a", "near-tune-b"]
    cells = plan_suite(config, "demo").cells
    seen = {(c.label.experiment, c.job.recipe.clip.frames, c.job.budget.count)  # type: ignore[union-attr]
            for c in cells if c.label and "tune" in c.label.experiment}  # fmt: skip
    assert seen == {("near-tune-a", 4, 40), ("near-tune-b", 8, 40)}


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        ("[]", "experiments.near-tune.sweep: expected a mapping of names to settings"),
        ("{a: 4}", "experiments.near-tune.sweep.a: expected a mapping of settings"),
        ("{linear: {}}", "there is an experiment 'near-linear' already"),
    ],
)
def test_a_broken_sweep_is_said(files: Path, sweep: str, message: str) -> None:
    text = STUDY.replace("    budget: {count: 40}\n", f"    sweep: {sweep}\n")
    if "linear" in sweep:
        text = text.replace("near-tune", "near")
    assert message in fault(files, text)


def test_two_sweeps_that_make_one_name_are_refused(files: Path) -> None:
    sweep = "    sweep: {a-b: {recipe.clip.frames: 4}}\n"
    text = STUDY.replace("    budget: {count: 40}\n", sweep)
    entry = text[text.index("  near-tune:") :]
    entry = entry[: entry.index(sweep) + len(sweep)]
    twin = entry.replace("near-tune:", "near-tune-a:").replace("a-b:", "b:")
    message = "experiments.near-tune-a.sweep.b: there is an experiment 'near-tune-a-b' already"
    assert message in fault(files, text.replace(entry, entry + twin))
