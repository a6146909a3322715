"""A training clip may be labelled by what goes on in it: on clips and on cached features."""

import dataclasses
from pathlib import Path

import av
import numpy as np
import pytest

from severe_bench.adapt.evaluate import Evaluation, run_evaluate
from severe_bench.adapt.features import run_features
from severe_bench.core.extras import LABELS, SPANS, Span
from severe_bench.core.record import Dataset, Record, Split
from tests.adapt.fakes import evaluate_job, features_job, recipe
from tests.train.fakes import Wires

RED, BLUE = 0, 1
CHANNEL = {RED: 0, BLUE: 2}
FPS, HALF = 12, 12


def write_video(path: Path, colours: tuple[int, ...], seed: int) -> None:
    """Each colour for a second, in noise."""
    random = np.random.default_rng(seed)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "10", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 32, 24, "yuv420p"
        for colour in colours:
            for _ in range(HALF):
                pixels = random.integers(0, 120, size=(24, 32, 3))
                pixels[..., CHANNEL[colour]] += 100
                picture = av.VideoFrame.from_ndarray(pixels.astype(np.uint8), format="rgb24")
                container.mux(stream.encode(picture))
        container.mux(stream.encode())


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Training videos are red, then blue, or the other way round; test videos are one of them."""
    root = tmp_path_factory.mktemp("halves")
    records = []
    for number in range(30):
        split: Split = "train" if number < 20 else "test"
        first = number % 2
        colours = (first, 1 - first) if split == "train" else (first,)
        write_video(root / f"{number}.mp4", colours, number)
        spans = tuple(Span(c, float(i), i + 0.95) for i, c in enumerate(colours))
        extras = {**LABELS.set(tuple(sorted(colours))), **SPANS.set(spans)}
        records.append(Record(f"{number}", f"{number}.mp4", None, split, extras=extras))
    return Dataset("halves", root, ("red", "blue"), tuple(records))


def evaluated(dataset: Dataset, folder: Path, protocol: str, labels: str) -> Evaluation:
    plan = recipe(schedule={"epochs": 25}, feature_views=6)
    needs = {}
    for split in ("train", "test"):
        job = features_job(split, split, recipe=plan)
        needs[f"{split}_features"] = folder / split
        run_features(job, dataset, None, Wires(folder / split).session)
    options = {"train_labels": labels}
    job = evaluate_job(protocol, "multi_label", task_options=options, recipe=plan)
    session = dataclasses.replace(Wires(folder / "cell").session, needs=needs)
    return run_evaluate(job, dataset, None, session)


@pytest.mark.parametrize("protocol", ["finetune", "linear"])
def test_only_labels_of_clips_tell_the_halves_apart(
    protocol: str, halves: Dataset, tmp_path: Path
) -> None:
    """With the labels of whole videos both colours always occur, so nothing can be learnt."""
    by_clip = evaluated(halves, tmp_path / "clip", protocol, "clip").predictions
    assert by_clip.targets.tolist() == [[1, 0], [0, 1]] * 5
    assert (by_clip.scores.argmax(1) == by_clip.targets.argmax(1)).all()
    assert np.abs(by_clip.scores[:, 0] - by_clip.scores[:, 1]).min() > 0.3
    by_video = evaluated(halves, tmp_path / "video", protocol, "video").predictions
    assert by_video.scores.min() > 0.6
