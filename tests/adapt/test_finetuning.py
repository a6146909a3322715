from pathlib import Path

import numpy as np
import pytest
import torch

from severe_bench.adapt.evaluate import run_evaluate
from severe_bench.adapt.finetuning import finetune
from severe_bench.adapt.inputs import Inputs
from severe_bench.adapt.network import WholeNetwork, seeded_head
from severe_bench.adapt.parts import PARTS_FOLDER
from severe_bench.core.errors import Interrupted
from severe_bench.core.record import Dataset
from severe_bench.data import sources
from severe_bench.data.store import VideoStore
from severe_bench.models.network import build_network
from severe_bench.tasks.recognition import RECOGNITION
from severe_bench.train.checkpoint import CHECKPOINT_FILE
from tests.adapt.fakes import NETWORK, THREE, evaluate_job, recipe, recognition_of
from tests.train.fakes import Wires

STEPS = 4 * 5


def inputs(dataset: Dataset, wires: Wires, **rest: object) -> Inputs:
    job = evaluate_job("finetune", **rest)
    train, test = dataset.of("train"), dataset.of("test")
    task = recognition_of(dataset)
    return Inputs(job, dataset, RECOGNITION, task, train, test, None, wires.session)


def trained_network(folder: Path) -> WholeNetwork:
    network = WholeNetwork(build_network(NETWORK, None), seeded_head(THREE, 8, 0))
    state = torch.load(folder / CHECKPOINT_FILE, weights_only=True)["module"]
    network.load_state_dict(state)
    return network


def test_scores_are_the_weighted_mean_of_softmax_over_test_clips(
    dataset: Dataset, tmp_path: Path
) -> None:
    """Computed apart, clip by clip in eval mode, from the trained network in the checkpoint."""
    done = finetune(inputs(dataset, Wires(tmp_path)))
    network, store = trained_network(tmp_path).eval(), VideoStore(dataset.root)
    clips = 0
    for record, found in zip(dataset.of("test"), done.scores, strict=True):
        views = sources.test_clips(store, record, recipe(), NETWORK.input)
        with torch.inference_mode():
            single = [network(clip[None])[0].softmax(0) for clip in views.clips]
        expected = sum(weight * score for weight, score in zip(views.weights, single, strict=True))
        np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-6)
        clips += len(single)
    assert done.cost.clips == 4 * 18 + clips


def test_backbone_and_head_both_train(dataset: Dataset, tmp_path: Path) -> None:
    finetune(inputs(dataset, Wires(tmp_path)))
    before = WholeNetwork(build_network(NETWORK, None), seeded_head(THREE, 8, 0))
    after = trained_network(tmp_path).state_dict()
    unchanged = [name for name, old in before.state_dict().items() if torch.equal(old, after[name])]
    assert unchanged == []


def test_interrupted_in_the_test_it_does_not_train_again(dataset: Dataset, tmp_path: Path) -> None:
    whole = finetune(inputs(dataset, Wires(tmp_path / "whole")))
    folder = tmp_path / "stopped"
    with pytest.raises(Interrupted, match="of 9 videos"):
        finetune(inputs(dataset, Wires(folder, stop=lambda call: call == STEPS + 3)))
    assert len(list((folder / PARTS_FOLDER).iterdir())) == 1
    resumed = Wires(folder)
    done = finetune(inputs(dataset, resumed))
    assert {report.stage for report in resumed.reports} == {"test"}
    assert resumed.reports[0].done > 3
    np.testing.assert_array_equal(done.scores, whole.scores)
    assert (done.cost.clips, done.cost.steps) == (whole.cost.clips, STEPS)


def test_losing_the_trained_weights_discards_what_they_tested(
    dataset: Dataset, tmp_path: Path
) -> None:
    """Trained again to other weights (another seed stands for that), no old score survives."""
    finetune(inputs(dataset, Wires(tmp_path / "cell")))
    (tmp_path / "cell" / CHECKPOINT_FILE).unlink()
    mixed = finetune(inputs(dataset, Wires(tmp_path / "cell"), seed=1))
    fresh = finetune(inputs(dataset, Wires(tmp_path / "fresh"), seed=1))
    np.testing.assert_array_equal(mixed.scores, fresh.scores)


def test_stages_are_reported_to_their_ends(dataset: Dataset, tmp_path: Path) -> None:
    wires = Wires(tmp_path)
    run_evaluate(evaluate_job("finetune"), dataset, None, wires.session)
    ends = {report.stage: (report.done, report.total) for report in wires.reports}
    assert ends == {"train": (STEPS, STEPS), "test": (9, 9)}


@pytest.mark.parametrize(
    "numerics", [{"micro_batch": 2}, {"precision": "bf16"}, {"channels_last": False}]
)
def test_numerics_change_bits_but_not_the_lesson(
    numerics: dict[str, object], dataset: Dataset, tmp_path: Path
) -> None:
    plan = recipe(schedule={"epochs": 30}, numerics=numerics)
    done = run_evaluate(
        evaluate_job("finetune", recipe=plan), dataset, None, Wires(tmp_path).session
    )
    assert done.metrics[0].value == 100.0
