"""Both protocols on squares of known colours, from video files to video-mAP."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from severe_bench.adapt.evaluate import Evaluation, run_evaluate
from severe_bench.core.errors import Interrupted, NotFinite
from severe_bench.core.extras import TUBES
from severe_bench.core.record import Dataset
from severe_bench.core.session import Session
from severe_bench.metrics.tube_map import frame_map_of_tubes, video_map
from severe_bench.models.network import build_network
from tests.adapt.fakes import broken_after_training
from tests.adapt.squares import FRAMES, NETWORK, job, recipe
from tests.train.fakes import Wires

OPTIONS = {"key_frames": "drawn", "every": 3}
STEPS = 25 * 6


def plan(epochs: int = 25, **rest: Any) -> Any:
    schedule = {"epochs": epochs, "kind": "cosine", "clips_per_video": 2}
    return recipe(schedule=schedule, **rest)


def run(dataset: Dataset, session: Session, protocol: str = "finetune", **rest: Any) -> Evaluation:
    asked_for = {"task_options": OPTIONS, "recipe": plan(), **rest}
    return run_evaluate(job(protocol, "tube_detection", **asked_for), dataset, None, session)


def values(evaluation: Evaluation) -> dict[str, float]:
    return {metric.name: metric.value for metric in evaluation.metrics}


def with_shuffled_labels(dataset: Dataset) -> Dataset:
    """Training tubes with classes drawn anew."""
    rng = np.random.default_rng(2)
    records = []
    classes = len(dataset.classes)
    for record in dataset.records:
        tubes = tuple(replace(tube, label=int(rng.integers(classes))) for tube in TUBES.of(record))
        extras = {**record.extras, **TUBES.set(tubes)}
        records.append(replace(record, extras=extras) if record.split == "train" else record)
    return replace(dataset, records=tuple(records))


def still_box_of_every_class(evaluation: Evaluation, dataset: Dataset) -> float:
    """The trivial predictor: the mean training box, all the time, for every class."""
    boxes = [box for r in dataset.of("train") for tube in TUBES.of(r) for box in tube.boxes]
    row = np.tile([*np.mean(boxes, axis=0), 1.0], FRAMES)
    tubes = np.stack([np.r_[label, row] for label in range(len(dataset.classes))])
    scores = np.tile(tubes, (len(evaluation.predictions.targets), 1, 1)).astype(np.float32)
    return video_map(scores, evaluation.predictions.targets, (0.2,))


def test_finetuning_learns_and_shuffled_labels_teach_where_but_not_what(
    squares: Dataset, tmp_path: Path
) -> None:
    done = run(squares, Wires(tmp_path / "a").session)
    found = values(done)
    assert found["video_map_020"] > still_box_of_every_class(done, squares) + 30
    assert found["video_map_050"] > 50
    assert found["frame_map_050"] > 50
    assert found["video_map_050_095"] <= found["video_map_050"] <= found["video_map_020"]
    scores, targets = done.predictions.scores, done.predictions.targets
    assert scores.shape == (12, 20, 1 + 5 * FRAMES)
    assert targets.shape == (12, 2, 1 + 4 * FRAMES)
    assert found["frame_map_050"] == pytest.approx(frame_map_of_tubes(scores, targets))
    assert done.cost.steps == STEPS
    assert done.cost.clips == 25 * 48 + 12 * 4
    astray = values(run(with_shuffled_labels(squares), Wires(tmp_path / "b").session))
    assert astray["video_map_020"] < found["video_map_020"] - 25


def test_a_probe_trains_the_head_alone(squares: Dataset, tmp_path: Path) -> None:
    slow = plan(25, optimiser={"lr": 0.05})
    found = run(squares, Wires(tmp_path).session, "linear", recipe=slow)
    assert values(found)["video_map_020"] > still_box_of_every_class(found, squares)
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["module"]
    fresh = build_network(NETWORK, None).state_dict()
    assert all(torch.equal(state[f"backbone.{name}"], old) for name, old in fresh.items())


def test_statistics_drift_where_the_recipe_says_so(squares: Dataset, tmp_path: Path) -> None:
    drifting = plan(1, probe={"reads": "clips", "batch_norm": "train"})
    run(squares, Wires(tmp_path).session, "linear", recipe=drifting)
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["module"]
    fresh = build_network(NETWORK, None).state_dict()
    changed = {n for n, old in fresh.items() if not torch.equal(state[f"backbone.{n}"], old)}
    assert changed == {"norm.running_mean", "norm.running_var", "norm.num_batches_tracked"}


@pytest.mark.parametrize("stop", [5, 12 + 4])
def test_interrupted_anywhere_it_ends_with_the_same_bits(
    stop: int, squares: Dataset, tmp_path: Path
) -> None:
    short = plan(2)
    whole = run(squares, Wires(tmp_path / "whole").session, recipe=short)
    folder = tmp_path / "stopped"
    with pytest.raises(Interrupted):
        run(squares, Wires(folder, stop=lambda call: call == stop).session, recipe=short)
    resumed = run(squares, Wires(folder).session, recipe=short)
    np.testing.assert_array_equal(resumed.predictions.scores, whole.predictions.scores)


def test_the_best_tubes_are_kept(squares: Dataset, tmp_path: Path) -> None:
    options = {**OPTIONS, "most_tubes": 2, "time": "last"}
    found = run(squares, Wires(tmp_path).session, recipe=plan(1), task_options=options)
    scores = found.predictions.scores
    assert scores.shape == (12, 2, 1 + 5 * FRAMES)
    of_tubes = scores[..., 1:].reshape(12, 2, FRAMES, 5)[..., 4].mean(-1)
    assert (of_tubes[:, 0] >= of_tubes[:, 1]).all()


def test_numerics_change_bits_but_not_the_lesson(squares: Dataset, tmp_path: Path) -> None:
    numerics = {"precision": "bf16", "micro_batch": 4, "channels_last": False}
    found = run(squares, Wires(tmp_path).session, recipe=plan(10, numerics=numerics))
    assert values(found)["video_map_020"] > still_box_of_every_class(found, squares) + 20


def test_a_network_that_gives_nan_detects_nothing(
    squares: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_after_training(monkeypatch, "tubes.adapting")
    with pytest.raises(NotFinite, match="the network's outputs hold NaN or infinity"):
        run(squares, Wires(tmp_path).session, recipe=plan(1))
