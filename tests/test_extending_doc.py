"""docs/extending.md: its package is installed as it is printed, and its study runs."""

import re
import tomllib
from pathlib import Path
from runpy import run_path

import pytest
import torch
import yaml

from severe_bench.cli.registries import REGISTRIES
from severe_bench.models.backbone import FACTORY_GROUP
from tests.cli.conftest import Severe, caller
from tests.data.films import film

ROOT = Path(__file__).parent.parent
DOC = (ROOT / "docs" / "extending.md").read_text()
FILES = dict(re.findall(r"`([\w/.]+)`\n```\w+\n(.*?)```", DOC, re.DOTALL))
TABLE = "\n".join(line for line in DOC.splitlines() if line.startswith("| "))


def points(project: str) -> str:
    """`entry_points.txt` as pip writes it from a `pyproject.toml`."""
    groups = tomllib.loads(project)["project"]["entry-points"]
    return "\n".join(
        line
        for group, names in groups.items()
        for line in (f"[{group}]", *(f"{name} = {place}" for name, place in names.items()))
    )


def installed(folder: Path) -> None:
    """The package of the page, as an installation leaves it."""
    info = folder / "mylab-0.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mylab\nVersion: 0.1\n")
    (info / "entry_points.txt").write_text(points(FILES["pyproject.toml"]))
    (folder / "mylab").mkdir()
    (folder / "mylab" / "__init__.py").write_text("")
    for name, text in FILES.items():
        if name.endswith(".py"):
            (folder / name).write_text(text)


def annotated(study: Path) -> None:
    """Nine videos in three folds."""
    (study / "lists").mkdir()
    rows = [f"c{i},{i % 3},{i // 3 + 1}" for i in range(9)]
    (study / "lists" / "grades.csv").write_text("\n".join(["clip,grade,fold", *rows, ""]))
    for i in range(9):
        film(study / "videos" / f"c{i}.mp4", frames=8 + i % 3)


def released(file: Path, package: Path) -> None:
    network = run_path(str(package / "mylab" / "frame_mean.py"))["build"]()
    tensors = {f"encoder.{name}": tensor for name, tensor in network.state_dict().items()}
    torch.save({"state_dict": {**tensors, "queue": torch.zeros(4)}}, file)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    installed(folder / "packages")
    annotated(folder)
    released(folder / "released.pt", folder / "packages")
    (folder / "benchmarks.yaml").write_text(FILES["benchmarks.yaml"])
    return folder


@pytest.fixture(scope="module")
def severe(study: Path) -> Severe:
    call = caller(study)

    def with_the_package(*arguments: str, **environ: str):  # noqa: ANN202 - a Reply
        path = f"{study / 'packages'}:{ROOT}"
        return call(*arguments, PYTHONPATH=path, OMP_NUM_THREADS="1", **environ)

    return with_the_package


def test_its_study_runs_and_its_section_is_on_the_page(study: Path, severe: Severe) -> None:
    planned = severe("plan", "lab")
    assert planned.code == 0, planned.err
    found = severe("run", "lab")
    assert found.code == 0, found.out + found.err
    report = study / "results" / "lab" / "report"
    assert 'id="grades"' in (report / "index.html").read_text()
    rows = (report / "tables" / "grades.csv").read_text().splitlines()
    assert {row.partition(",")[0] for row in rows[1:]} == {"scratch", "speedy", "released"}
    assert re.search(r"lab: (\d+) cells, \1 done", severe("plan", "lab").out)
    done = (study / "results" / "lab" / "results.csv").read_text()
    (cell,) = re.findall(r"(?m)^(\w+),scratch,rounds-means.*,top1,", done)
    shown = " ".join(severe("show", cell).out.split())
    assert "(with the packages installed that register frame_mean, class_means)" in shown


def test_a_change_of_the_package_makes_its_cells_new(study: Path, severe: Severe) -> None:
    file = study / "packages" / "mylab" / "grading.py"
    before = severe("plan", "lab", "--json").out
    file.write_text(FILES["mylab/grading.py"].replace("smooth_l1_loss", "mse_loss"))
    after = severe("plan", "lab", "--json").out
    file.write_text(FILES["mylab/grading.py"])
    ids = [set(re.findall(r'"id": "(\w+)"', text)) for text in (before, after)]
    assert ids[0]
    assert ids[0].isdisjoint(ids[1])


def test_of_a_large_package_plan_says_what_the_ids_hold(tmp_path: Path, study: Path) -> None:
    installed(tmp_path)
    for number in range(501):
        (tmp_path / "mylab" / f"more_{number}.py").touch()
    planned = caller(study)("plan", "lab", PYTHONPATH=f"{tmp_path}:{ROOT}").out
    (said,) = re.findall("plug-ins in a library, (.*?):", " ".join(planned.split()))
    assert sorted(said.split(", ")) == [
        "backbone frame_mean",
        "built-in world paces",
        "checkpoint layout queued",
        "dataset adapter graded",
        "pretraining method speed",
        "protocol class_means",
        "task grading",
    ]


def test_its_files_are_checked_and_its_checkpoint_is_known(severe: Severe) -> None:
    assert severe("data", "check", "dives", "--decode").code == 0
    found = severe("models", "check", "released.pt")
    assert found.code == 0
    assert "layout queued, backbone frame_mean" in found.out


@pytest.mark.parametrize("protocol", ["class_means", "knn"])
def test_a_protocol_is_refused_for_a_task_that_it_cannot_serve(
    study: Path, severe: Severe, protocol: str
) -> None:
    text = FILES["benchmarks.yaml"].replace("protocol: linear", f"protocol: {protocol}")
    (study / "other.yaml").write_text(text)
    found = severe("plan", "lab", "-c", "other.yaml")
    assert found.code == 2
    why = "neighbours cannot vote, since task grading has no `ballots`"
    assert f"protocol {protocol} cannot be used: {why}" in found.err


def test_it_has_every_seam_where_it_is() -> None:
    groups = {registry.group for registry in REGISTRIES} | {FACTORY_GROUP}
    assert set(re.findall(r"`(severe_bench\.\w+)`", TABLE)) == groups
    for place in set(re.findall(r"`([\w/]+(?:/|\.py))`", TABLE)):
        assert (ROOT / "severe_bench" / place).exists(), place


def test_its_package_registers_every_file_it_shows() -> None:
    shown = {name for name in FILES if name.endswith(".py")}
    named = set(re.findall(r"= (mylab\.\w+):", points(FILES["pyproject.toml"])))
    assert {name.replace("mylab.", "mylab/") + ".py" for name in named} == shown
    assert yaml.safe_load(FILES["benchmarks.yaml"])["version"] == 1
