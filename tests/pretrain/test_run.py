import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from severe_bench.config.recipe import Clip, Numerics
from severe_bench.core.budget import Budget
from severe_bench.core.digest import file_digest
from severe_bench.core.errors import Interrupted, UserError
from severe_bench.core.record import Dataset
from severe_bench.models.network import build_network
from severe_bench.models.weights import load_checkpoint
from severe_bench.plan.job import NetworkRef, PretrainJob, WeightsRef
from severe_bench.pretrain.classification import ClassificationObjective
from severe_bench.pretrain.method import METHODS
from severe_bench.pretrain.moco import ContrastObjective
from severe_bench.pretrain.run import WEIGHTS_FILE, run_pretrain
from severe_bench.pretrain.setting import Setting
from severe_bench.pretrain.ship import ship
from severe_bench.train.loop import fit
from tests.pretrain.conftest import OPTIONS, job, session

EVERY_METHOD = sorted(OPTIONS)
CONTRASTS = [name for name in EVERY_METHOD if "contrast" in name]


@pytest.mark.parametrize("method", EVERY_METHOD)
def test_a_run_leaves_a_checkpoint_that_loads(method: str, source: Dataset, tmp_path: Path) -> None:
    given = job(method)
    summary = run_pretrain(given, source, session(tmp_path))
    assert (summary.steps, summary.videos) == (4, 64)
    assert math.isfinite(summary.final_loss)
    ref = NetworkRef(backbone=given.backbone, weights=WeightsRef(source="pretrain"))
    trained = build_network(ref, tmp_path / WEIGHTS_FILE).state_dict()
    untrained = Setting(given, source, (), "cpu").backbone().state_dict()
    assert any(not torch.equal(tensor, untrained[name]) for name, tensor in trained.items())
    metadata = load_checkpoint(tmp_path / WEIGHTS_FILE, "severe").metadata
    assert metadata is not None
    assert PretrainJob.model_validate(metadata.recipe) == given
    assert metadata.dataset == given.dataset.digest


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_checkpoint(folder / WEIGHTS_FILE, "severe").tensors


@pytest.mark.parametrize("method", EVERY_METHOD)
def test_an_interrupted_run_ends_with_the_same_bits(
    method: str, source: Dataset, tmp_path: Path
) -> None:
    given = job(method)
    run_pretrain(given, source, session(tmp_path / "whole"))
    polls = iter([False, False, True])
    with pytest.raises(Interrupted):
        run_pretrain(given, source, session(tmp_path / "parts", lambda: next(polls)))
    run_pretrain(given, source, session(tmp_path / "parts"))
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert all(torch.equal(tensor, parts[name]) for name, tensor in whole.items())


def test_a_resumed_run_keeps_queue_and_key_encoder(source: Dataset, tmp_path: Path) -> None:
    options = {**OPTIONS["temporal_contrast"], "queue": 40, "momentum": 0.5}
    given = job("temporal_contrast", options=options)
    run_pretrain(given, source, session(tmp_path / "whole"))
    polls = iter([False, False, True])
    with pytest.raises(Interrupted):
        run_pretrain(given, source, session(tmp_path / "parts", lambda: next(polls)))
    run_pretrain(given, source, session(tmp_path / "parts"))
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert all(torch.equal(tensor, parts[name]) for name, tensor in whole.items())


def test_the_budget_limits_the_videos(source: Dataset, tmp_path: Path) -> None:
    given = job("supervised", budget=Budget(count=32))
    assert run_pretrain(given, source, session(tmp_path)).videos == 32


@pytest.mark.parametrize("method", EVERY_METHOD)
def test_a_source_set_without_training_videos_is_said(
    method: str, source: Dataset, tmp_path: Path
) -> None:
    bare = replace(source, records=source.of("test"))
    with pytest.raises(UserError, match="there is no training video"):
        run_pretrain(job(method), bare, session(tmp_path))


def test_an_unknown_option_is_named(source: Dataset, tmp_path: Path) -> None:
    given = job("temporal_contrast", options={"temprature": 0.1})
    with pytest.raises(UserError, match="temprature"):
        run_pretrain(given, source, session(tmp_path))


@pytest.mark.parametrize("method", CONTRASTS)
@pytest.mark.parametrize(
    ("change", "videos"),
    [({"batch_size": 1}, 8), ({"numerics": Numerics(micro_batch=1)}, 8), ({}, 1)],
)
def test_a_contrast_with_nothing_is_refused(
    method: str, change: dict[str, Any], videos: int, source: Dataset, tmp_path: Path
) -> None:
    recipe = job(method).recipe.model_copy(update=change)
    given = job(method, recipe=recipe, budget=Budget(count=videos))
    with pytest.raises(UserError, match="leave nothing to contrast with"):
        run_pretrain(given, source, session(tmp_path))


def test_tubelets_on_clips_of_one_frame_are_refused(source: Dataset, tmp_path: Path) -> None:
    recipe = job("tubelet_contrast").recipe
    still = recipe.model_copy(update={"clip": Clip(frames=1, size=32)})
    with pytest.raises(UserError, match=r"set clip\.frames: 2 or more"):
        run_pretrain(job("tubelet_contrast", recipe=still), source, session(tmp_path))


def test_an_objective_of_which_nothing_could_be_kept_is_refused_before_training(
    source: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Nameless(ClassificationObjective):
        @property
        def module(self) -> Any:
            return self._module.backbone

    method = METHODS.get("supervised")

    def nameless(setting: Setting, options: Any) -> Nameless:
        objective = method.objective(setting, options)
        return Nameless(objective.module, objective._assignment)

    monkeypatch.setattr(METHODS, "get", lambda _: replace(method, objective=nameless))
    with pytest.raises(UserError, match="no part called backbone"):
        run_pretrain(job("supervised"), source, session(tmp_path))


def pretext(method: str, trained: ContrastObjective, source: Dataset, epochs: int) -> float:
    """Share of clips of held-out videos that find their partner among 32."""
    given = job(method, recipe=job(method).recipe.model_copy(update={"batch_size": 32}))
    setting = Setting(given, source, source.of("test"), "cpu")
    entry = METHODS.get(method)
    pairs = entry.source(setting, entry.options.model_validate(given.options))
    trained.module.eval()
    found = []
    for epoch in range(epochs):
        inputs = pairs.batch(epoch, 0).inputs
        with torch.no_grad():
            first, second = (trained.module.embed(inputs[name]) for name in ("first", "second"))
        own = (first @ second.T).argmax(dim=1) == torch.arange(len(first))
        found.append(own.float().mean().item())
    return sum(found) / epochs


@pytest.mark.parametrize(
    ("method", "epochs"), [("temporal_contrast", 10), ("tubelet_contrast", 20)]
)
def test_short_training_finds_partners_among_held_out_clips(
    method: str, epochs: int, source: Dataset, tmp_path: Path
) -> None:
    """For tubelets: the clip that carries the same tubelet, among clips of other videos."""
    given = job(method, epochs)
    entry = METHODS.get(method)
    options = entry.options.model_validate(given.options)
    setting = Setting(given, source, source.of("train"), "cpu")
    objective = entry.objective(setting, options)
    assert isinstance(objective, ContrastObjective)
    losses: list[float] = []
    run = session(tmp_path)
    run = type(run)(
        run.folder,
        "cpu",
        {},
        run.should_stop,
        run.checkpoint_due,
        lambda progress: losses.append(progress.loss or math.nan),
    )
    fit(objective, entry.source(setting, options), given.recipe, run, seed=0)
    assert sum(losses[-8:]) < 0.9 * sum(losses[:8])
    # 1 in 32 by chance; over 6 draws of 32 clips its deviation is about 1.3 points.
    assert pretext(method, objective, source, 6) > 0.12


def test_supervised_training_lowers_the_loss(source: Dataset, tmp_path: Path) -> None:
    summary = run_pretrain(job("supervised", 10), source, session(tmp_path))
    assert summary.final_loss < 0.9 * math.log(16)


def test_shipping_keeps_the_weights_to_half_precision(source: Dataset, tmp_path: Path) -> None:
    run_pretrain(job("supervised"), source, session(tmp_path / "run"))
    target = tmp_path / "data"
    entries = ship([tmp_path / "run" / WEIGHTS_FILE], target)
    assert json.loads((target / "index.json").read_text()).keys() == {"supervised"}
    assert entries["supervised"].sha256 == file_digest(target / "supervised.pt")
    whole = weights(tmp_path / "run")
    for name, tensor in load_checkpoint(target / "supervised.pt", "severe").tensors.items():
        torch.testing.assert_close(tensor, whole[name], rtol=1e-3, atol=1e-6)
    with pytest.raises(UserError, match="two checkpoints of supervised"):
        ship([tmp_path / "run" / WEIGHTS_FILE] * 2, target)
