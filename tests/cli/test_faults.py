"""Bad input gets one line with the way out, exit code 2, and no traceback."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import TINY, Severe

SEVERE = (sys.executable, "-m", "severe_bench.cli.main")


def _one_line(severe: Severe, *arguments: str, **environ: str) -> str:
    reply = severe(*arguments, **environ)
    assert reply.code == 2, reply
    assert "Traceback" not in reply.err
    (line,) = reply.err.strip().splitlines()
    return line


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("recogntion", "recognition", "did you mean recognition"),
        ("budgt:", "budget:", "budget?"),
        ("trian:", "train:", "train?"),
        ("world: nearr", "world: near", "did you mean near"),
        ("epochs: five", "epochs: 5", "epochs"),
        ("recipe: prob}", "recipe: probe}", "probe?"),
        ("backbone: r2plus1d}", "backbone: r2plus1d_narrow}", "r2plus1d"),
    ],
)
def test_a_mistake_in_the_yaml(
    wrong: str, right: str, said: str, severe: Severe, tmp_path: Path
) -> None:
    config = tmp_path / "benchmarks.yaml"
    assert right in TINY
    config.write_text(TINY.replace(right, wrong, 1))
    line = _one_line(severe, "plan")
    number = 1 + TINY[: TINY.index(right)].count("\n")
    assert said in line
    assert f"benchmarks.yaml:{number}" in line or f"benchmarks.yaml:{number + 1}" in line


def test_broken_yaml(severe: Severe, tmp_path: Path) -> None:
    (tmp_path / "benchmarks.yaml").write_text("version: 1\nmodels: {none: [\n")
    assert "benchmarks.yaml:" in _one_line(severe, "run")


def test_unknown_suite(severe: Severe) -> None:
    assert "did you mean tiny?" in _one_line(severe, "run", "tinny")


def test_a_filter_that_matches_nothing(severe: Severe) -> None:
    assert "nonne" in _one_line(severe, "run", "--model", "nonne")


def test_missing_config(severe: Severe) -> None:
    assert "no such file" in _one_line(severe, "run", "-c", "nowhere.yaml")


def test_unknown_device(severe: Severe) -> None:
    assert "use auto, cpu or cuda" in _one_line(severe, "run", "--devices", "tpu")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("run --timeout 0", "--timeout: no time: 0; give seconds, more than 0"),
        ("run --timeout nan", "no time: nan"),
        ("watch --every -3", "--every: no time: -3"),
        ("run --dry-run --wait", "--wait is for a cluster"),
        ("plan --executor slurm --json", "--json: does not go with --executor slurm; leave one"),
        ("plan --executor slurm --cells", "--cells: does not go with --executor slurm"),
        ("run --executor slurm --devices cpu", "--devices: does not go with --executor slurm"),
        ("report tiny --published severe2022", "leave out the suite and --biased-cka"),
        ("compare results none none", "none compared with itself"),
        ("compare results none other --with published", "two comparisons at once"),
        ("export -o .", "is a folder; name a file with --output"),
    ],
)
def test_options_that_say_nothing_together(severe: Severe, arguments: str, said: str) -> None:
    assert said in _one_line(severe, *arguments.split())


def test_an_empty_variable_is_no_suite(severe: Severe) -> None:
    """`severe run "$SUITE"`."""
    assert "unknown suite ''" in _one_line(severe, "run", "")


def test_results_of_a_name_that_is_no_text(severe: Severe) -> None:
    line = _one_line(severe, "run", "--results", b"caf\xe9".decode(errors="surrogateescape"))
    assert "its name is not UTF-8; rename it" in line


def test_a_full_disk_behind_the_output(tmp_path: Path) -> None:
    (tmp_path / "benchmarks.yaml").write_text(TINY)
    command = f"{shlex.join([*SEVERE, 'plan'])} > /dev/full"
    done = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, stderr=subprocess.PIPE, text=True, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "output: No space left on device; free some space, or send it" in done.stderr


def test_a_reader_that_went_away_is_no_fault(tmp_path: Path) -> None:
    """`severe plan | head -1`."""
    (tmp_path / "benchmarks.yaml").write_text(TINY)
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*SEVERE, "plan"], cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_ctrl_c_is_said(severe: Severe, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import severe_bench.config.find as find\n"
        "def interrupted(path): raise KeyboardInterrupt\n"
        "find.find_config = interrupted\n"
    )
    reply = severe("report", PYTHONPATH=str(tmp_path))
    assert reply.code == 130
    assert reply.err == "severe: stopped; the same command goes on where it stopped\n"


def test_an_encoding_without_the_signs_of_a_table(severe: Severe) -> None:
    reply = severe("published", "show", "4.1", PYTHONIOENCODING="ascii")
    assert (reply.code, reply.err) == (0, "")
    assert "\\u2013" in reply.out


def test_closed_streams_are_no_files_of_ours(tmp_path: Path) -> None:
    (tmp_path / "benchmarks.yaml").write_text(TINY)
    command = shlex.join([*SEVERE, "run", "--dry-run"])
    subprocess.run(["sh", "-c", f"{command} <&- >&- 2>&-"], cwd=tmp_path, check=True)
    code = "import os; from severe_bench.cli.streams import prepare_streams as p; p(); os.fstat(2)"
    command = shlex.join([sys.executable, "-c", code])
    subprocess.run(["sh", "-c", f"{command} 2>&-"], check=True)


def test_unknown_class_of_failure(severe: Severe) -> None:
    assert "--retry" in _one_line(severe, "run", "--retry", "ooom")


def test_results_is_a_file(severe: Severe, tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")
    assert "results" in _one_line(severe, "run")


@pytest.mark.parametrize("command", ["run", "plan", "status", "cancel", "export"])
def test_results_lead_to_themselves(command: str, severe: Severe, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    line = _one_line(severe, command, "--results", "loop")
    assert "loop: cannot read: Too many levels of symbolic links; mend its permissions" in line


def test_results_where_no_folder_can_be_made(severe: Severe, tmp_path: Path) -> None:
    """`/proc` says that it can be written, and cannot."""
    reply = severe("run", "--results", "/proc/x")
    assert reply.code == 2, reply.err
    last = reply.err.splitlines()[-1]
    assert re.match(r"severe: /proc/x\S*: cannot write: .*: pass another --results folder", last)


def test_a_path_that_is_too_long(severe: Severe) -> None:
    long = "a" * 300
    assert "cannot read: File name too long" in _one_line(severe, "run", "--results", long)
    line = _one_line(severe, "compare", long, "--with", "published")
    assert "File name too long; mend" in line


def test_a_file_in_the_middle_of_the_results(severe: Severe, tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "shared").write_text("")
    line = _one_line(severe, "status")
    assert "Not a directory; a file, or a link to nothing, stands where a folder is needed" in line


def test_show_an_unknown_cell(severe: Severe) -> None:
    assert "no cell 'abc'" in _one_line(severe, "show", "abc")


def test_a_suite_of_which_nothing_can_run(severe: Severe, tmp_path: Path) -> None:
    config = TINY.replace(
        "{adapter: procedural, options: {world: near, train: 20, test: 20}}",
        "{adapter: manifest, root: /no/such/folder}",
    )
    (tmp_path / "benchmarks.yaml").write_text(config)
    line = _one_line(severe, "run")
    assert "no cell of suite tiny can run" in line
    assert "/no/such/folder" in line


def test_our_own_faults_keep_their_traceback(severe: Severe, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import severe_bench.config.find as find\n"
        "def broken(path): raise ZeroDivisionError('bug')\n"
        "find.find_config = broken\n"
    )
    reply = severe("plan", PYTHONPATH=str(tmp_path))
    assert reply.code == 70
    assert "ZeroDivisionError: bug" in reply.err
    assert "Traceback" not in reply.err
    assert "Traceback" in (tmp_path / "severe-error.log").read_text()
