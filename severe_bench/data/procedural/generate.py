"""Film a spec into a folder: videos, annotations, truth.

videos/<split>_<index>.mp4   H.264
classes.txt                  one class name per line, in id order
annotations.csv              in the form of the general manifest; `verbs.txt`, `nouns.txt` and
                             `boxes.jsonl` where a world has them
truth.jsonl                  one `Truth` per video, in the same order
spec.json                    what is being filmed here
dataset.json                 written last: its presence says that the rest is complete
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from severe_bench.core.atomic import TEMPORARY_MARK, atomic_path, write_json, write_text
from severe_bench.core.errors import Interrupted, UserError
from severe_bench.core.record import SPLITS, Dataset, Record, Split
from severe_bench.data.datasets.manifest_writing import write_manifest
from severe_bench.data.procedural.encode import encode_video
from severe_bench.data.procedural.film import samples_at, scene_at
from severe_bench.data.procedural.render import render
from severe_bench.data.procedural.samples import Sample
from severe_bench.data.procedural.spec import WorldSpec
from severe_bench.data.procedural.truth import truth_at, video_path
from severe_bench.data.procedural.worlds import WORLDS


def generate(
    spec: WorldSpec,
    root: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> None:
    """Film what is missing in `root`, then write the annotations; a complete folder is left alone.

    It may be killed at any point and called again: the files end up the same, byte for byte.

    Args:
        spec: what to film.
        root: folder to write into; made where it is missing.
        progress: called after every video with the number of finished ones and of all.
        should_stop: asked before every video.

    Raises:
        UserError: the folder holds another spec, or cannot be written.
        Interrupted: `should_stop` said yes.

    Example:
        >>> generate(WorldSpec(world="near", train=20, test=20), Path("near"))
    """
    if is_complete(spec, root):
        return
    _claim(spec, root)
    videos = list(_videos(spec))
    for done, (split, index) in enumerate(videos, start=1):
        if should_stop is not None and should_stop():
            raise Interrupted(f"stopped after {done - 1} of {len(videos)} videos")
        make_video(spec, split, index, root)
        if progress is not None:
            progress(done, len(videos))
    _annotate(spec, root)


def is_complete(spec: WorldSpec, root: Path) -> bool:
    """Say whether `root` holds the whole of this spec."""
    path = root / "dataset.json"
    return path.exists() and json.loads(path.read_text())["digest"] == spec.digest()


def make_video(spec: WorldSpec, split: Split, index: int, root: Path) -> None:
    """Render and encode one video into `root`, unless it is there; safe to run side by side."""
    path = root / video_path(split, index)
    if path.exists():
        return
    frames = render(scene_at(spec, split, index))
    with atomic_path(path) as temporary:
        encode_video(frames, temporary, spec.fps, WORLDS.get(spec.world).coding)


def _videos(spec: WorldSpec) -> Iterator[tuple[Split, int]]:
    return ((split, index) for split in SPLITS for index in range(spec.count(split)))


def _claim(spec: WorldSpec, root: Path) -> None:
    """Write down what this folder is for, and clear what a killed writer left behind."""
    content = {"spec": spec.model_dump(), "digest": spec.digest()}
    path = root / "spec.json"
    if not path.exists():
        write_json(path, content)
    elif json.loads(path.read_text()) != content:
        mend = "choose an empty folder or delete this one"
        raise UserError("the folder holds another built-in world or version", str(root), mend)
    for leftover in root.glob(f"**/*{TEMPORARY_MARK}*"):
        leftover.unlink(missing_ok=True)


def _annotate(spec: WorldSpec, root: Path) -> None:
    truths = (truth_at(spec, split, index) for split, index in _videos(spec))
    lines = (truth.model_dump_json() for truth in truths)
    write_text(root / "truth.jsonl", "".join(f"{line}\n" for line in lines))
    dataset = _dataset(spec, root)
    write_manifest(dataset, root)
    counts = {split: spec.count(split) for split in SPLITS}
    content = {"spec": spec.model_dump(), "digest": spec.digest(), "videos": counts}
    write_json(root / "dataset.json", content | {"classes": len(dataset.classes)})


def _dataset(spec: WorldSpec, root: Path) -> Dataset:
    world = WORLDS.get(spec.world)
    records = [r for split, index in _videos(spec) for r in records_of(spec, split, index)]
    return Dataset(spec.world, root, world.classes, tuple(records), vocabularies=world.vocabularies)


def records_of(spec: WorldSpec, split: Split, index: int) -> tuple[Record, ...]:
    """The records of one video, one for each of its samples."""
    path = video_path(split, index)
    return tuple(_record(sample, path, split) for sample in samples_at(spec, split, index))


def _record(sample: Sample, path: str, split: Split) -> Record:
    """The record of a sample; samples of one video are resampled together."""
    if not sample.name:
        return Record(path, path, sample.label, split, extras=sample.extras)
    name = f"{path}@{sample.name}"
    return Record(name, path, sample.label, split, group=path, extras=sample.extras)
