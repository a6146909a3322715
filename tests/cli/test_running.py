"""What is said when a run ends."""

from pathlib import Path

import pytest

from severe_bench.cli.opening import Opened, open_suite
from severe_bench.cli.running import conclude
from severe_bench.run.local import RunOutcome
from tests.cli.conftest import TINY


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    (tmp_path / "benchmarks.yaml").write_text(TINY)
    return open_suite("tiny", tmp_path / "benchmarks.yaml", tmp_path / "results")


def test_what_was_told_while_running_is_not_told_again(
    opened: Opened, capsys: pytest.CaptureFixture[str]
) -> None:
    now, before = opened.plan.cells[:2]
    outcome = RunOutcome(
        found=frozenset(),
        done=(),
        failed={now.id: "no such file", before.id: "timeout: too long"},
        blocked={},
        impossible={},
        quarantined=(),
        interrupted=True,
        told=frozenset({now.id}),
    )
    conclude(opened, outcome)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"FAILED {now.id} {now.title}"
    assert lines[1] == f"FAILED {before.id} {before.title}: timeout: too long"


def test_what_another_run_did_is_not_counted_as_done_here(
    opened: Opened, capsys: pytest.CaptureFixture[str]
) -> None:
    own, other = opened.plan.cells[:2]
    outcome = RunOutcome(
        found=frozenset(),
        done=(own.id, other.id),
        failed={},
        blocked={},
        impossible={},
        quarantined=(),
        interrupted=True,
        waited=frozenset({other.id}),
    )
    conclude(opened, outcome)
    said = "0 cell(s) found done, 1 done now, 1 by another run meanwhile"
    assert capsys.readouterr().err.splitlines()[0] == said
