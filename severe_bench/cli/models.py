"""`severe models`: checkpoint files and model entries."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from severe_bench.cli.options import AsJson, Config

if TYPE_CHECKING:
    from severe_bench.models.check import Check
    from severe_bench.plan.model_list import ListedModel, Reading

models = typer.Typer(
    name="models", help="Checkpoint files, model entries, backbones.", no_args_is_help=True
)

EXIT_MISFIT = 2
MOCK_FRAMES, MOCK_SIZE = 8, 64
SHOWN = 10  # differing names printed of each kind; --json has them all

Layout = Annotated[str | None, typer.Option("--layout", help="Found by itself where left out.")]
Backbone = Annotated[str | None, typer.Option("--backbone", help="Likewise.")]


@models.command("check")
def check(
    file: Annotated[
        Path,
        typer.Argument(
            help="A checkpoint file, or a Hugging Face model folder; nothing in it is run."
        ),
    ],
    layout: Layout = None,
    backbone: Backbone = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Does a checkpoint fit a backbone, tensor by tensor? Exit code 0 if all of them do, else 2.

    Backbones have their default arguments, and those that the entries of the file here say.
    """
    import json

    from severe_bench.models.check import check_file

    stated, unread = _stated(file, config)
    found = check_file(file, layout, backbone, stated)
    if as_json:
        typer.echo(json.dumps(found.as_data(), indent=2))
    else:
        _print_check(found)
        for line in (*_tried(found, stated), *unread):
            typer.echo(f"  note: {line}")
    raise typer.Exit(0 if found.match.ok else EXIT_MISFIT)


def _stated(file: Path, config: Path | None) -> "tuple[tuple[Reading, ...], tuple[str, ...]]":
    """How model entries read the file, and why a benchmarks.yaml that nobody named says nothing."""
    from severe_bench.config.find import find_config
    from severe_bench.config.loading import load_config
    from severe_bench.core.errors import UserError
    from severe_bench.plan.model_list import readings_of

    try:
        return readings_of(load_config(find_config(config)), file), ()
    except UserError as error:
        if config is not None:
            raise
        return (), (f"no model entry was asked: {str(error).splitlines()[0]}",)


def _tried(found: "Check", stated: "tuple[Reading, ...]") -> tuple[str, ...]:
    """Of a misfit: with which arguments backbones were built."""
    if found.match.ok or found.reads is not None:
        return ()
    if stated:
        names = ", ".join(reading.entry for reading in stated)
        return (f"backbones were built with default arguments, and as these entries say: {names}",)
    return (
        "backbones were built with default arguments; for others write an entry with this "
        "checkpoint and `kwargs`, then: severe models mock-run NAME",
    )


def _print_check(found: "Check") -> None:
    if not found.match.matched and not found.match.details:
        _print_stranger(found)
        return
    verdict = "fits" if found.match.ok else "does not fit; nearest is"
    built = f" as the entry {found.entry} says" if found.entry else ""
    typer.echo(f"{verdict}: layout {found.layout.name}, backbone {found.backbone}{built}")
    if found.also:
        typer.echo(f"  fits as well: layout {', '.join(found.also)}")
    typer.echo(f"  {found.match.matched} tensors matched")
    kinds = {
        "missing": found.match.missing,
        "unexpected": found.match.unexpected,
        "wrong shape": found.match.details,
    }
    for kind, names in kinds.items():
        typer.echo(f"  {len(names)} {kind}")
        for name in names[:SHOWN]:
            typer.echo(f"    {name}")
        if len(names) > SHOWN:
            typer.echo(f"    ... and {len(names) - SHOWN} more")
    for note in _notes(found):
        typer.echo(f"  note: {note}")


def _print_stranger(found: "Check") -> None:
    """A nearest backbone with no tensor in common would only mislead."""
    names = sorted(found.match.unexpected)
    typer.echo("does not fit: no tensor has a partner in a known layout and backbone")
    typer.echo(f"  {len(names)} unexpected")
    for name in names[:SHOWN]:
        typer.echo(f"    {name}")
    if len(names) > SHOWN:
        typer.echo(f"    ... and {len(names) - SHOWN} more")
    typer.echo("  a network of your own (`factory`) is checked with: severe models mock-run NAME")


def _notes(found: "Check") -> list[str]:
    notes = []
    if found.layout.bn_eps is not None:
        eps = found.layout.bn_eps
        notes.append(
            f"pretrained with batch normalisation eps {eps:g}, and built with it; SEVERE's code "
            "uses 1e-05: recipe.numerics.norm_eps, or `kwargs: {bn_eps: 1e-05}` in the model entry"
        )
    if found.reads is not None:
        frames = found.reads.frames or "any number of"
        notes.append(f"reads {frames} frames of {found.reads.size or 'any number of'} pixels")
    given = found.layout.input if found.reads is None else found.reads.input
    if given is not None:
        notes.append(
            f"reads {given.channels}, mean {given.mean}, deviation {given.std}, "
            "unless the model entry has its own `input`"
        )
    return notes


@models.command("list")
def list_models(config: Config = None, as_json: AsJson = False) -> None:
    """The model entries: provenance, and whether their files are here."""
    import json

    from severe_bench.config.find import find_config
    from severe_bench.config.loading import load_config
    from severe_bench.plan.model_list import listed_models

    listed = list(listed_models(load_config(find_config(config))))
    if as_json:
        typer.echo(json.dumps([entry.model_dump() for entry in listed], indent=2))
        return
    for entry in listed:
        _print_entry(entry)


def _print_entry(entry: "ListedModel") -> None:
    typer.echo(f"{entry.name}: {entry.backbone}, {entry.kind}, {entry.modality}")
    details = {
        "method": entry.method,
        "pretrained on": entry.pretraining_set,
        "source": entry.source,
        "checkpoint": entry.checkpoint,
    }
    for key, value in details.items():
        if value:
            typer.echo(f"  {key}: {value}")
    if entry.problem:
        typer.echo(f"  PROBLEM: {entry.problem}")
    elif entry.found is not None:
        typer.echo(f"  sha256: {entry.digest}" if entry.found else "  NOT FOUND")


@models.command("mock-run")
def mock_run(
    name: Annotated[str, typer.Argument(help="A model entry of the configuration.")],
    config: Config = None,
    frames: Annotated[int | None, typer.Option("--frames", min=1, help="Of the clips.")] = None,
    size: Annotated[int | None, typer.Option("--size", min=1, help="Of the clips.")] = None,
    device: Annotated[str, typer.Option("--device", help="E.g. cuda:0.")] = "cpu",
    as_json: AsJson = False,
) -> None:
    """Will a model work? Forward, features, a probe step and a finetune step on tiny clips."""
    import json
    from dataclasses import asdict

    from severe_bench.adapt.mock_run import mock_run as stages_of
    from severe_bench.cli.folding import folded
    from severe_bench.config.find import find_config
    from severe_bench.config.loading import load_config
    from severe_bench.config.recipe import Clip
    from severe_bench.plan.parts import trial_network

    part = trial_network(load_config(find_config(config)), name)
    clip = Clip(
        frames=frames or part.backbone.frames or MOCK_FRAMES,
        size=size or part.backbone.size or MOCK_SIZE,
    )
    stages = []
    for stage in stages_of(part.ref, part.weights_file, clip, device):
        stages.append(stage)
        if not as_json:
            verdict = "ok    " if stage.ok else "FAILED"
            head = f"{verdict} {stage.name:9} {stage.seconds:6.2f} s  "
            typer.echo(folded(head, stage.seen))
    works = all(stage.ok for stage in stages)
    if as_json:
        typer.echo(json.dumps({"ok": works, "stages": [asdict(s) for s in stages]}, indent=2))
    raise typer.Exit(0 if works else EXIT_MISFIT)
