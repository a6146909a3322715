from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from severe_bench.adapt.counting.anchors import Outputs
from severe_bench.adapt.counting.inference import reading, together
from severe_bench.adapt.counting.pixels import Look, PartReader, SegmentReader
from severe_bench.adapt.counting.states import States, window
from severe_bench.adapt.evaluate import Evaluation, run_evaluate
from severe_bench.adapt.network import WholeNetwork
from severe_bench.adapt.parts import PARTS_FOLDER
from severe_bench.core.errors import Interrupted, NotFinite, UserError
from severe_bench.core.record import Dataset
from severe_bench.data.store import VideoStore
from severe_bench.models.network import build_network
from severe_bench.plan.job import EvaluateJob
from severe_bench.tasks.counting import COUNTING, CountingOptions
from severe_bench.train.checkpoint import CHECKPOINT_FILE
from tests.adapt.counting.fakes import NETWORK, counting_job, recipe
from tests.adapt.fakes import broken_after_training
from tests.train.fakes import Wires, assert_same

STEPS = 2 * 4 * 4
"""Two epochs of 16 sub-clips in batches of 4, rolled out for 4 steps."""


def evaluated(job: EvaluateJob, beats: Dataset, folder: Path, **wires: Any) -> Evaluation:
    return run_evaluate(job, beats, None, Wires(folder, **wires).session)


def state_in(folder: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = torch.load(folder / CHECKPOINT_FILE, weights_only=True)[
        "module"
    ]
    return found


def trained_network(folder: Path) -> WholeNetwork:
    head = COUNTING.bind(CountingOptions(), Dataset("x", Path(), (), ())).head(8)
    network = WholeNetwork(build_network(NETWORK, None), head)
    state = {
        name.removeprefix("network."): tensor
        for name, tensor in state_in(folder).items()
        if name.startswith("network.")
    }
    network.load_state_dict(state)
    return network.eval()


@pytest.mark.parametrize("protocol", ["finetune", "linear"])
def test_counts_are_those_of_the_trained_network_window_by_window(
    beats: Dataset, tmp_path: Path, protocol: str
) -> None:
    """Every test video alone and every window alone, from the network in the checkpoint."""
    found = evaluated(counting_job(protocol), beats, tmp_path)
    network, look = trained_network(tmp_path), Look(NETWORK.input, "mean_values", 8)
    options = CountingOptions.model_validate(counting_job(protocol).task_options)
    read = SegmentReader(PartReader(VideoStore(beats.root), 8), beats.of("test"))
    windows = 0
    for number, score in enumerate(found.predictions.scores):
        rows = torch.from_numpy(read(number))

        def predict(asked: list[States], rows: torch.Tensor = rows) -> list[Outputs]:
            outputs = []
            for seen in window(asked[0], 8, 1.0):
                missing = torch.tensor([[not 0 <= place < len(rows) for place in seen]])
                chosen = rows[np.clip(seen, 0, len(rows) - 1)][None]
                with torch.inference_mode():
                    outputs.append(network(look.clips(chosen, missing))[0].numpy())
            return [np.stack(outputs)]

        frequencies, looked = together([reading(len(rows), options)], predict)[0]  # type: ignore[arg-type]
        assert score == round(len(rows) * frequencies.mean())
        windows += looked
    assert found.predictions.targets.tolist() == [len(r.extras["starts"]) for r in beats.of("test")]  # type: ignore[arg-type]
    assert found.cost.clips == _trained_clips(tmp_path) + windows
    assert [metric.name for metric in found.metrics] == ["counting_error", "obo"]
    assert found.metrics[0].headline


def _trained_clips(folder: Path) -> int:
    return int(torch.load(folder / CHECKPOINT_FILE, weights_only=True)["tally"]["clips"])


@pytest.mark.parametrize("protocol", ["finetune", "linear"])
def test_stopping_after_every_step_changes_no_bit(
    beats: Dataset, tmp_path: Path, protocol: str
) -> None:
    """In the middle of rollouts, and between blocks of the test."""
    job = counting_job(protocol)
    whole = evaluated(job, beats, tmp_path / "whole")
    folder = tmp_path / "stopped"
    interruptions = 0
    while True:
        try:
            pieces = evaluated(job, beats, folder, stop=lambda call: call == 1)
        except Interrupted:
            interruptions += 1
        else:
            break
    assert interruptions >= STEPS
    assert_same(state_in(folder), state_in(tmp_path / "whole"))
    np.testing.assert_array_equal(pieces.predictions.scores, whole.predictions.scores)
    assert (pieces.cost.clips, pieces.cost.final_loss) == (whole.cost.clips, whole.cost.final_loss)


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the process is saved."""


@pytest.mark.parametrize("moment", [2, 7, 13, 31])
def test_being_killed_loses_the_work_since_the_last_checkpoint_and_no_bit(
    beats: Dataset, tmp_path: Path, moment: int
) -> None:
    job = counting_job("finetune")
    evaluated(job, beats, tmp_path / "whole")

    def stop(call: int) -> bool:
        if call == moment:
            raise Killed
        return False

    with pytest.raises(Killed):
        evaluated(job, beats, tmp_path / "killed", stop=stop, due=lambda call: call % 3 == 2)
    evaluated(job, beats, tmp_path / "killed")
    assert_same(state_in(tmp_path / "killed"), state_in(tmp_path / "whole"))


def test_finetuning_changes_everything_and_probing_the_head_only(
    beats: Dataset, tmp_path: Path
) -> None:
    before = build_network(NETWORK, None).state_dict()
    for protocol in ("finetune", "linear"):
        evaluated(counting_job(protocol), beats, tmp_path / protocol)
    for protocol, same in (("finetune", 0), ("linear", len(before))):
        after = trained_network(tmp_path / protocol).backbone.state_dict()
        assert sum(torch.equal(before[name], after[name]) for name in before) == same


def test_batch_normalisation_may_drift_in_a_probe(beats: Dataset, tmp_path: Path) -> None:
    """As in SEVERE's linear evaluation: no parameter moves, the running statistics do."""
    plan = recipe(probe={"reads": "clips", "batch_norm": "train"})
    evaluated(counting_job("linear", recipe=plan), beats, tmp_path)
    before = build_network(NETWORK, None)
    after = trained_network(tmp_path).backbone
    for name, tensor in before.named_parameters():
        assert torch.equal(tensor, after.get_parameter(name))
    moved = after.get_buffer("norm.running_mean")
    assert not torch.equal(before.get_buffer("norm.running_mean"), moved)


def test_the_best_epoch_on_the_test_split_is_taken_on_request_only(
    beats: Dataset, tmp_path: Path
) -> None:
    """Every look is the whole test, so the error cannot be above that of the last epoch."""
    plan = {"schedule": {"epochs": 4, "kind": "constant"}, "optimiser": {"lr": 0.05}}
    last = evaluated(counting_job("finetune", recipe=recipe(**plan)), beats, tmp_path / "last")
    plan["selection"] = {"model": "best_test"}
    best = evaluated(counting_job("finetune", recipe=recipe(**plan)), beats, tmp_path / "best")
    assert last.selected_epoch is None
    assert best.selected_epoch in (1, 2, 3, 4)
    assert best.metrics[0].value <= last.metrics[0].value


@pytest.mark.parametrize("numerics", [{"precision": "bf16"}, {"micro_batch": 3}])
def test_other_numerics_count_too(
    beats: Dataset, tmp_path: Path, numerics: dict[str, object]
) -> None:
    found = evaluated(counting_job("finetune", recipe=recipe(numerics=numerics)), beats, tmp_path)
    assert np.isfinite(found.predictions.scores).all()
    assert found.cost.steps == STEPS
    assert all(tensor.dtype != torch.bfloat16 for tensor in state_in(tmp_path).values())


def test_seeds_give_other_sub_clips_and_heads(beats: Dataset, tmp_path: Path) -> None:
    for seed in (0, 1):
        evaluated(counting_job("linear", seed=seed), beats, tmp_path / str(seed))
    heads = [state_in(tmp_path / str(seed))["network.head.0.weight"] for seed in (0, 1)]
    assert not torch.equal(*heads)


@pytest.mark.parametrize("frames", [2, 7])
def test_a_window_needs_two_halves(beats: Dataset, tmp_path: Path, frames: int) -> None:
    job = counting_job("finetune", recipe=recipe(clip={"frames": frames, "size": 8}))
    with pytest.raises(UserError, match="cannot be halved into two cycles"):
        evaluated(job, beats, tmp_path)


def test_statistics_over_clips_are_refused(beats: Dataset, tmp_path: Path) -> None:
    job = counting_job("finetune", recipe=recipe(test={"precise_norms": 3}))
    with pytest.raises(UserError, match="counting trains on rollouts"):
        evaluated(job, beats, tmp_path)


def test_what_was_tested_is_not_tested_again(
    beats: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nine videos in blocks of eight: stopped after the first block, one video is left."""
    read: list[int] = []
    original = SegmentReader.__call__

    def note(self: SegmentReader, number: int) -> Any:
        read.append(number)
        return original(self, number)

    monkeypatch.setattr(SegmentReader, "__call__", note)
    with pytest.raises(Interrupted, match="stopped after 8 of 9 videos"):
        evaluated(counting_job("linear"), beats, tmp_path, stop=lambda call: call == STEPS + 1)
    assert list((tmp_path / PARTS_FOLDER).glob("test-*.npz"))
    read.clear()
    evaluated(counting_job("linear"), beats, tmp_path)
    assert read == [8]


@pytest.mark.parametrize("protocol", ["finetune", "linear"])
def test_a_network_that_gives_nan_counts_nothing(
    beats: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    """Every comparison with NaN is false, and the count was the number of frames."""
    broken_after_training(monkeypatch, "counting.adapting")
    with pytest.raises(NotFinite, match="the network's outputs hold NaN or infinity"):
        evaluated(counting_job(protocol), beats, tmp_path)
