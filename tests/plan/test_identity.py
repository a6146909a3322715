"""The id of a cell holds everything that can change its number, and nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from severe_bench.config.loading import load_config
from severe_bench.config.recipe import Augment, Clip, Recipe
from severe_bench.core.digest import short_id
from severe_bench.plan.build import plan_suite
from severe_bench.plan.identity import Identifier
from severe_bench.plan.job import (
    Budget,
    DatasetJob,
    DatasetRef,
    EvaluateJob,
    FeaturesJob,
    Input,
    Job,
    NetworkRef,
    PretrainJob,
    WeightsRef,
)
from tests.plan.fixtures import STUDY, Study

GOLDEN = {
    "dataset source": "5b0d2f04817d9ec6",
    "dataset near": "5680114c77f72188",
    "pretraining contrast": "aef37237b1632167",
    "features of none (seed 0) / near train": "f88ecdb4a0db39b8",
    "features of none (seed 0) / near test": "af2cd89626c81c22",
    "features of made / near train": "7fbf4f67b9ce2f88",
    "features of made / near test": "5f3441f0189d8ad3",
    "features of filed / near train": "7689f67c1d017283",
    "features of filed / near test": "2efe541ef971907a",
    "features of none (seed 0) / real train": "7b387560d07e107e",
    "features of none (seed 0) / real test": "28f695bbcb7b8a64",
    "features of made / real train": "32bdd2e0c3a71f32",
    "features of made / real test": "f6d09cea968069dd",
    "features of filed / real train": "b548b1d8a7e94640",
    "features of filed / real test": "c11bf317aab313c2",
    "none / near-linear / seed 0": "b0a0b3ad606d228e",
    "made / near-linear / seed 0": "70b5b2bb4e7b9c73",
    "filed / near-linear / seed 0": "fc8705db2bcaf5da",
    "none / near-tune (short) / seed 0": "a2f7a61ac80b2b05",
    "none / near-tune (long) / seed 0": "5ddf708e45dc629f",
    "made / near-tune (short) / seed 0": "e6146e32d977b93a",
    "made / near-tune (long) / seed 0": "c892277ce4eabc56",
    "filed / near-tune (short) / seed 0": "20b4aa465bd36647",
    "filed / near-tune (long) / seed 0": "41bd16225e2f1747",
    "none / real-linear / seed 0": "2888f3a7341433fa",
    "made / real-linear / seed 0": "50a61753480a7f9d",
    "filed / real-linear / seed 0": "68ac85e7e940a766",
}

DATA = DatasetRef(adapter="world", options={"world": "near"}, digest="d" * 64)
NETWORK = NetworkRef(backbone="net", weights=WeightsRef(source="none", init_seed=0))
JOBS: list[Job] = [
    DatasetJob(dataset=DATA),
    PretrainJob(
        method="m", options={"t": 0.1}, backbone="net", dataset=DATA, recipe=Recipe(), seed=0
    ),
    FeaturesJob(network=NETWORK, dataset=DATA, split="train", views="train", recipe=Recipe()),
    EvaluateJob(
        network=NETWORK,
        dataset=DATA,
        task="recognition",
        protocol="linear",
        budget=Budget(),
        recipe=Recipe(),
        seed=0,
    ),
]
OTHER = {
    "dataset": DATA.model_copy(update={"digest": "e" * 64}),
    "network": NETWORK.model_copy(update={"backbone": "fixed"}),
    "recipe": Recipe(batch_size=7),
    "budget": Budget(count=3),
    "input": Input(channels="BGR"),
    "options": {"t": 0.2},
    "kwargs": {"width": 3},
    "task_options": {"a": 1},
    "unit": "box",
    "unit_options": {"a": 1},
    "split": "test",
    "views": "test",
    "seed": 1,
    "method": "other",
    "backbone": "other",
    "task": "other",
    "protocol": "other",
}


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.kind)
def test_each_field_changes_the_id(job: Any) -> None:
    for field in type(job).model_fields.keys() - {"kind"}:
        changed = job.model_copy(update={field: OTHER[field]})
        assert short_id(changed) != short_id(job), field
        assert Identifier().id_of(changed) == short_id(changed)


def leaves(data: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(data, dict):
        return [path]
    return [leaf for key, value in data.items() for leaf in leaves(value, (*path, key))]


def replaced(data: Any, path: tuple[str, ...], value: Any) -> Any:
    if not path:
        return value
    return data | {path[0]: replaced(data[path[0]], path[1:], value)}


OTHER_LEAF = {
    ("clip", "sampling"): "uniform",
    ("optimiser", "name"): "adamw",
    ("schedule", "kind"): "cosine",
    ("schedule", "milestones"): [3],
    ("numerics", "precision"): "bf16",
    ("numerics", "micro_batch"): 4,
    ("augment", "area"): [0.5, 0.9],
    ("augment", "ratio"): [0.5, 1.5],
    ("augment", "crop"): "centre",
    ("augment", "scales"): [1.0],
    ("augment", "short_side"): [1.0, 2.0],
    ("augment", "law"): "inverse",
    ("clip", "short"): "hold",
    ("test", "crops"): 3,
    ("test", "starts"): "round",
    ("test", "frames"): 8,
    ("test", "stride"): 8,
    ("input",): {"mean": [0.45, 0.45, 0.45]},
    ("schedule", "warmup_lr"): 1e-4,
    ("head", "init"): "normal",
    ("head", "outputs"): 400,
    ("probe", "reads"): "features",
    ("probe", "batch_norm"): "train",
    ("selection", "model"): "best_test",
    ("numerics", "norm_eps"): 1e-3,
}
PLAIN = Recipe.model_validate({"optimiser": {"name": "sgd"}, "probe": {"reads": "clips"}})


@pytest.mark.parametrize("path", leaves(PLAIN.model_dump()), ids=".".join)
def test_each_recipe_setting_changes_the_id(path: tuple[str, ...]) -> None:
    data = PLAIN.model_dump(mode="json")
    old: Any = data
    for step in path:
        old = old[step]
    if path in OTHER_LEAF:
        new = OTHER_LEAF[path]
    elif isinstance(old, bool):
        new = not old
    else:
        new = old + 1 if isinstance(old, int) else old / 2 + 0.01
    recipe = Recipe.model_validate(replaced(data, path, new))
    job = JOBS[3]
    assert isinstance(job, EvaluateJob)
    before = short_id(job.model_copy(update={"recipe": PLAIN}))
    assert short_id(job.model_copy(update={"recipe": recipe})) != before


@pytest.mark.parametrize("name", ["fused", "autotune"])
def test_later_numerics_change_the_id_only_where_asked_for(name: str) -> None:
    """Cells that do not ask for them keep the ids that they had before these settings were."""
    job = JOBS[3]
    assert isinstance(job, EvaluateJob)
    asked, not_asked = (Recipe.model_validate({"numerics": {name: on}}) for on in (True, False))
    assert short_id(job.model_copy(update={"recipe": asked})) != short_id(job)
    assert short_id(job.model_copy(update={"recipe": not_asked})) == short_id(job)
    assert name not in not_asked.numerics.model_dump()
    assert Recipe.model_validate(asked.model_dump()) == asked


def test_a_frame_rate_changes_the_id_only_where_one_is_stated() -> None:
    job = JOBS[3]
    assert isinstance(job, EvaluateJob)
    stated, own = (Recipe.model_validate({"clip": {"frame_rate": rate}}) for rate in (24, None))
    assert short_id(job.model_copy(update={"recipe": stated})) != short_id(job)
    assert short_id(job.model_copy(update={"recipe": own})) == short_id(job)
    assert Recipe.model_validate(stated.model_dump(mode="json")) == stated


def recipes() -> st.SearchStrategy[Recipe]:
    clip = st.builds(Clip, frames=st.integers(1, 64), rate=st.floats(1, 30))
    augment = st.builds(Augment, flip=st.floats(0, 1))
    return st.builds(Recipe, clip=clip, augment=augment, batch_size=st.integers(1, 512))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
OPTIONS = st.dictionaries(st.text(), JSON, max_size=3)


@given(OPTIONS, OPTIONS, recipes(), st.text(), st.integers(0, 2**31 - 1))
def test_the_fast_id_is_the_plain_one_for_shared_parts_too(
    options: dict[str, Any], kwargs: dict[str, Any], recipe: Recipe, name: str, seed: int
) -> None:
    network = NETWORK.model_copy(update={"kwargs": kwargs})
    identify = Identifier()
    for number in (seed, seed + 1):
        for dataset in (DATA, DATA.model_copy(update={"options": options})):
            job = EvaluateJob(
                network=network,
                dataset=dataset,
                task=name,
                task_options=options,
                protocol="linear",
                budget=Budget(percent=12.5),
                recipe=recipe,
                seed=number,
            )
            assert identify.id_of(job) == short_id(job)


@given(recipes(), OPTIONS)
def test_an_id_survives_being_written_and_read(recipe: Recipe, options: dict[str, Any]) -> None:
    job = PretrainJob(
        method="m", options=options, backbone="net", dataset=DATA, recipe=recipe, seed=0
    )
    again: Job = TypeAdapter(Job).validate_json(job.model_dump_json())
    assert short_id(again) == short_id(job)


def test_golden_ids(study: Study) -> None:
    """An id that drifts makes users compute finished cells again: change these knowingly."""
    cells = plan_suite(study(), "demo").cells
    assert {cell.title: cell.id for cell in cells if "1" not in cell.title} == GOLDEN


def ids(study: Study, *replacements: tuple[str, str]) -> list[str]:
    return [cell.id for cell in plan_suite(study(*replacements), "demo").cells]


def test_names_and_places_are_not_part_of_an_id(study: Study, tmp_path: Any) -> None:
    before = ids(study)
    (tmp_path / "real").rename(tmp_path / "moved")
    (tmp_path / "weights.pt").rename(tmp_path / "renamed.pt")
    after = ids(
        study,
        ("root: real", "root: moved"),
        ("checkpoint: weights.pt", "checkpoint: renamed.pt"),
        ("{kind: ssl, method: elsewhere}", "{kind: supervised, source: here}"),
        ("factor: samples", "factor: actions"),
        ("protocol: finetune", "protocol: finetune\n    headline: top5"),
        ("  filed:", "  other-name:"),
        ("recipe: {short: tune, long: tune-long}", "recipe: {a: tune, b: tune-long}"),
    )
    assert after == before


def test_the_whole_study_elsewhere_has_the_same_ids(study: Study, tmp_path: Any) -> None:
    before = ids(study)
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    for name in ("real", "weights.pt"):
        (tmp_path / name).rename(elsewhere / name)
    (elsewhere / "b.yaml").write_text(STUDY)
    cells = plan_suite(load_config(elsewhere / "b.yaml", {}), "demo").cells
    assert [cell.id for cell in cells] == before


@pytest.mark.parametrize(
    "replacement",
    [
        ("{world: near}", "{world: near, scale: 2}"),
        ("lr: 1e-2", "lr: 2e-2"),
        ("feature_views: 2", "feature_views: 3"),
        ("count: 200", "count: 100"),
        ("draw: cell", "draw: 3"),
        ("none: {backbone: net}", "none: {backbone: net, kwargs: {width: 9}}"),
        ("none: {backbone: net}", "none: {backbone: net, input: {channels: BGR}}"),
    ],
)
def test_what_changes_a_number_changes_the_id(study: Study, replacement: tuple[str, str]) -> None:
    def of(cells: Any) -> str:
        return next(cell.id for cell in cells if cell.title == "none / near-linear / seed 0")

    before = of(plan_suite(study(), "demo").cells)
    assert of(plan_suite(study(replacement), "demo").cells) != before


def test_the_content_of_checkpoints_and_lists_changes_the_id(study: Study, tmp_path: Any) -> None:
    before = plan_suite(study(), "demo").cells
    (tmp_path / "weights.pt").write_bytes(b"other weights")
    (tmp_path / "real" / "list.txt").write_text("b 1\n")
    after = plan_suite(study(), "demo").cells
    for old, new in zip(before, after, strict=True):
        touched = "filed" in new.title or "real" in new.title
        assert (old.id != new.id) is touched, new.title


def test_the_recipe_of_a_pretraining_changes_all_that_follows(study: Study) -> None:
    before = plan_suite(study(), "demo").cells
    after = plan_suite(study(("method: contrast", "method: contrast\n    seed: 1")), "demo").cells
    for old, new in zip(before, after, strict=True):
        touched = "made" in new.title or new.job.kind == "pretrain"
        assert (old.id != new.id) is touched, new.title
