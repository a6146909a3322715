"""Both protocols on squares of known colours, from video files to frame-mAP."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from severe_bench.adapt import features as cached
from severe_bench.adapt import rows as blockwise
from severe_bench.adapt.boxes.asked import asked
from severe_bench.adapt.boxes.clips import BoxBatches, by_shape, require_readable
from severe_bench.adapt.boxes.features import box_blocks
from severe_bench.adapt.boxes.network import BoxNetwork, box_outputs, padded
from severe_bench.adapt.boxes.unit import examples, rows
from severe_bench.adapt.evaluate import Evaluation, run_evaluate
from severe_bench.adapt.features import read_features, run_features
from severe_bench.adapt.unit import Extraction
from severe_bench.core.errors import Interrupted, NotFinite, UserError
from severe_bench.core.extras import BOXES, PROPOSALS, Box
from severe_bench.core.record import Dataset
from severe_bench.core.session import Session
from severe_bench.data.key_clips import KeyBatchReader, KeyReader
from severe_bench.data.reading import Steps
from severe_bench.data.store import VideoStore
from severe_bench.data.transforms import normalise
from severe_bench.metrics.frame_map import frame_map
from severe_bench.models.network import build_network
from severe_bench.tasks.ava_detection import AVA_DETECTION, AvaDetectionOptions
from tests.adapt.fakes import broken_after_training
from tests.adapt.squares import NETWORK, features_job, job, recipe
from tests.train.fakes import Wires

OPTIONS = {"min_score": 0.5, "dropout": 0.0}
UNIT_OPTIONS = AVA_DETECTION.unit_options(AvaDetectionOptions.model_validate(OPTIONS))


def run(dataset: Dataset, session: Session, protocol: str = "finetune", **rest: Any) -> Evaluation:
    asked_for = {"task_options": OPTIONS, **rest}
    return run_evaluate(job(protocol, "ava_detection", **asked_for), dataset, None, session)


@pytest.fixture
def features(squares: Dataset, tmp_path: Path) -> dict[str, Path]:
    folders = {}
    for split in ("train", "test"):
        folder = tmp_path / f"features-{split}"
        asked_for = features_job(split, unit_options=UNIT_OPTIONS)  # type: ignore[arg-type]
        run_features(asked_for, squares, None, Wires(folder).session)
        folders[f"{split}_features"] = folder
    return folders


def value(evaluation: Evaluation) -> float:
    (metric,) = evaluation.metrics
    return metric.value


def of_the_majority(evaluation: Evaluation) -> float:
    """The same boxes, every one with the shares of the classes: the trivial predictor."""
    scores = evaluation.predictions.scores.copy()
    shares = np.nanmean(evaluation.predictions.targets[..., 4:], axis=(0, 1))
    scores[..., 4:] = np.where(np.isnan(scores[..., 4:]), np.nan, shares)
    return frame_map(scores, evaluation.predictions.targets)


def with_shuffled_labels(dataset: Dataset) -> Dataset:
    """Training boxes with the classes of other training boxes."""
    train = [record for record in dataset.records if record.split == "train"]
    pool = [box.labels for record in train for box in BOXES.of(record)]
    drawn = iter(np.random.default_rng(1).permutation(len(pool)).tolist())

    def shuffled(box: Box) -> Box:
        return replace(box, labels=pool[next(drawn)])

    records = [
        replace(r, extras={**r.extras, **BOXES.set(tuple(shuffled(b) for b in BOXES.of(r)))})
        if r.split == "train"
        else r
        for r in dataset.records
    ]
    return replace(dataset, records=tuple(records))


def test_finetuning_learns_and_shuffled_labels_teach_nothing(
    squares: Dataset, tmp_path: Path
) -> None:
    done = run(squares, Wires(tmp_path / "a").session)
    assert done.predictions.scores.shape == (12, 2, 4 + 3)
    assert done.predictions.targets.shape == (12, 2, 4 + 3)
    assert value(done) > of_the_majority(done) + 40
    astray = run(with_shuffled_labels(squares), Wires(tmp_path / "b").session)
    assert value(astray) < value(done) - 30
    assert done.cost.clips == 8 * 24 + 12
    assert done.cost.steps == 8 * 3


def test_a_linear_probe_learns_from_cached_rows(
    squares: Dataset, features: dict[str, Path], tmp_path: Path
) -> None:
    session = replace(Wires(tmp_path / "cell").session, needs=features)
    plan = recipe(schedule={"epochs": 60, "kind": "cosine"}, standardise=True)
    done = run(squares, session, "linear", recipe=plan)
    assert value(done) > of_the_majority(done) + 40
    assert done.cost.clips == 0


@pytest.mark.parametrize("scaled", [False, True])
def test_rows_on_the_disk_give_the_same(
    squares: Dataset,
    features: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scaled: bool,
) -> None:
    plan = recipe(schedule={"epochs": 2}, standardise=scaled)
    sessions = [replace(Wires(tmp_path / name).session, needs=features) for name in ("a", "b")]
    held = run(squares, sessions[0], "linear", recipe=plan).predictions.scores
    monkeypatch.setattr(cached, "HELD_BYTES", 0)
    monkeypatch.setattr(blockwise, "BLOCK_BYTES", 1)
    read = run(squares, sessions[1], "linear", recipe=plan).predictions.scores
    np.testing.assert_allclose(read, held, rtol=1e-5)


def test_a_probe_on_clips_keeps_the_backbone_and_learns(squares: Dataset, tmp_path: Path) -> None:
    plan = recipe(schedule={"epochs": 15}, probe={"reads": "clips"}, optimiser={"lr": 0.1})
    done = run(squares, Wires(tmp_path).session, "linear", recipe=plan)
    assert value(done) > of_the_majority(done) + 30
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["module"]
    fresh = build_network(NETWORK, None).state_dict()
    assert all(torch.equal(state[f"backbone.{name}"], old) for name, old in fresh.items())


@pytest.mark.parametrize("stop", [3, 20, 24 + 1])
def test_interrupted_anywhere_it_ends_with_the_same_bits(
    stop: int, squares: Dataset, tmp_path: Path
) -> None:
    whole = run(squares, Wires(tmp_path / "whole").session)
    folder = tmp_path / "stopped"
    with pytest.raises(Interrupted):
        run(squares, Wires(folder, stop=lambda call: call == stop).session)
    resumed = run(squares, Wires(folder).session)
    np.testing.assert_array_equal(resumed.predictions.scores, whole.predictions.scores)
    assert resumed.cost.clips == whole.cost.clips


def test_batches_follow_from_epoch_and_step_and_boxes_show_their_squares(
    squares: Dataset,
) -> None:
    task = AVA_DETECTION.bind(AvaDetectionOptions(), squares)
    frames = examples(squares.of("train"), UNIT_OPTIONS)
    plan = recipe(clip={"frames": 1, "size": 64})
    make: Callable[[], BoxBatches] = lambda: BoxBatches(  # noqa: E731
        VideoStore(squares.root), frames, task, plan, NETWORK.input, seed=2, device="cpu"
    )
    source = make()
    again = make().batch(1, 2)
    seen = 0
    for step in range(source.steps_per_epoch):
        batch = source.batch(1, step)
        if step == 2:
            assert torch.equal(batch.inputs["clips"], again.inputs["clips"])
            torch.testing.assert_close(
                batch.inputs["boxes"], again.inputs["boxes"], equal_nan=True, rtol=0, atol=0
            )
        for clip, boxes, rows_of in zip(*batch.inputs.values(), batch.targets, strict=True):
            for box, row in zip(boxes, rows_of, strict=True):
                assert bool(box[0].isnan()) == bool(row[0].isnan())
                if not box[0].isnan() and (box[2:] - box[:2]).min() > 0.1:
                    x, y = ((box[:2] + box[2:]) / 2 * 63).round().int().tolist()
                    assert clip[:, 0, y, x].argmax() == row[4:].argmax()
                    seen += 1
    assert seen > 24


def test_a_row_is_the_vector_of_its_box_and_each_frame_goes_through_once(
    squares: Dataset, features: dict[str, Path], tmp_path: Path
) -> None:
    table = read_features(features["test_features"])
    frames = examples(squares.of("test"), UNIT_OPTIONS)
    assert table.samples == tuple(row.sample for row in rows(frames))
    assert table.features.shape == (len(rows(frames)), 1, 24)
    backbone = build_network(NETWORK, None).eval()
    passed: list[int] = []
    backbone.register_forward_hook(lambda module, args, output: passed.append(len(args[0])))
    store = VideoStore(squares.root)
    asked_for = features_job("test", unit_options=UNIT_OPTIONS)
    extraction = Extraction(asked_for, rows(frames), backbone, store, "cpu", tmp_path)
    found = np.concatenate([block["features"] for block in box_blocks(extraction, 0)])
    assert sum(passed) == len(frames)
    np.testing.assert_allclose(found, np.asarray(table.features), rtol=1e-5)
    clip = torch.from_numpy(store.clip(frames[3], [3, 4, 5, 6])).permute(3, 0, 1, 2) / 255
    network = BoxNetwork("tiny_maps", backbone, torch.nn.Identity())
    boxes = padded([asked(frames[3])], len(asked(frames[3])))
    pixels = normalise(clip[None], NETWORK.input)
    single = box_outputs(network, pixels, boxes, recipe().numerics, 8)[0]
    where = table.samples.index(f"{frames[3].sample}#0")
    found = np.asarray(table.features)[where : where + len(single), 0]
    np.testing.assert_allclose(found, single, rtol=1e-4, atol=1e-5)


def test_features_go_on_from_any_frame(squares: Dataset, tmp_path: Path) -> None:
    frames = rows(examples(squares.of("train"), UNIT_OPTIONS))
    backbone = build_network(NETWORK, None).eval()
    asked_for = features_job("train", unit_options=UNIT_OPTIONS, recipe=recipe(batch_size=5))
    extraction = Extraction(asked_for, frames, backbone, VideoStore(squares.root), "cpu", tmp_path)
    blocks = list(box_blocks(extraction, 0))
    done = len(blocks[0]["features"])
    rest = next(iter(box_blocks(extraction, done)))
    np.testing.assert_array_equal(rest["features"], blocks[1]["features"])


def test_several_augmented_views_are_refused(squares: Dataset, tmp_path: Path) -> None:
    asked_for = features_job("train", unit_options=UNIT_OPTIONS, recipe=recipe(feature_views=2))
    with pytest.raises(UserError, match="boxes have one view, not 2"):
        run_features(asked_for, squares, None, Wires(tmp_path).session)


def test_frames_without_proposals_are_scored_too(squares: Dataset, tmp_path: Path) -> None:
    """What is there is missed; where no frame has any, the detector's file is amiss."""
    plan = recipe(schedule={"epochs": 1})
    records = [
        replace(r, extras={**r.extras, **PROPOSALS.set(())}) if n % 2 else r
        for n, r in enumerate(squares.records)
    ]
    half = run(
        replace(squares, records=tuple(records)), Wires(tmp_path / "half").session, recipe=plan
    )
    assert np.isnan(half.predictions.scores[1::2]).all()
    empty = {**OPTIONS, "min_score": 1.0}
    with pytest.raises(UserError, match=r"no test frame has a box .*min_score"):
        run(squares, Wires(tmp_path / "none").session, recipe=plan, task_options=empty)


def test_square_frames_are_squeezed_and_whole_ones_are_not(
    squares: Dataset, tmp_path: Path
) -> None:
    """These frames are square, so that both come to the same."""
    plan = recipe(schedule={"epochs": 1})
    scores = [
        run(
            squares,
            Wires(tmp_path / frame).session,
            recipe=plan,
            task_options={**OPTIONS, "frame": frame},
        ).predictions.scores
        for frame in ("whole", "square")
    ]
    np.testing.assert_array_equal(*scores)


def test_a_test_clip_of_its_own_changes_the_test_alone(squares: Dataset, tmp_path: Path) -> None:
    plan = recipe(schedule={"epochs": 1})
    trained, tested = (tmp_path / name for name in ("plain", "own"))
    plain = run(squares, Wires(trained).session, recipe=plan)
    apart = recipe(schedule={"epochs": 1}, test={"frames": 3, "stride": 2})
    own = run(squares, Wires(tested).session, recipe=apart)
    assert not np.array_equal(plain.predictions.scores, own.predictions.scores)
    one, other = (
        torch.load(folder / "checkpoint.pt", weights_only=True)["module"]
        for folder in (trained, tested)
    )
    assert all(torch.equal(one[name], other[name]) for name in one)
    rows_of = features_job("test", unit_options=UNIT_OPTIONS, recipe=apart)
    backbone = build_network(NETWORK, None).eval()
    seen: list[tuple[int, ...]] = []
    backbone.register_forward_hook(lambda module, args, output: seen.append(args[0].shape[2:]))
    frames = rows(examples(squares.of("test"), UNIT_OPTIONS))
    extraction = Extraction(rows_of, frames, backbone, VideoStore(squares.root), "cpu", tmp_path)
    list(box_blocks(extraction, 0))
    assert set(seen) == {(3, 32, 32)}


@pytest.mark.parametrize(
    "numerics", [{"micro_batch": 3}, {"precision": "bf16"}, {"channels_last": False}]
)
def test_numerics_change_bits_but_not_the_lesson(
    numerics: dict[str, object], squares: Dataset, tmp_path: Path
) -> None:
    done = run(squares, Wires(tmp_path).session, recipe=recipe(numerics=numerics))
    assert value(done) > of_the_majority(done) + 30


def test_whole_frames_are_refused_for_networks_of_one_size() -> None:
    require_readable("mvit_v2_s", "square")
    require_readable("r2plus1d_18", "whole")
    with pytest.raises(UserError, match="mvit_v2_s reads squares of 224 pixels"):
        require_readable("mvit_v2_s", "whole")


def test_frames_of_one_shape_go_together() -> None:
    wide, tall = torch.zeros(3, 2, 4, 6), torch.zeros(3, 2, 6, 4)
    assert by_shape([wide, tall, wide, tall, wide]) == [[0, 2, 4], [1, 3]]
    assert by_shape([]) == []


def test_readers_can_be_sent_to_other_processes(squares: Dataset) -> None:
    import pickle  # what forkserver does with them

    reader = KeyReader(VideoStore(squares.root), squares.of("test"), recipe().clip)
    steps = Steps(12, 4, 0)
    sent = pickle.loads(pickle.dumps(KeyBatchReader(reader, steps)))  # noqa: S301
    for here, there in zip(KeyBatchReader(reader, steps)(1), sent(1), strict=True):
        np.testing.assert_array_equal(here, there)


@pytest.mark.parametrize(
    ("protocol", "module"), [("finetune", "boxes.finetuning"), ("linear", "boxes.probing")]
)
def test_a_network_that_gives_nan_detects_nothing(
    squares: Dataset,
    features: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    protocol: str,
    module: str,
) -> None:
    broken_after_training(monkeypatch, module)
    session = replace(Wires(tmp_path).session, needs=features)
    with pytest.raises(NotFinite, match="the network's outputs hold NaN or infinity"):
        run(squares, session, protocol, recipe=recipe(schedule={"epochs": 1}))
