"""What the README tells people to type and to write is accepted."""

import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from severe_bench.cli.main import app
from severe_bench.config.find import PACKAGED
from severe_bench.config.loading import load_config
from severe_bench.plan.build import plan_suite

README = Path(__file__).parent.parent / "README.md"


def test_the_entries_it_adds_make_a_study(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", README.read_text(), re.DOTALL)
    study = yaml.safe_load(PACKAGED.read_text())
    for section, entries in yaml.safe_load(block).items():
        study[section].update(entries)
    (tmp_path / "benchmarks.yaml").write_text(yaml.safe_dump(study))
    plan = plan_suite(load_config(tmp_path / "benchmarks.yaml", {}), "study")
    assert sum(cell.label is not None for cell in plan.cells) == 5


@pytest.mark.parametrize(
    "command", sorted(set(re.findall(r"(?m)(?:^|`)severe ([a-z]+)", README.read_text())))
)
def test_every_command_it_names_exists(command: str) -> None:
    assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0, command


def test_its_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README.read_text()):
        assert (README.parent / target).exists(), target
