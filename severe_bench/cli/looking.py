"""From planned cells to activation maps: the networks as pretrained, one clip per test video."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from severe_bench.analysis.cka import Features
from severe_bench.analysis.saliency import Box, activation_map, in_centre_crop
from severe_bench.cli.opening import Opened
from severe_bench.core.digest import short_id
from severe_bench.core.errors import UserError
from severe_bench.core.extras import TUBES
from severe_bench.core.record import Dataset, Record
from severe_bench.data.adapter import Location
from severe_bench.data.clips import test_indices
from severe_bench.data.store import VideoStore
from severe_bench.data.transforms import normalise, test_crops
from severe_bench.models.maps import feature_maps, layers
from severe_bench.models.network import build_network
from severe_bench.plan.cell import Cell
from severe_bench.plan.job import DatasetJob, EvaluateJob
from severe_bench.report.looking import Look
from severe_bench.run.kinds.inputs import WEIGHTS_FILE
from severe_bench.run.videos import adapter_of, location_of
from severe_bench.store.layout import Layout

TRUTH = "truth.jsonl"


@dataclass(frozen=True)
class Chosen:
    """One model's cell of the experiment, and where its inputs lie."""

    cell: Cell
    job: EvaluateJob
    root: Path
    weights: Path | None

    @property
    def name(self) -> str:
        """Of the model."""
        return self.cell.label.model if self.cell.label else self.cell.title


def layer_features(opened: Opened, videos: int) -> dict[str, Features]:
    """Features of every stage of every model: `model: stage` -> vectors of the same videos.

    Raises:
        UserError: as `look`.
    """
    chosen = chosen_cells(opened)
    dataset = _dataset(chosen[0])
    records = _spaced(dataset.of("test"), videos)
    store = VideoStore(dataset.root)
    names = np.array([record.sample for record in records])
    found = {}
    for one in chosen:
        network = build_network(one.job.network, one.weights).eval()
        rows = [_stages(one, network, record, store) for record in records]
        for stage in rows[0]:
            values = np.stack([row[stage] for row in rows])
            found[f"{one.name}: {stage}"] = Features(names, values)
    return found


def _stages(
    one: Chosen, network: torch.nn.Module, record: Record, store: VideoStore
) -> dict[str, NDArray[np.float32]]:
    pixels, _, _ = _clip(one, record, store)
    with torch.no_grad():
        clip = normalise(pixels[None].clone(), one.job.network.input)
        found = layers(one.job.network.backbone, network, clip)
    return {stage: vectors[0].numpy() for stage, vectors in found.items()}


def look(opened: Opened, videos: int) -> list[Look]:
    """Maps of every model of one experiment on some of its test videos.

    Raises:
        UserError: no such cell, videos that were not made yet, or a network without maps.
    """
    chosen = chosen_cells(opened)
    first = chosen[0]
    dataset = _dataset(first)
    records = _spaced(dataset.of("test"), videos)
    store = VideoStore(dataset.root)
    truth = _truth(dataset.root)
    found = []
    for one in chosen:
        network = build_network(one.job.network, one.weights).eval()
        for record in records:
            found.append(_look(one, network, record, store, truth))
    return found


def _look(
    one: Chosen,
    network: torch.nn.Module,
    record: Record,
    store: VideoStore,
    truth: dict[str, list[list[Box]]],
) -> Look:
    pixels, shown, (height, width) = _clip(one, record, store)
    with torch.no_grad():
        clip = normalise(pixels[None].clone(), one.job.network.input)
        maps = feature_maps(one.job.network.backbone, network, clip)[0].numpy()
    recipe = one.job.recipe
    size, resize = recipe.clip.size, recipe.test.resize
    cut = [
        [kept for box in found if (kept := in_centre_crop(box, height, width, size, resize))]
        for found in _boxes(record, truth, shown)
    ]
    return Look(one.name, record.sample, _picture(pixels), activation_map(maps), cut)


def _clip(
    one: Chosen, record: Record, store: VideoStore
) -> tuple[torch.Tensor, list[int], tuple[int, int]]:
    """The central test clip (3, T, S, S) in [0, 1], its frames' numbers, height and width."""
    recipe = one.job.recipe
    extent = store.extent(record)
    test = recipe.test.model_copy(update={"clips": 1})
    indices = test_indices(recipe.clip, extent.frames, extent.fps, test, extent.times)[0]
    frames = store.clip(record, indices.tolist())
    crops = test_crops(frames, recipe.clip.size, test, "cpu")
    numbers = [int(index) + extent.first for index in indices]
    return crops[len(crops) // 2], numbers, (frames.shape[1], frames.shape[2])


def _picture(pixels: torch.Tensor) -> NDArray[np.uint8]:
    """The middle frame of a (3, T, S, S) clip."""
    middle = pixels[:, pixels.shape[1] // 2].permute(1, 2, 0).numpy()
    return np.asarray(np.round(middle * 255), np.uint8)


def chosen_cells(opened: Opened) -> list[Chosen]:
    """The first cell of each model of the first experiment."""
    cells = [cell for cell in opened.plan.cells if cell.label is not None]
    if not cells:
        what = "no cell of this suite has these names"
        raise UserError(what, opened.layout.suite, "see: severe plan")
    experiment = cells[0].label.experiment if cells[0].label else ""
    by_model: dict[str, Cell] = {}
    for cell in cells:
        if cell.label is not None and cell.label.experiment == experiment:
            by_model.setdefault(cell.label.model, cell)
    return [_inputs(cell, opened.layout) for cell in by_model.values()]


def _inputs(cell: Cell, layout: Layout) -> Chosen:
    job = cell.job
    assert isinstance(job, EvaluateJob)  # noqa: S101 - only evaluated cells have labels
    made = cell.needs.get("dataset")
    weights = Path(cell.places.weights_file) if cell.places.weights_file else None
    if job.network.weights.source == "pretrain":
        weights = layout.needed(job.network.weights.digest) / WEIGHTS_FILE
    if made is None and job.dataset.adapter == "procedural":
        made = _made(job)
    if made is not None:
        return Chosen(cell, job, layout.needed(made), weights)
    root = location_of(cell).root
    if root is None:
        raise UserError("this dataset lies nowhere here", job.dataset.adapter, "set its root")
    return Chosen(cell, job, root, weights)


def _made(job: EvaluateJob) -> str:
    """The dataset cell whose world this is; a probe on features does not need it itself."""
    return short_id(DatasetJob(dataset=job.dataset))


def _dataset(one: Chosen) -> Dataset:
    adapter, options = adapter_of(one.job.dataset)
    where = location_of(one.cell)
    if where.root is None:
        where = Location(root=one.root, annotations=one.root)
    return adapter.load(options, where)


def _spaced(records: Sequence[Record], count: int) -> list[Record]:
    """Evenly spaced over the list, each video once."""
    once = list({record.path: record for record in records}.values())
    places = np.unique(np.linspace(0, len(once) - 1, min(count, len(once))).round().astype(int))
    return [once[place] for place in places]


def _truth(root: Path) -> dict[str, list[list[Box]]]:
    """Path -> boxes of all actors in every frame, of a built-in world; empty for other data."""
    path = root / TRUTH
    if not path.is_file():
        return {}
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return {line["path"]: _frames_of(line) for line in lines}


def _frames_of(truth: dict[str, list[dict[str, list[list[int] | None]]]]) -> list[list[Box]]:
    size = float(truth["size"])  # type: ignore[arg-type]
    actors = [actor["boxes"] for actor in truth["actors"]]
    return [
        [(b[0] / size, b[1] / size, b[2] / size, b[3] / size) for b in frame if b is not None]
        for frame in zip(*actors, strict=True)
    ]


def _boxes(
    record: Record, truth: dict[str, list[list[Box]]], frames: Sequence[int]
) -> list[list[Box]]:
    """Boxes in these frames of the video: of the built-in world's truth, else of its tubes."""
    if record.path in truth:
        return [truth[record.path][frame] for frame in frames]
    tubes = TUBES.of(record) if TUBES.name in record.extras else ()
    of_frame: dict[int, list[Box]] = {}
    for tube in tubes:
        for frame, box in zip(tube.frames, tube.boxes, strict=True):
            of_frame.setdefault(frame, []).append(box)
    return [of_frame.get(frame, []) for frame in frames]
