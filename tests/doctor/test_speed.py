"""Both rates are measured on real clips; what is said about them follows from the two numbers."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from torch import Tensor
from typer.testing import CliRunner

from severe_bench.cli.main import app
from severe_bench.core.errors import UserError
from severe_bench.core.remarks import remark
from severe_bench.data.procedural.generate import generate
from severe_bench.data.procedural.spec import WorldSpec
from severe_bench.doctor import speed
from severe_bench.doctor.finding import Finding
from severe_bench.doctor.speed import Speed, Trial
from tests.adapt.fakes import NETWORK, Tiny, make_dataset, recipe

STUDY = """\
version: 1
datasets:
  film: {adapter: manifest, root: world}
recipes:
  quick:
    clip: {frames: 8, size: 32, sampling: stride, stride: 1}
    batch_size: 4
models:
  none: {backbone: r2plus1d_narrow}
experiments:
  film-knn: {factor: domain, dataset: film, task: recognition, protocol: knn, recipe: quick}
  film: {factor: domain, dataset: film, task: recognition, protocol: finetune, recipe: quick}
suites:
  s: {blocks: [{models: none, experiments: "*", seeds: [0]}]}
"""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "SECONDS", 0.01)


def balance(decoding: float, network: float, loaders: int) -> Finding:
    found = Speed(decoding=decoding, network=network, device="cuda", loaders=loaders).findings
    assert [finding.check for finding in found] == ["decoding", "network", "balance"]
    assert found[0].seen == f"{decoding:.1f} clips/s in one process"
    assert found[1].seen == f"{network:.1f} clips/s trained on cuda"
    return found[2]


@pytest.mark.parametrize(
    ("decoding", "network", "loaders", "verdict", "said"),
    [
        (10.0, 100.0, 8, "note", "the network starves: 10 loaders would feed it, there are 8"),
        (10.0, 79.0, 8, "ok", "loaders wait for the network: 8 of 8 would feed it"),
        (200.0, 100.0, 8, "ok", "loaders wait for the network: 1 of 8 would feed it"),
        (30.0, 10.0, 0, "ok", "one process does both: 25 % of its time goes into decoding"),
        (10.0, 30.0, 0, "note", "one process does both: 75 % of its time goes into decoding"),
    ],
)
def test_who_waits_for_whom(
    decoding: float, network: float, loaders: int, verdict: str, said: str
) -> None:
    finding = balance(decoding, network, loaders)
    assert (finding.verdict, finding.seen) == (verdict, said)
    assert bool(finding.mend) == (verdict == "note")


def test_a_last_batch_that_is_dropped_is_not_waited_for(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path, train=6, test=1)
    found = Trial(dataset, recipe(drop_last=True), Tiny(), NETWORK.input, "cpu").speed()
    assert min(found.decoding, found.network) > 0


def test_a_dataset_without_training_videos_is_said(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path, train=1, test=1)
    bare = replace(dataset, records=dataset.of("test"))
    with pytest.raises(UserError, match="no training video"):
        Trial(bare, recipe(), Tiny(), NETWORK.input, "cpu").speed()


def test_what_the_network_says_of_itself_is_passed_on(tmp_path: Path) -> None:
    class Talks(Tiny):
        def forward(self, clips: Tensor) -> Tensor:
            remark("it ran without")
            return super().forward(clips)

    dataset = make_dataset(tmp_path, train=4, test=1)
    found = Trial(dataset, recipe(), Talks(), NETWORK.input, "cpu").speed()
    assert found.remarks == ("it ran without",)
    (note,) = found.findings[3:]
    assert (note.check, note.verdict, note.seen) == ("network", "note", "it ran without")


def test_every_clip_is_decoded_and_taken(tmp_path: Path) -> None:
    dataset, network = make_dataset(tmp_path, train=9, test=1), Tiny()
    before = network.norm.running_mean.clone()
    found = Trial(dataset, recipe(), network, NETWORK.input, "cpu").speed()
    assert found.decoding > 0
    assert found.network > 0
    assert found.loaders == 0
    assert all(parameter.grad is not None for parameter in network.parameters())
    assert not before.equal(network.norm.running_mean)


def test_as_a_command(tmp_path: Path) -> None:
    generate(WorldSpec(world="near", train=8, test=4, size=48), tmp_path / "world")
    config = tmp_path / "benchmarks.yaml"
    config.write_text(STUDY)
    options = ["--config", str(config), "--results", str(tmp_path / "r")]
    done = CliRunner().invoke(app, ["doctor", "--bench", "film", "none", "--json", *options])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [finding["check"] for finding in found] == ["decoding", "network", "balance"]
    assert all(float(finding["seen"].split()[0]) > 0 for finding in found[:2])
    wrong = CliRunner().invoke(app, ["doctor", "--bench", "film", "nobody", *options])
    assert isinstance(wrong.exception, UserError)
    assert "no suite evaluates the model 'nobody' on the dataset 'film'" in str(wrong.exception)
