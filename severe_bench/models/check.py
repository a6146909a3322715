"""Which layout and backbone a checkpoint file belongs to, and what differs."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from severe_bench.core.errors import UserError
from severe_bench.core.registry import STAMP
from severe_bench.models.backbone import BACKBONES, Backbone, described
from severe_bench.models.layout import LAYOUTS, Layout
from severe_bench.models.match import Match, Slot, Slots, backbone_slots, built_slots, match
from severe_bench.models.model_folder import is_model_folder
from severe_bench.models.naming import Named
from severe_bench.models.reading import read_checkpoint, unwrapped
from severe_bench.models.weights import Checkpoint, checkpoint_of
from severe_bench.plan.model_list import Reading

FOLDERS = "hf_video"
"""The backbone of model folders."""


@dataclass(frozen=True)
class Check:
    """A file under a layout, against a backbone.

    Args:
        also: other layouts under which it fits as well.
        reads: frames, size and input that a model folder states.
        entry: the model entry whose arguments the backbone was built with; empty: with its own.
    """

    layout: Layout
    backbone: str
    match: Match
    also: tuple[str, ...] = ()
    reads: Backbone | None = None
    entry: str = ""

    def as_data(self) -> dict[str, object]:
        """For scripts."""
        return {
            "layout": self.layout.name,
            "backbone": self.backbone,
            "entry": self.entry,
            "matched": self.match.matched,
            "missing": list(self.match.missing),
            "unexpected": list(self.match.unexpected),
            "wrong_shape": list(self.match.wrong_shape),
            "ok": self.match.ok,
        }


@dataclass(frozen=True)
class _Candidate:
    layout: Layout
    reading: Reading
    match: Match
    shared_shapes: int

    @property
    def rank(self) -> tuple[bool, float, int, int]:
        """Higher is nearer: names, then shapes alone, then the plainer layout."""
        rules = len(self.layout.renames) + bool(self.layout.root)
        return self.match.ok, self.match.nearness, self.shared_shapes, -rules


def check_file(
    path: Path,
    layout: str | None = None,
    backbone: str | None = None,
    stated: Sequence[Reading] = (),
) -> Check:
    """Compare a checkpoint file with what it should be, or with all that it could be.

    A model folder (with a `config.json`) says itself what it should be.

    Args:
        path: of the file.
        layout: registry name; found by itself where left out.
        backbone: registry name; found by itself where left out.
        stated: how model entries read it; tried beside every layout and backbone with its default
            arguments.

    Raises:
        UserError: a file that cannot be read, an unknown name, arguments that a backbone does not
            take, or a layout for which the backbone has to be named.
    """
    content = read_checkpoint(path)
    if is_model_folder(path) and backbone in {None, FOLDERS}:
        return _check_folder(content, path, layout)
    layouts = [LAYOUTS.get(name) for name in ([layout] if layout else LAYOUTS.names())]
    if backbone is not None:
        BACKBONES.get(backbone)
    skip_foreign = layout is None
    found = [
        candidate
        for rules in layouts
        if not (skip_foreign and rules.name == "severe" and "metadata" not in content)
        for candidate in _candidates(content, rules, backbone, path, stated)
    ]
    if not found:
        mend = "name it with --backbone"
        raise UserError(f"files of layout {layout} may be of any backbone", str(path), mend)
    best = max(found, key=lambda candidate: candidate.rank)
    also, entry = _also(found, best), best.reading.entry
    return Check(best.layout, best.reading.backbone, best.match, also, entry=entry)


def _check_folder(content: Mapping[str, object], folder: Path, given: str | None) -> Check:
    known = described(BACKBONES.get(FOLDERS), {}, folder)
    layout = LAYOUTS.get(given or known.layout)
    checkpoint = checkpoint_of(content, layout, folder)
    slots = built_slots(FOLDERS, known.kwargs)
    found = match(Named(checkpoint.tensors, checkpoint.strays), slots)
    return Check(layout, FOLDERS, found, reads=known.backbone)


def _candidates(
    content: Mapping[str, object],
    layout: Layout,
    backbone: str | None,
    path: Path,
    stated: Sequence[Reading],
) -> Iterator[_Candidate]:
    checkpoint = checkpoint_of(content, layout, path)
    shapes = Counter(
        Slot.of(tensor).shape for tensor in unwrapped(content, layout, str(path)).values()
    )
    names = _backbones(layout, backbone, checkpoint)
    own = [
        reading
        for reading in stated
        if reading.backbone in names or (backbone is None and reading.layout == layout.name)
    ]
    for reading in (*filter(_buildable, own), *(Reading(layout.name, name) for name in names)):
        slots = _slots(reading)
        shared = (shapes & Counter(slot.shape for slot in slots.values())).total()
        found = match(Named(checkpoint.tensors, checkpoint.strays), slots)
        yield _Candidate(layout, reading, found, shared)


def _buildable(reading: Reading) -> bool:
    backbone = BACKBONES.get(reading.backbone)
    return backbone.installed and backbone.describe is None


def _slots(reading: Reading) -> Slots:
    if reading.kwargs:
        return built_slots(reading.backbone, reading.kwargs)
    return backbone_slots(reading.backbone)


def _backbones(layout: Layout, backbone: str | None, checkpoint: Checkpoint) -> tuple[str, ...]:
    if backbone is not None:
        return (backbone,)
    if checkpoint.metadata is not None:
        said = checkpoint.metadata.backbone.partition(STAMP)[0]
        if said not in BACKBONES.names():
            mend = "install the package that registers it, or pass --backbone"
            raise UserError(f"made for the unknown backbone {said!r}", mend=mend)
        return (said,)
    return tuple(
        name
        for name in layout.backbones
        if BACKBONES.get(name).installed and BACKBONES.get(name).describe is None
    )


def _also(found: list[_Candidate], best: _Candidate) -> tuple[str, ...]:
    same = best.layout.name, best.reading.backbone
    others = (
        c.layout.name for c in found if c.match.ok and (c.layout.name, c.reading.backbone) != same
    )
    return tuple(dict.fromkeys(others)) if best.match.ok else ()
