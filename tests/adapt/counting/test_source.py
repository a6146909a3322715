import pickle

import numpy as np
import pytest
import torch

from severe_bench.adapt.counting.pixels import PartReader
from severe_bench.adapt.counting.rollout import DRAWS
from severe_bench.adapt.counting.source import RolloutBatches, SubclipReader
from severe_bench.adapt.counting.subclips import draw_subclips
from severe_bench.core.record import Dataset
from severe_bench.data.reading import Steps
from severe_bench.data.store import VideoStore

ROLLOUT = 3


def reader(beats: Dataset, batch_size: int = 5, flip: float = 0.5, **steps: int) -> SubclipReader:
    records = beats.of("train")
    subclips = draw_subclips(records, 2, 300, seed=1)
    plan = Steps(len(subclips), batch_size, 1, **steps)  # type: ignore[arg-type]
    return SubclipReader(PartReader(VideoStore(beats.root), 8), records, subclips, plan, flip)


def batches(beats: Dataset, batch_size: int = 5) -> RolloutBatches:
    return RolloutBatches(reader(beats, batch_size), ROLLOUT, "cpu")


def test_a_batch_is_held_for_all_steps_of_its_rollout(beats: Dataset) -> None:
    source = batches(beats)
    assert source.steps_per_epoch == 3 * ROLLOUT  # 16 sub-clips: 5, 5, 5, and one alone
    seen = [source.batch(0, step).inputs for step in range(2 * ROLLOUT)]
    assert [int(inputs["position"][0]) for inputs in seen] == [0, 1, 2, 0, 1, 2]
    for step in (1, 2):
        assert seen[step]["rows"] is seen[0]["rows"]
        assert not torch.equal(seen[step]["draws"], seen[0]["draws"])
    assert not torch.equal(seen[3]["frames"], seen[0]["frames"])


def test_batches_are_pure_in_epoch_and_step(beats: Dataset) -> None:
    """Whatever was asked before; a resumed run asks a new source in the middle of a rollout."""
    whole = [[batches(beats).batch(e, s) for s in (4, 8)] for e in (0, 2)]
    source = batches(beats)
    for e, s in ((2, 8), (0, 8), (2, 4), (0, 4)):
        expected = whole[(0, 2).index(e)][(4, 8).index(s)]
        found = source.batch(e, s)
        assert found.inputs.keys() == expected.inputs.keys()
        for name, tensor in found.inputs.items():
            assert torch.equal(tensor, expected.inputs[name]), name
        assert torch.equal(found.targets, expected.targets)


def test_an_epoch_holds_every_sub_clip_once_with_its_own_offsets_and_pixels(beats: Dataset) -> None:
    plan = reader(beats, batch_size=5, flip=0.0)
    source = RolloutBatches(plan, ROLLOUT, "cpu")
    found = []
    for step in range(0, source.steps_per_epoch, ROLLOUT):
        inputs = source.batch(1, step).inputs
        assert inputs["draws"].shape == (len(inputs["row"]), DRAWS)
        for row, frames in enumerate(inputs["frames"].tolist()):
            offsets, rows = inputs["offsets"][row], inputs["rows"][row]
            assert (offsets[frames:] == -1).all()
            assert not rows[frames:].any()
            found.append((offsets[:frames].tolist(), rows[:frames].numpy()))
    assert len(found) == len(plan.subclips) - 1  # the last one alone is left out
    for offsets, rows in found:
        owners = [c for c in plan.subclips if c.offsets.tolist() == offsets]
        pixels = [plan.read(plan.records[c.video], c.first, c.frames) for c in owners]
        assert any(np.array_equal(rows, own) for own in pixels)


@pytest.mark.parametrize(("flip", "mirrored"), [(0.0, 0), (1.0, 16)])
def test_sub_clips_are_mirrored_whole(beats: Dataset, flip: float, mirrored: int) -> None:
    plain, drawn = reader(beats, 4, 0.0), reader(beats, 4, flip)
    changed = 0
    for number in range(16):
        expected, found = plain(number), drawn(number)
        turned = expected.reshape(-1, 3, 8, 8)[..., ::-1].reshape(expected.shape)
        assert np.array_equal(found, turned if flip else expected)
        changed += int(flip)
    assert changed == mirrored


def test_readers_work_in_other_processes(beats: Dataset) -> None:
    """Off the CPU, sub-clips are read ahead in loader processes."""
    plan = reader(beats)
    sent = pickle.loads(pickle.dumps(plan))  # noqa: S301 - our own
    for number in (3, 17):
        assert np.array_equal(sent(number), plan(number))


def test_half_of_them_are_mirrored_and_others_in_other_epochs(
    beats: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirrors: list[bool] = []

    def note(self: PartReader, *part: object, mirrored: bool) -> None:
        mirrors.append(mirrored)

    monkeypatch.setattr(PartReader, "__call__", note)
    plan = reader(beats, 4, 0.5)
    for number in range(16 * 40):
        plan(number)
    assert 0.42 < np.mean(mirrors) < 0.58
    assert mirrors[:16] != mirrors[16:32]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [({}, 15), ({"drop_last": True}, 15), ({"clips_per_video": 2}, 32)],
)
def test_numbers_of_sub_clips_go_on_from_epoch_to_epoch(
    beats: Dataset, steps: dict[str, int], expected: int
) -> None:
    """16 sub-clips in batches of 5; the reader's numbers fit the batches of every epoch."""
    plan = reader(beats, 5, 0.0, **steps)
    assert plan.per_epoch == expected
    source = RolloutBatches(plan, ROLLOUT, "cpu")
    for epoch in range(2):
        for group in range(len(plan.steps)):
            inputs = source.batch(epoch, group * ROLLOUT).inputs
            chosen = [plan.subclips[row] for row in plan.steps.rows(epoch, group)]
            assert inputs["frames"].tolist() == [clip.frames for clip in chosen]
            for row, clip in enumerate(chosen):
                own = plan.read(plan.records[clip.video], clip.first, clip.frames)
                assert np.array_equal(inputs["rows"][row, : clip.frames].numpy(), own)
