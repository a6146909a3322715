"""`severe data`: a dataset's official files, videos and budgets."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from severe_bench.cli.data_options import (
    Annotations,
    Chosen,
    Options,
    Root,
    configured,
    options_of,
)
from severe_bench.cli.data_videos import prepare, verify
from severe_bench.cli.options import AsJson, Config

if TYPE_CHECKING:
    from severe_bench.data.check import DatasetCheck

data = typer.Typer(
    name="data", help="A dataset's official files, videos and budgets.", no_args_is_help=True
)

SHOWN = 10  # missing videos printed per split; --json has them all

Checked = Annotated[
    str,
    typer.Argument(
        help="A dataset adapter, e.g. ucf101, with --annotations or --root; else a dataset of "
        "benchmarks.yaml."
    ),
]


@data.command("check")
def check(
    name: Checked,
    annotations: Annotations = None,
    root: Root = None,
    option: Options = None,
    decode: Annotated[bool, typer.Option("--decode", help="Open every video too.")] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Found against expected counts per split, and the videos that are missing, by name.

    What is missing or unreadable is noted for runs with `allow_missing: true`.
    """
    import json

    from severe_bench.data.check import check_dataset

    chosen = _chosen(name, annotations, root, option, config)
    found = check_dataset(chosen.adapter, chosen.options, chosen.location, decode=decode)
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2))
    else:
        typer.echo("\n".join(_lines(found)))
    raise typer.Exit(0 if found.ok else 2)


data.command("verify")(verify)
data.command("prepare")(prepare)


@data.command("budget")
def budget(
    name: Checked,
    annotations: Annotations = None,
    root: Root = None,
    option: Options = None,
    rule: Annotated[str, typer.Option("--rule", help="per_class_ceil or exact.")] = "exact",
    n: Annotated[int, typer.Option("--n", help="How many training videos.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="Of the draw.")] = 99999,
    config: Config = None,
) -> None:
    """The training videos that a budget draws: one line `name label` each, in draw order."""
    from severe_bench.data.draw_list import drawn_lines

    of = _chosen(name, annotations, root, option, config)
    # Not echo: each line ends in \n on every platform, so that the SHA-256 of the output is fixed.
    lines = drawn_lines(of.adapter, of.options, of.location, rule=rule, count=n, seed=seed)
    typer.get_binary_stream("stdout").write("".join(lines).encode())


def _chosen(
    name: str,
    annotations: Path | None,
    root: Path | None,
    option: list[str] | None,
    config: Path | None,
) -> Chosen:
    from severe_bench.data.adapter import Location

    if annotations is None and root is None:
        otherwise = "a dataset adapter with --annotations or --root"
        return configured(name, option, config, otherwise)
    return Chosen(name, options_of(option), Location(root, annotations))


def _lines(found: "DatasetCheck") -> list[str]:
    from severe_bench.data.expected import Counts

    if found.problem is not None:
        return [f"{found.dataset}: {found.problem}"]
    lines = []
    for split, of in found.splits.items():
        counts = found.expected.splits[split] if found.expected else Counts()
        lines.append(
            f"{found.dataset} {split}: {of.records} records{_wanted(counts.records)},"
            f" {of.classes} classes{_wanted(counts.classes)}"
        )
        broken = [f"{video.path}: {video.reason}" for video in of.unreadable or ()]
        for kind, names in (("missing", of.missing), ("unreadable", broken)):
            lines += [f"  {kind}: {name}" for name in names[:SHOWN]]
            if len(names) > SHOWN:
                lines.append(f"  {kind}: {len(names) - SHOWN} more, all with --json")
    lines += [f"  beyond the video: {of.sample}: {of.reason}" for of in found.overruns[:SHOWN]]
    if len(found.overruns) > SHOWN:
        lines.append(f"  beyond the video: {len(found.overruns) - SHOWN} more, all with --json")
    if found.untaught:
        some = ", ".join(found.untaught[:SHOWN])
        lines.append(
            f"note: {len(found.untaught)} class(es) are tested but have no training video: {some}"
        )
    lines += [f"note: {remark}" for remark in found.remarks]
    if found.expected:
        lines.append(f"expected by: {found.expected.source}")
    return [*lines, "ok" if found.ok else "not ok"]


def _wanted(count: int | None) -> str:
    return "" if count is None else f" of {count}"
