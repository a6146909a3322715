from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from severe_bench.adapt.features import read_features, run_features
from severe_bench.adapt.network import outputs_of
from severe_bench.adapt.timeline.features import timeline_blocks
from severe_bench.adapt.timeline.grid import grid_of
from severe_bench.adapt.timeline.probing import Scale, counts_of, times_of
from severe_bench.adapt.unit import Extraction
from severe_bench.core.errors import Interrupted, UserError
from severe_bench.core.record import Dataset
from severe_bench.data import transforms
from severe_bench.data.store import VideoStore
from severe_bench.models.network import build_network
from tests.adapt.fakes import NETWORK, features_job
from tests.adapt.timeline.stretches import UNIT_OPTIONS, recipe
from tests.train.fakes import Wires

ASKED = {"unit": "timeline", "unit_options": UNIT_OPTIONS}


def extraction(dataset: Dataset, folder: Path, **blocks: object) -> Extraction:
    job = features_job("test", "test", **ASKED, recipe=recipe(**blocks))
    backbone = build_network(NETWORK, None).eval()
    return Extraction(job, dataset.of("test"), backbone, VideoStore(dataset.root), "cpu", folder)


def test_a_row_holds_the_vectors_of_clips_around_the_middle_of_each_stretch(
    stretches: Dataset, rows: Callable[[], dict[str, Path]]
) -> None:
    table = read_features(rows()["test_features"])
    store, backbone = VideoStore(stretches.root), build_network(NETWORK, None).eval()
    for row, record in enumerate(stretches.of("test")):
        frames, length = store.frames(record), store.extent(record).frames
        count = int(counts_of(table)[row])
        assert count == length // 2
        for number in range(count):
            middle = 2 * number + 1
            indices = np.clip([middle - 2, middle - 1, middle, middle + 1], 0, length - 1)
            (crop,) = transforms.test_crops(frames[indices], 16, recipe().test, "cpu")
            alone = outputs_of(
                backbone, transforms.normalise(crop[None], NETWORK.input), recipe(), "cpu"
            )
            np.testing.assert_allclose(table.features[row][number], alone[0], rtol=1e-4, atol=1e-5)
        assert not np.asarray(table.features[row][count:]).any()
        np.testing.assert_allclose(table.weights[row, :count], 1 / count)
        np.testing.assert_allclose(times_of(table)[row, :count, 0], np.arange(count) * 0.2)
        assert np.isnan(times_of(table)[row, count:]).all()


def test_no_more_clips_than_a_batch_are_seen_at_once(stretches: Dataset, tmp_path: Path) -> None:
    asked = extraction(stretches, tmp_path, batch_size=5)
    passed: list[int] = []
    asked.network.register_forward_hook(lambda module, args, output: passed.append(len(args[0])))
    views = sum(int(block["views"].sum()) for block in timeline_blocks(asked, 0))
    assert max(passed) == 5
    assert sum(passed) == views


def test_features_go_on_from_any_video(stretches: Dataset, tmp_path: Path) -> None:
    asked = extraction(stretches, tmp_path)
    whole = list(timeline_blocks(asked, 0))
    rest = list(timeline_blocks(asked, 5))
    assert (len(whole), len(rest)) == (8, 3)
    for one, other in zip(whole[5:], rest, strict=True):
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])


def test_stopped_anywhere_features_end_with_the_same_bits(
    stretches: Dataset, rows: Callable[[], dict[str, Path]], tmp_path: Path
) -> None:
    whole = read_features(rows()["test_features"])
    job = features_job("test", "test", **ASKED, recipe=recipe())
    with pytest.raises(Interrupted):
        run_features(job, stretches, None, Wires(tmp_path / "s", lambda call: call == 3).session)
    run_features(job, stretches, None, Wires(tmp_path / "s").session)
    again = read_features(tmp_path / "s")
    np.testing.assert_array_equal(np.asarray(again.features), np.asarray(whole.features))
    np.testing.assert_array_equal(times_of(again), times_of(whole))


def test_three_crops_of_the_recipe_are_one_here(stretches: Dataset, tmp_path: Path) -> None:
    one = next(timeline_blocks(extraction(stretches, tmp_path), 0))
    three = next(timeline_blocks(extraction(stretches, tmp_path, test={"crops": 3}), 0))
    np.testing.assert_array_equal(one["features"], three["features"])


def test_scaling_counts_snippets_that_are_there_and_videos_that_were_bought(
    stretches: Dataset, rows: Callable[[], dict[str, Path]]
) -> None:
    table = read_features(rows()["train_features"]).of(stretches.of("train")[:4])
    flat = np.concatenate(
        [np.asarray(table.features[row][:count]) for row, count in enumerate(counts_of(table))]
    )
    scale = Scale.of(table)
    np.testing.assert_allclose(scale.mean, flat.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(scale.deviation, flat.std(axis=0), rtol=1e-4)
    constant = replace(table, features=np.full(table.features.shape, 0.1, np.float32))
    np.testing.assert_array_equal(Scale.of(constant).deviation, 1.0)
    assert np.abs(Scale.of(constant)(constant.features)).max() < 1e-6


def test_features_without_times_are_refused(rows: Callable[[], dict[str, Path]]) -> None:
    table = replace(read_features(rows()["test_features"]), times=None)
    with pytest.raises(UserError, match="do not say which seconds each snippet covers"):
        times_of(table)


def test_the_hop_says_how_many_snippets_there_are(stretches: Dataset) -> None:
    record, store = stretches.of("test")[0], VideoStore(stretches.root)
    extent, clip = store.extent(record), recipe().clip
    by_clips = grid_of(record, extent, clip, {"hop": 0.5, "hop_in": "clips"})
    by_seconds = grid_of(record, extent, clip, {"hop": 0.2, "hop_in": "seconds"})
    assert by_clips == by_seconds
    torch.testing.assert_close(by_clips.hop, 0.2)
