"""Every suite of the study, from official annotation files to metrics, on stand-ins.

The sample runs with all tests; `-m full` runs every experiment of `severe-full`, finetuned and
probed, and every released checkpoint at its full size.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
import yaml

from severe_bench.config.find import PACKAGED
from severe_bench.config.loading import load_config
from severe_bench.plan.grid import Filters, grid
from severe_bench.store.layout import Layout
from severe_bench.store.table import table_of
from tests.models import upstream
from tests.models.test_layouts import RELEASED, Released
from tests.standins.running import NARROW, SHRINK, assert_measured, results_of, shrunken

Environ = Mapping[str, str]
PRESETS = {"as-written", "as-run"}
UNRELEASED = {"ucf-det", "ucf-aot"}
"""As written only: without released code nothing would differ."""
SAMPLE = {
    "severe": ("fx-s1", "ucf-rc", "charades"),
    "domain": ("ssv2", "ek100-linear", "k400-linear"),
    "samples": ("ntu60-samples-4000", "ucf101-linear-samples-2000"),
    "actions": ("gym-vault", "gym288"),
    "tasks": ("ucf-det", "ucf-aot", "ava"),
    "ek100": ("ek100",),
    "temporal-awareness": ("ucf101-frames-1", "charades-frames-8x4", "ava-frames-128x2"),
    "hmdb51": ("hmdb51",),
    "diving48": ("diving48",),
}
TASKS = ("ek100", "ucf-det", "ucf-rc", "ucf-aot", "charades", "ava", "fx-s1")
"""One experiment of every task."""


def one(*experiments: str, model: str = "moco") -> Filters:
    return Filters(models=(model,), experiments=experiments, seeds=("0",))


@pytest.mark.parametrize("suite", SAMPLE)
def test_a_sample_of_every_suite(environ: Environ, tmp_path: Path, suite: str) -> None:
    model = "supervised_k400" if suite == "temporal-awareness" else "moco"
    chosen = SAMPLE[suite]
    found = results_of(shrunken(environ), suite, Layout(tmp_path, suite), one(*chosen, model=model))
    presets = {name: {"as-written"} if name in UNRELEASED else PRESETS for name in chosen}
    assert set(found) == {(model, name, preset) for name in chosen for preset in presets[name]}
    for result in found.values():
        assert_measured(result)


def other_protocol(folder: Path, names: tuple[str, ...]) -> Path:
    """An overlay in which finetuned experiments are probed, and the last state is taken."""
    config = load_config(PACKAGED, {})
    experiments = {
        name: config.experiments[name].model_dump(mode="json", exclude_defaults=True)
        | {"protocol": "linear",
           "set": {"recipe.selection.model": "last", "recipe.test.precise_norms": 0}}
        for name in names
    }  # fmt: skip
    path = folder / "linear.yaml"
    content = {
        "version": 1,
        "include": [str(NARROW)],
        "replaces": [f"experiments.{name}" for name in names],
        "experiments": experiments,
        "suites": {"probed": {"blocks": [{"models": "moco", "experiments": list(names)}]}},
    }
    path.write_text(yaml.safe_dump(content))
    return path


def probed(environ: Environ, tmp_path: Path, names: tuple[str, ...]) -> None:
    config = shrunken(environ, other_protocol(tmp_path, names))
    found = results_of(config, "probed", Layout(tmp_path, "probed"), Filters())
    assert {experiment for _, experiment, _ in found} == set(names)
    for result in found.values():
        assert_measured(result)
        assert result.label is not None
        assert result.label.protocol == "linear"


def test_every_task_is_probed_too(environ: Environ, tmp_path: Path) -> None:
    probed(environ, tmp_path, TASKS)


def test_a_state_chosen_on_the_test_split_is_marked(environ: Environ, tmp_path: Path) -> None:
    config, layout = shrunken(environ), Layout(tmp_path, "severe")
    found = results_of(config, "severe", layout, one("ub-s1", "ucf-rc"))
    for (_, _, preset), result in found.items():
        chosen = preset == "as-run"
        assert result.selected_on == ("test" if chosen else "")
        assert result.selected_epoch == (1 if chosen else None)
    cells = [cell for cell in _cells(config) if cell.label and cell.label.model == "moco"]
    rows = table_of(layout, cells)
    assert {(row.preset, row.selected_on) for row in rows} == {
        ("as-written", ""),
        ("as-run", "test"),
    }


def _cells(config):  # noqa: ANN001, ANN202
    from severe_bench.plan.build import plan_suite

    return plan_suite(config, "severe", one("ub-s1", "ucf-rc")).cells


def test_a_released_file_of_full_size(environ: Environ, tmp_path: Path) -> None:
    """R(2+1)D-18 itself, from the file that MoCo's authors would have released."""
    config = shrunken(full_size(environ, tmp_path, "moco"), SHRINK)
    found = results_of(config, "domain", Layout(tmp_path, "domain"), one("k400-linear"))
    assert {preset for _, _, preset in found} == PRESETS
    for result in found.values():
        assert_measured(result)


def full_size(environ: Environ, folder: Path, model: str) -> dict[str, str]:
    """A released file of a model, under its own name; where it lies."""
    entry = load_config(PACKAGED, {}).models[model]
    released = next(r for r in RELEASED if r.layout == entry.layout)
    path = folder / "full" / Path(entry.checkpoint or "").name
    path.parent.mkdir(exist_ok=True)
    _write(released, path)
    return {**environ, "SEVERE_CHECKPOINTS": str(path.parent)}


def _write(released: Released, path: Path) -> None:
    tensors = {name: _calm(name, t) for name, t in upstream.drawn(released.shapes()).items()}
    torch.save(released.wrap(tensors), path)


def _calm(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """Values as at the start of training, with which no feature overflows."""
    if name.endswith(("running_var", "running_mean")) or tensor.dim() < 2:
        return torch.full_like(tensor, 0 if name.endswith(("mean", "bias", "tracked")) else 1)
    return torch.randn(tensor.shape) * (2 / tensor[0].numel()) ** 0.5


@pytest.mark.full
@pytest.mark.parametrize("model", [
    "moco", "video_moco", "selavi", "pretext_contrast", "rspnet", "avid_cma", "ctp", "tclr", "gdt",
    "supervised_k400", "tubelet_contrast_k400",
])  # fmt: skip
def test_every_released_file_of_full_size(environ: Environ, tmp_path: Path, model: str) -> None:
    suite = "tubelet-contrast" if model.startswith("tubelet") else "samples"
    experiment = "ucf-1k" if suite == "tubelet-contrast" else "ucf101-linear-samples-1000"
    config = shrunken(full_size(environ, tmp_path, model), SHRINK)
    found = results_of(config, suite, Layout(tmp_path, suite), one(experiment, model=model))
    assert len(found) == 2
    for result in found.values():
        assert_measured(result)


@pytest.mark.full
def test_every_experiment_of_the_study(environ: Environ, tmp_path: Path) -> None:
    config = shrunken(environ)
    layout = Layout(tmp_path, "severe-full")
    found = results_of(config, "severe-full", layout, one("*"))
    found |= results_of(config, "severe-full", layout, one("*-frames-*", model="supervised_k400"))
    entries = grid(config, "severe-full")
    assert {(e.experiment, e.preset) for e in entries} == {key[1:] for key in found}
    for result in found.values():
        assert_measured(result)


@pytest.mark.full
def test_every_finetuned_experiment_is_probed_too(environ: Environ, tmp_path: Path) -> None:
    config = load_config(PACKAGED, {})
    entries = grid(config, "severe-full")
    names = dict.fromkeys(e.experiment for e in entries if "samples" not in e.experiment)
    finetuned = [n for n in names if config.experiments[n].protocol == "finetune"]
    probed(environ, tmp_path, tuple(n for n in finetuned if "frames" not in n))
