"""What the README tells people to type and to write is accepted."""

import re
from pathlib import Path

from severe_bench.config.loading import load_config
from severe_bench.plan.build import plan_suite

README = Path(__file__).parent.parent / "README.md"
INCLUDE = "include: [package:benchmarks.yaml]"


def test_its_file_makes_a_study_alone_and_beside_the_packaged_ones(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", README.read_text(), re.DOTALL)
    assert INCLUDE in README.read_text()
    for text in (block, block.replace("datasets:", f"{INCLUDE}\ndatasets:")):
        (tmp_path / "benchmarks.yaml").write_text(text)
        plan = plan_suite(load_config(tmp_path / "benchmarks.yaml", {}), "study")
        assert sum(cell.label is not None for cell in plan.cells) == 5


def test_its_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README.read_text()):
        assert (README.parent / target).exists(), target
