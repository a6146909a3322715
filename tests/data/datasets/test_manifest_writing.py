"""What is written is what is read."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from severe_bench.core.extras import (
    BOXES,
    COUNT,
    DURATION,
    KEY_TIME,
    LABELS,
    NOUN,
    PROPOSALS,
    SPANS,
    STARTS,
    STOP,
    TUBES,
    VERB,
    Box,
    Proposal,
    Span,
    Tube,
)
from severe_bench.core.record import SPLITS, Dataset, Record
from severe_bench.data.adapter import Location
from severe_bench.data.datasets.manifest import ManifestOptions, load_manifest
from severe_bench.data.datasets.manifest_writing import write_manifest

CLASSES = ("run", "jump, high", "7", 'say "hi"@home', "1.5-2")
WORDS = ("take", "put")
label = st.integers(0, len(CLASSES) - 1)
labels = st.lists(label, unique=True).map(lambda ids: tuple(sorted(ids)))
time = st.floats(0, 1e4, allow_nan=False)
score = st.floats(0, 1)


@st.composite
def corners(draw: st.DrawFn) -> tuple[float, float, float, float]:
    x, y = (sorted(draw(st.lists(score, min_size=2, max_size=2, unique=True))) for _ in range(2))
    return x[0], y[0], x[1], y[1]


@st.composite
def tubes(draw: st.DrawFn) -> Tube:
    frames = draw(st.lists(st.integers(0, 99), min_size=1, max_size=4, unique=True))
    boxes = tuple(draw(corners()) for _ in frames)
    return Tube(draw(label), tuple(sorted(frames)), boxes)


@st.composite
def repetitions(draw: st.DrawFn) -> dict[str, object]:
    frames = sorted(draw(st.lists(st.integers(0, 500), min_size=2, max_size=6, unique=True)))
    extras = {**STARTS.set(tuple(frames[:-1])), **STOP.set(frames[-1])}
    return {**COUNT.set(len(frames) - 1), **extras}


@st.composite
def timelines(draw: st.DrawFn) -> dict[str, object]:
    duration = draw(st.floats(1, 1e4))
    spans = []
    for _ in range(draw(st.integers(0, 3))):
        start, end = sorted(draw(st.lists(score, min_size=2, max_size=2, unique=True)))
        if start * duration < end * duration:
            spans.append(Span(draw(label), start * duration, end * duration))
    extras = {**SPANS.set(tuple(spans)), **DURATION.set(duration)}
    return {**LABELS.set(draw(labels)), **extras}


boxed = st.fixed_dictionaries(
    {
        "key_time": time,
        "boxes": st.lists(
            st.builds(
                lambda box, ids, person: Box(*box, ids, person),
                corners(),
                labels,
                st.none() | st.text("ab1", min_size=1),
            ),
            max_size=3,
        ).map(tuple),
        "proposals": st.lists(
            st.builds(lambda box, score: Proposal(*box, score), corners(), score), max_size=2
        ).map(tuple),
        "tubes": st.lists(tubes(), max_size=2).map(tuple),
    }
)
words = st.fixed_dictionaries({"verb": st.integers(0, 1), "noun": st.integers(0, 1)})
free = st.fixed_dictionaries({"kind": st.sampled_from(("calm", "wild, very")), "weight": time})


@st.composite
def datasets(draw: st.DrawFn) -> Dataset:
    """Datasets whose records all carry the same kinds of targets."""
    trimmed = draw(st.booleans())  # spans are then cut, and tubes refused
    whole = () if trimmed else (timelines(), boxed)
    kinds = draw(st.lists(st.sampled_from((repetitions(), words, free, *whole))))
    splits = [draw(st.sampled_from(SPLITS)) for _ in range(2)]
    records = []
    for number in range(draw(st.integers(1, 4))):
        path = f"{number // 2} ü.mp4"
        extras: dict[str, object] = {}
        for kind in kinds:
            extras |= draw(kind)
        records.append(
            Record(
                f"{path}@{number}" if draw(st.booleans()) or number % 2 else path,
                path,
                draw(st.none() | label),
                splits[number // 2],
                start=0.25 if trimmed else None,
                end=draw(st.floats(0.5, 99)) if trimmed else None,
                group=draw(st.none() | st.just("g,1")),
                extras=extras,
            )
        )
    vocabularies = {"verb": WORDS, "noun": WORDS} if "verb" in records[0].extras else {}
    return Dataset("manifest", Path(), CLASSES, tuple(records), vocabularies=vocabularies)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made=datasets())
def test_what_is_written_comes_back(made: Dataset, tmp_path_factory: object) -> None:
    folder = tmp_path_factory.mktemp("copy")  # type: ignore[attr-defined]
    write_manifest(made, folder)
    read = load_manifest(ManifestOptions(), Location(folder, None))
    assert (read.classes, read.vocabularies) == (made.classes, made.vocabularies)
    assert read.records == made.records
    assert (folder / "boxes.jsonl").exists() == any("boxes" in r.extras for r in made.records)


def test_extras_of_the_readers_keys_are_all_written() -> None:
    """A key that is added to the reader must be added to the writer: these are what it knows."""
    known = {VERB, NOUN, LABELS, SPANS, DURATION, KEY_TIME, BOXES, PROPOSALS, TUBES}
    names = {key.name for key in known | {COUNT, STARTS, STOP}}
    from severe_bench.data.datasets.sidecar import COLUMNS
    from severe_bench.data.datasets.targets import target_columns

    assert target_columns(dict.fromkeys(names)) | COLUMNS == names
