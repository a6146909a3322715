"""Film a spec into a folder: videos, annotations, truth.

videos/<split>_<index>.mp4   H.264
classes.txt                  one class name per line, in id order
annotations.csv              one line per video, in the form of the general manifest
truth.jsonl                  one `Truth` per video, in the same order
spec.json                    what is being filmed here
dataset.json                 written last: its presence says that the rest is complete
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from severe_bench.core.atomic import TEMPORARY_MARK, atomic_path, write_json, write_text
from severe_bench.core.errors import Interrupted, UserError
from severe_bench.core.record import SPLITS, Split
from severe_bench.data.procedural.encode import encode_video
from severe_bench.data.procedural.film import scene_at
from severe_bench.data.procedural.render import render
from severe_bench.data.procedural.spec import WorldSpec
from severe_bench.data.procedural.truth import Truth, truth_at, video_path
from severe_bench.data.procedural.worlds import WORLDS

COLUMNS = (
    *("path", "label", "split", "start", "end", "group"),
    *("count", "turns", "speed", "motion", "shape", "surface", "ground", "distractors"),
)


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
        encode_video(frames, temporary, spec.fps)


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
    classes = WORLDS.get(spec.world).classes
    truths = [truth_at(spec, split, index) for split, index in _videos(spec)]
    write_text(root / "classes.txt", "".join(f"{name}\n" for name in classes))
    write_text(root / "truth.jsonl", "".join(f"{truth.model_dump_json()}\n" for truth in truths))
    write_text(root / "annotations.csv", _annotations(truths))
    counts = {split: spec.count(split) for split in SPLITS}
    content = {"spec": spec.model_dump(), "digest": spec.digest(), "videos": counts}
    write_json(root / "dataset.json", content | {"classes": len(classes)})


def _annotations(truths: list[Truth]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(_row(truth) for truth in truths)
    return text.getvalue()


def _row(truth: Truth) -> dict[str, object]:
    actor = truth.actors[0]
    return {
        "path": truth.path,
        "label": truth.label,
        "split": truth.split,
        "count": actor.count,
        "turns": actor.turns,
        "speed": actor.speed,
        "motion": actor.motion,
        "shape": actor.shape,
        "surface": actor.surface,
        "ground": truth.ground,
        "distractors": len(truth.actors) - 1,
    }
