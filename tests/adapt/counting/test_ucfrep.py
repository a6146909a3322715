"""From UCFRep's official files to a counting error."""

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from severe_bench.adapt.evaluate import run_evaluate
from severe_bench.core.record import Dataset
from severe_bench.data.adapter import Location
from severe_bench.data.datasets.ucfrep import UCFREP, UcfRepOptions
from severe_bench.data.repetitions import offsets
from severe_bench.metrics.counting import counting_error, off_by_one
from tests.adapt.counting.fakes import counting_job, write_beats
from tests.train.fakes import Wires

COUNTS = {"train": (2, 3, 5, 4), "val": (2, 3, 4, 8)}
CONSTANT = {
    3: (1 / 2 + 0 + 1 / 4 + 5 / 8) / 4,
    4: (2 / 2 + 1 / 3 + 0 + 4 / 8) / 4,
    5: (3 / 2 + 2 / 3 + 1 / 4 + 3 / 8) / 4,
}
"""Of the counts in `val`, by hand."""


def write_ucfrep(root: Path) -> None:
    """`annotations/{train,val}/<video>.mat` and the videos in UCF101's folders."""
    for folder, first in (("train", 1), ("val", 21)):
        for number, count in enumerate(COUNTS[folder]):
            video = f"v_PullUps_g{first + number:02d}_c01"
            bounds = (1 + np.arange(count + 1) * (6 + number)).tolist()
            path = root / "annotations" / folder / f"{video}.mat"
            path.parent.mkdir(parents=True, exist_ok=True)
            label = {
                "duration": bounds[-1],
                "start_frame": 1,
                "end_frame": bounds[-1],
                "temporal_bound_num": len(bounds),
                "temporal_bound": np.array(bounds, dtype=np.uint8)[:, None],
                "offset_next_estimate": offsets(bounds).next[None],
                "offset_pre_estimate": offsets(bounds).previous[None],
            }
            savemat(path, {"label": label})
            film = root / "videos" / "PullUps" / f"{video}.avi"
            film.parent.mkdir(parents=True, exist_ok=True)
            write_beats(film, [bound - 1 for bound in bounds], bounds[-1])


@pytest.fixture(scope="module")
def ucfrep(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    root = tmp_path_factory.mktemp("ucfrep")
    write_ucfrep(root)
    return UCFREP.load(UcfRepOptions(), Location(root / "videos", root / "annotations"))


@pytest.mark.parametrize("protocol", ["finetune", "linear"])
def test_official_files_are_trained_on_and_tested(
    ucfrep: Dataset, tmp_path: Path, protocol: str
) -> None:
    found = run_evaluate(counting_job(protocol), ucfrep, None, Wires(tmp_path).session)
    assert found.predictions.targets.tolist() == list(COUNTS["val"])
    said = found.predictions.scores
    assert np.array_equal(said, said.round())
    assert found.metrics[0].value == pytest.approx(
        np.mean([abs(s - c) / c for s, c in zip(said, COUNTS["val"], strict=True)])
    )
    assert found.metrics[0].n == 4


@pytest.mark.parametrize("count", [3, 4, 5])
def test_constant_predictors_have_the_error_computed_by_hand(ucfrep: Dataset, count: int) -> None:
    targets = np.array([record.extras["count"] for record in ucfrep.of("test")])
    said = np.full(len(targets), count, dtype=np.float32)
    assert counting_error(said, targets) == pytest.approx(CONSTANT[count], abs=1e-12)
    assert off_by_one(said, targets) == {3: 75.0, 4: 50.0, 5: 25.0}[count]
