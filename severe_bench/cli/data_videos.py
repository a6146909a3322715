"""`severe data verify` and `severe data prepare`: the videos themselves."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from severe_bench.cli.data_options import Annotations, Options, Root, configured, options_of
from severe_bench.cli.options import AsJson, Config

if TYPE_CHECKING:
    from severe_bench.config.prepared import Prepared
    from severe_bench.data.prepare import Work
    from severe_bench.data.verify import Verification
    from severe_bench.data.videos_of import Videos

T = TypeVar("T")

SHOWN = 20  # files printed; --json has them all
GIB = 1024**3

Target = Annotated[
    str,
    typer.Argument(
        help="A folder of videos, a dataset of benchmarks.yaml, or a dataset adapter with --root."
    ),
]


def verify(
    target: Target,
    root: Root = None,
    annotations: Annotations = None,
    option: Options = None,
    sample: Annotated[
        int | None, typer.Option("--sample", min=1, help="Only so many files, drawn evenly.")
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Are frames read out of order the right ones? Each decoder on your own files."""
    import json

    from severe_bench.data.verdicts import Verdicts
    from severe_bench.data.verify import Verification
    from severe_bench.data.verify import verify as verdicts_of

    videos = _chosen(target, root, annotations, option, config).videos.sampled(sample)
    found = verdicts_of(videos.files, Verdicts(), digests=videos.digests)
    shown = _tracked(found, "Verifying", len(videos.files), quiet=as_json)
    verification = Verification(tuple(shown))
    if as_json:
        typer.echo(json.dumps(verification.to_json(), indent=2))
    else:
        typer.echo("\n".join(_lines(verification)))
    raise typer.Exit(0 if verification.ok else 2)


def prepare(
    target: Target,
    root: Root = None,
    annotations: Annotations = None,
    option: Options = None,
    short_side: Annotated[
        int | None,
        typer.Option("--short-side", help="Pixels: 128 (default) for crops of 112, 256 for 224."),
    ] = None,
    crf: Annotated[
        int | None, typer.Option("--crf", help="Of x264: less is better and larger; default 20.")
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Keep the frames unencoded: for small sets.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Default: where benchmarks.yaml says, else beside the folder of videos."
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes; default: one per processor.")
    ] = None,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Prepare a few videos, say what all take, and stop.")
    ] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Re-encode the videos once, small and quick to read; the same command goes on after a stop.

    A dataset of benchmarks.yaml is prepared as its `prepared` says, into its `prepared_folder`.
    """
    import os

    from severe_bench.data.prepare import Prepare
    from severe_bench.data.prepared import prepared_folder

    chosen = _chosen(target, root, annotations, option, config)
    videos, stated = chosen.videos, chosen.prepared
    how = _settings(stated, short_side, crf, raw=raw)
    given = out or (chosen.prepared_folder if stated in (None, how) else None)
    folder = given or prepared_folder(videos.root, how)
    plan = Prepare(videos.root, videos.paths, folder, how, workers or os.cpu_count() or 1)
    with plan.opened() as work:
        _estimate(work, quiet=as_json)
        if not estimate:
            _run(work, quiet=as_json)
    typer.echo(_ended_json(work, folder) if as_json else "\n".join(_ended(work, folder)))
    raise typer.Exit(2 if work.refused else 0)


@dataclass(frozen=True)
class _Chosen:
    """Videos that a command is about, and how benchmarks.yaml says that they are prepared."""

    videos: "Videos"
    prepared: "Prepared | None" = None
    prepared_folder: Path | None = None


def _chosen(
    target: str,
    root: Path | None,
    annotations: Path | None,
    option: list[str] | None,
    config: Path | None,
) -> _Chosen:
    from severe_bench.core.errors import UserError
    from severe_bench.data.adapter import Location
    from severe_bench.data.videos_of import of_dataset, of_folder

    if root is not None:
        return _Chosen(of_dataset(target, options_of(option), Location(root, annotations)))
    if annotations is not None:
        raise UserError("annotations of which videos?", "--annotations", "give --root too")
    if Path(target).is_dir():
        if option:
            raise UserError("a folder of videos takes none", "--option", "leave it out")
        return _Chosen(of_folder(Path(target)))
    found = configured(target, option, config, "a folder of videos, or give --root")
    videos = of_dataset(found.adapter, found.options, found.location)
    return _Chosen(videos, found.prepared, found.prepared_folder)


def _lines(found: "Verification") -> list[str]:
    broken = [file for file in found.files if file.problem]
    lines = [f"{len(found.files)} files, {len(broken)} unreadable"]
    for name in found.decoders:
        outcomes = found.of(name)
        exact = sum(outcome.exact for outcome in outcomes)
        failed = sum(bool(outcome.problem) for outcome in outcomes)
        wrong = len(outcomes) - exact - failed
        off = max(outcome.off for outcome in outcomes)
        told = f", by up to {off} frames" if off else ""
        lines.append(f"{name}: {exact} exact, {wrong} wrong{told}, {failed} not read")
    lines += [f"  unreadable: {file.path}: {file.problem}" for file in broken[:SHOWN]]
    if len(broken) > SHOWN:
        lines.append(f"  unreadable: {len(broken) - SHOWN} more, all with --json")
    return [*lines, "ok" if found.ok else "not ok"]


def _estimate(work: "Work", *, quiet: bool) -> None:
    """Say what the rest will take.

    Raises:
        UserError: more than is free.
    """
    from severe_bench.core.errors import UserError
    from severe_bench.data.prepare import SPARE

    before = len(work.done)
    outlook = work.outlook()
    tried = outlook.done - before
    needed = f"about {outlook.bytes / GIB:.2f} GiB more, {outlook.free / GIB:.1f} GiB free"
    if outlook.bytes * SPARE > outlook.free:
        raise UserError(needed, str(work.plan.folder), "free some space or pass another --out")
    if not quiet:
        now = f" ({tried} of them now, to estimate the rest)" if tried else ""
        typer.echo(f"{outlook.videos} videos, {outlook.done} prepared{now}; the rest: {needed}")


def _run(work: "Work", *, quiet: bool) -> None:
    for _ in _tracked(work.run(), "Preparing", len(work.left), quiet=quiet):
        pass


def _ended(work: "Work", folder: Path) -> list[str]:
    lines = [f"{len(work.done)} of {len(work.plan.paths)} videos are prepared in {folder}"]
    refused = list(work.refused.values())
    lines += [f"  refused: {video.path}: {video.reason}" for video in refused[:SHOWN]]
    if len(refused) > SHOWN:
        lines.append(f"  refused: {len(refused) - SHOWN} more, all with --json")
    return lines


def _ended_json(work: "Work", folder: Path) -> str:
    import json

    refused = [vars(video) for video in work.refused.values()]
    plain = {"folder": str(folder), "videos": len(work.plan.paths), "prepared": len(work.done)}
    return json.dumps({**plain, "refused": refused, "left": len(work.left)}, indent=2)


def _settings(
    stated: "Prepared | None", short_side: int | None, crf: int | None, *, raw: bool
) -> "Prepared":
    """The settings of benchmarks.yaml, with what was typed in their place.

    Raises:
        UserError: values that cannot be, or not together.
    """
    from pydantic import ValidationError

    from severe_bench.config.prepared import Prepared
    from severe_bench.core.errors import UserError

    kept = stated.settings() if stated else {}
    if raw:
        kept.pop("crf", None)
    typed = {"short_side": short_side, "crf": crf, "raw": raw or None}
    try:
        return Prepared.model_validate(
            {**kept, **{name: value for name, value in typed.items() if value is not None}}
        )
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0]).replace("_", "-") if first["loc"] else "raw"
        what = first["msg"].removeprefix("Value error, ").lower()
        raise UserError(f"--{key}: {what}") from error


def _tracked(items: Iterable[T], what: str, total: int, *, quiet: bool) -> Iterable[T]:
    """With a bar on standard error, where that is a terminal."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    hidden = quiet or not console.is_terminal
    return track(items, what, total=total, console=console, disable=hidden)
