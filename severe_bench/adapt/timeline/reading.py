"""Reading long videos piece by piece: never more clips at once than a batch has."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from severe_bench.adapt.timeline.grid import Grid, grid_of, snippet_indices
from severe_bench.config.network_input import Input
from severe_bench.config.recipe import Clip, Recipe
from severe_bench.core.errors import UserError
from severe_bench.core.record import Record
from severe_bench.data.annotated import is_beyond
from severe_bench.data.clips import Indices
from severe_bench.data.loading import ahead
from severe_bench.data.store import VideoStore
from severe_bench.data.transforms import normalise, test_crops
from severe_bench.data.video import Frames
from severe_bench.tasks.timeline import stretch


@dataclass(frozen=True)
class RawSnippets:
    """Some snippets of a video, each frame once.

    Args:
        frames: (U, H, W, 3) uint8: the frames that occur in any snippet.
        places: (S, T) indices into them.
    """

    frames: Frames
    places: Indices


@dataclass(frozen=True)
class SnippetReader:
    """Reads some snippets of a record.

    Args:
        store: where the videos are.
        records: of the videos.
        clip: of a snippet.
        options: `hop` and `hop_in`.
    """

    store: VideoStore
    records: tuple[Record, ...]
    clip: Clip
    options: Mapping[str, Any]

    def grid(self, number: int) -> Grid:
        """The stretches of record `number`.

        Raises:
            UserError: it lasts less long than is annotated, by more than a stretch and 2 %.
        """
        record = self.records[number]
        extent = self.store.extent(record)
        grid = grid_of(record, extent, self.clip, self.options)
        first, last = stretch(record)
        if is_beyond(last - first, extent.seconds, grid.hop):
            what = f"{last - first:g} s are annotated, and it lasts {extent.seconds:.4g} s"
            mend = "check its duration and range, or replace the video"
            raise UserError(what, str(self.store.root / record.path), mend)
        return grid

    def read(self, number: int, first: int, last: int) -> RawSnippets:
        """Snippets `first` to `last` - 1 of record `number`."""
        record = self.records[number]
        extent = self.store.extent(record)
        indices = snippet_indices(extent, self.clip, self.grid(number), first, last)
        used, places = np.unique(indices, return_inverse=True)
        frames = self.store.clip(record, used.tolist())
        return RawSnippets(frames, places.reshape(indices.shape))


@dataclass(frozen=True)
class PieceReader:
    """Reads the videos in order, cut into pieces.

    Args:
        reader: of snippets.
        pieces: (record, first snippet, last snippet + 1) of each piece.
    """

    reader: SnippetReader
    pieces: tuple[tuple[int, int, int], ...]

    def __call__(self, number: int) -> RawSnippets:
        """Piece `number`."""
        return self.reader.read(*self.pieces[number])


def grids(reader: SnippetReader, device: str) -> list[Grid]:
    """The stretches of every record; the files are looked into, off the CPU in other processes."""
    numbers = range(len(reader.records))
    on_cpu = torch.device(device).type == "cpu"
    return list(map(reader.grid, numbers) if on_cpu else ahead(reader.grid, numbers))


def timelines(
    reader: SnippetReader,
    counts: Sequence[int],
    first: int,
    recipe: Recipe,
    statement: Input,
    device: str,
) -> Iterator[Iterator[Tensor]]:
    """The snippets of each record from number `first` on, in the test's transforms.

    Args:
        reader: of snippets.
        counts: (N,) snippets of every record.
        first: record to begin with.
        recipe: crop, and batch size: most snippets at once.
        statement: the model's input statement.
        device: where the clips go.

    Yields:
        For each record its pieces (S, 3, T, size, size), to be gone through before the next.

    Raises:
        VideoError: a video cannot be read.
    """
    size = recipe.numerics.micro_batch or recipe.batch_size
    pieces = {
        number: [
            (number, start, min(start + size, counts[number]))
            for start in range(0, counts[number], size)
        ]
        for number in range(first, len(counts))
    }
    source = PieceReader(reader, tuple(piece for of_one in pieces.values() for piece in of_one))
    numbers = range(len(source.pieces))
    read = map(source, numbers) if torch.device(device).type == "cpu" else ahead(source, numbers)
    for of_one in pieces.values():
        yield (tested(next(read), recipe, statement, device) for _ in of_one)


def tested(raw: RawSnippets, recipe: Recipe, statement: Input, device: str) -> Tensor:
    """Clips (S, 3, T, size, size) of some snippets: the centre of every frame."""
    centre = recipe.test.model_copy(update={"crops": 1})
    (frames,) = test_crops(raw.frames, recipe.clip.size, centre, device)
    places = torch.from_numpy(raw.places).to(device)
    return normalise(frames[:, places].permute(1, 0, 2, 3, 4).contiguous(), statement)
