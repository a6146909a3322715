"""Profiles: layers of what is asked for, and mistakes told in one line."""

from pathlib import Path

import pytest

from severe_bench.core.errors import UserError
from severe_bench.run.cluster.profile import Asks, Profile, find_profile, read_profile
from tests.run.grids import dataset, evaluate

SHIPPED = Path(__file__).parents[3] / "slurm" / "profile.yaml"


def written(folder: Path, text: str) -> Path:
    path = folder / "profile.yaml"
    path.write_text(text)
    return path


def test_the_shipped_profile_states_the_defaults() -> None:
    shipped = read_profile(SHIPPED)
    for needs_gpu in (True, False):
        asks = shipped.asks_of(evaluate(0), needs_gpu=needs_gpu)
        assert asks == Profile().asks_of(evaluate(0), needs_gpu=needs_gpu)
    assert shipped.model_copy(update={"gpu": Asks(), "cpu": Asks()}) == Profile()


def test_a_key_that_is_left_out_keeps_its_default(tmp_path: Path) -> None:
    """In a section that is there, and under what stands for every task."""
    profile = read_profile(written(tmp_path, "every: {memory_gb: 2}\ngpu: {cpus: 4}\n"))
    gpu = profile.asks_of(evaluate(0), needs_gpu=True)
    assert (gpu.gpus, gpu.cpus, gpu.memory_gb) == (1, 4, 2)
    cpu = profile.asks_of(evaluate(0), needs_gpu=False)
    assert (cpu.gpus, cpu.cpus, cpu.memory_gb) == (0, 1, 2)


def test_layers_in_their_order(tmp_path: Path) -> None:
    text = (
        "every: {partition: normal, account: mine, sbatch: {reservation: r}}\n"
        "gpu: {partition: gpu, memory_gb: 48, sbatch: {nice: 100}}\n"
        "experiments:\n  'ne*': {memory_gb: 96}\n"
    )
    asks = read_profile(written(tmp_path, text)).asks_of(evaluate(0), needs_gpu=True)
    assert asks.partition == "gpu"
    assert asks.account == "mine"
    assert asks.memory_gb == 96
    assert asks.sbatch == {"reservation": "r", "nice": 100}


def test_cells_without_a_backbone_ask_for_no_gpu() -> None:
    assert Profile().asks_of(dataset(), needs_gpu=False).gpus == 0
    assert Profile().asks_of(dataset(), needs_gpu=True).gpus == 1


def test_no_gpu_can_be_asked_for_over_one() -> None:
    assert Asks(gpus=1).under(Asks(gpus=0)).gpus == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gpu: {gpu: 1}\n", r"gpu\.gpu: unknown.*did you mean gpus"),
        ("gpu: {gpus: many}\n", r"gpu\.gpus: "),
        ("task_minutes: 0\n", "task_minutes: "),
        ("gpu: {longest_minutes: 2}\n", "longest_minutes is 2, .* make it 4 or more"),
        ("a: [", "cannot be read"),
        ("- a\n- b\n", "mapping"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        read_profile(written(tmp_path, text))
    assert "\n" not in str(caught.value)
    assert "profile.yaml" in str(caught.value)


def test_where_a_profile_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEVERE_SLURM_PROFILE", raising=False)
    assert find_profile(None) == Profile()
    (tmp_path / "slurm").mkdir()
    (tmp_path / "slurm" / "profile.yaml").write_text("parallel: 3\n")
    assert find_profile(None).parallel == 3
    named = written(tmp_path, "parallel: 4\n")
    monkeypatch.setenv("SEVERE_SLURM_PROFILE", str(named))
    assert find_profile(None).parallel == 4
    assert find_profile(tmp_path / "slurm" / "profile.yaml").parallel == 3
    with pytest.raises(UserError, match="cannot be read"):
        find_profile(tmp_path / "nowhere.yaml")
