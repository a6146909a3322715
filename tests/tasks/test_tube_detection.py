import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from severe_bench.core.errors import UserError
from severe_bench.core.extras import TUBES, Tube
from severe_bench.core.record import Dataset, Record
from severe_bench.metrics.measure import METRICS
from severe_bench.tasks.anchor_boxes import candidates, region_loss
from severe_bench.tasks.task import TASKS
from severe_bench.tasks.tube_detection import TUBE_DETECTION, TubeDetectionOptions, key_targets

BOX, OTHER = (0.0, 0.25, 0.5, 0.75), (0.5, 0.0, 1.0, 1.0)


def video(*tubes: Tube, split: str = "train") -> Record:
    return Record("v", "v.mp4", 0, split, extras=TUBES.set(tubes))  # type: ignore[arg-type]


RECORDS = (
    video(Tube(1, (2, 3), (BOX, OTHER)), Tube(0, (3,), (BOX,))),
    video(Tube(0, (0,), (BOX,))),
)
DATASET = Dataset("d", Path(), ("a", "b"), RECORDS)
GIVEN = TubeDetectionOptions(anchors=((0.5, 0.5), (0.5, 1.0)))


def test_is_registered_and_light() -> None:
    assert TASKS.get("tube_detection") is TUBE_DETECTION
    for name in TUBE_DETECTION.metrics:
        assert METRICS.get(name).metric.name == name
    assert TUBE_DETECTION.headline == "video_map_050"
    modules = "severe_bench.tasks.tube_detection, severe_bench.adapt.tubes.procedure"
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_targets_are_the_class_and_the_box_in_each_frame() -> None:
    targets = TUBE_DETECTION.bind(GIVEN, DATASET).targets(RECORDS)
    none = [math.nan] * 4
    assert targets.shape == (2, 2, 1 + 4 * 4)
    torch.testing.assert_close(
        targets[0, 0], torch.tensor([1, *none, *none, *BOX, *OTHER]), equal_nan=True
    )
    torch.testing.assert_close(
        targets[1, 0], torch.tensor([0, *BOX, *none, *none, *none]), equal_nan=True
    )
    assert targets[1, 1].isnan().all()


def test_a_class_that_is_not_there_is_refused() -> None:
    with pytest.raises(UserError, match="class id 2 is outside 0 to 1"):
        TUBE_DETECTION.bind(GIVEN, DATASET).targets([video(Tube(2, (0,), (BOX,)))])


def test_targets_of_a_key_frame() -> None:
    assert key_targets(RECORDS[0], 3).tolist() == [[*OTHER, 1], [*BOX, 0]]
    assert key_targets(RECORDS[0], 0).shape == (0, 5)


def test_given_anchors_are_used_by_head_loss_and_decoding() -> None:
    task = TUBE_DETECTION.bind(GIVEN, DATASET)
    outputs = task.head(6)(torch.randn(2, 6, 3, 3))
    assert outputs.shape == (2, 2, 7, 3, 3)
    anchors = torch.tensor(GIVEN.anchors)
    rows = torch.tensor([[[*BOX, 1.0]], [[*OTHER, 0.0]]])
    assert task.loss(outputs, rows) == region_loss(outputs, rows, anchors)
    found = task.merge(outputs, torch.ones(2))
    assert torch.equal(found, candidates(outputs, anchors))


def test_without_any_the_training_boxes_give_five() -> None:
    """All boxes are of two sizes."""
    task = TUBE_DETECTION.bind(TubeDetectionOptions(), DATASET)
    outputs = torch.zeros(1, 5, 7, 1, 1)
    assert task.head(6)(torch.randn(1, 6, 2, 2)).shape == (1, 5, 7, 2, 2)
    sizes = (
        task.merge(outputs, torch.ones(1))[0, :, 2:4] - task.merge(outputs, torch.ones(1))[0, :, :2]
    )
    assert {tuple(size) for size in sizes.round(decimals=4).tolist()} == {(0.5, 0.5), (0.5, 1.0)}


def test_without_boxes_there_are_no_anchors() -> None:
    task = TUBE_DETECTION.bind(TubeDetectionOptions(), Dataset("d", Path(), ("a",), (video(),)))
    with pytest.raises(UserError, match="no training video has a box"):
        task.merge(torch.zeros(1, 5, 6, 1, 1), torch.ones(1))


@pytest.mark.parametrize("options", [{"anchors": []}, {"anchors": [[0, 1]]}, {"every": 0}])
def test_senseless_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TubeDetectionOptions.model_validate(options)
