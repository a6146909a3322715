"""Results folders of every kind that a report meets, built once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from severe_bench.config.claims import Claim
from severe_bench.core.metric import Metric
from severe_bench.metrics import accuracy
from severe_bench.metrics.measure import METRICS, Measure
from severe_bench.report.build import build_report
from severe_bench.store.layout import Layout
from tests.analysis.builder import Trial, evaluate_cell, write_failed, write_suite

HOSTILE = ("None", "NA", "a,b", "<script>alert(1)</script>", "Übergröße $x^2$", 'quo"ted|pipe_&%')
MODELS = ("none", "supervised", "temporal_contrast", "tubelet_contrast")


def trial(name: str, factor: str, skills: tuple[float, ...], **rest: object) -> Trial:
    return Trial(name, factor, dict(zip(MODELS, skills, strict=True)), **rest)  # type: ignore[arg-type]


TRIALS = (
    trial("near-linear", "standard", (0.33, 0.50, 0.52, 0.38)),
    trial(
        "near-finetune",
        "standard",
        (0.50, 0.52, 0.48, 0.46),
        protocol="finetune",
        budget="400",
        setting="near-finetune",
    ),
    trial("far-motion", "domain", (0.14, 0.13, 0.15, 0.28), dataset="far_motion"),
    trial("far-gym", "domain", (0.18, 0.25, 0.31, 0.30), dataset="far_gym", groups=20),
    trial(
        "near-40",
        "samples",
        (0.35, 0.41, 0.38, 0.36),
        protocol="finetune",
        budget="40",
        setting="near-finetune",
    ),
    trial("fine-spin", "actions", (0.18, 0.18, 0.23, 0.69), dataset="fine_spin"),
    trial("fine-path", "actions", (0.20, 0.22, 0.25, 0.45), dataset="fine_path"),
)
CLAIMS = (
    Claim(experiment="fine-spin", better="tubelet_contrast", worse="none", why="only motion helps"),
    Claim(experiment="fine-spin", better="none", worse="tubelet_contrast"),
    Claim(experiment="nowhere", better="a", worse="b"),
)


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of 4 models x 7 experiments x 3 seeds, one cell failed and one not run."""
    results = tmp_path_factory.mktemp("whole")
    layout = Layout(results, "demo")
    cells = write_suite(layout, TRIALS)
    extra = Trial("near-20", "samples", {}, protocol="finetune", budget="20")
    failed, pending = evaluate_cell(extra, "none", 0), evaluate_cell(extra, "supervised", 0)
    write_failed(layout, failed, "CUDA out of memory: tried <2 GiB>")
    return build_report(results, "demo", CLAIMS, [*cells, failed, pending])


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of models with names that break careless programs."""
    results = tmp_path_factory.mktemp("hostile")
    skills = {name: 0.3 + 0.1 * i for i, name in enumerate(HOSTILE)}
    turned = {name: 0.9 - 0.1 * i for i, name in enumerate(HOSTILE)}
    trials = [
        Trial("NA", "standard", skills, videos=60),
        Trial("<b>ü, x</b>", "domain", turned, dataset="far", videos=60),
    ]
    write_suite(Layout(results, "demo"), trials, seeds=(0, 1))
    claim = Claim(experiment="NA", better=HOSTILE[3], worse="None", why="<i>why</i>")
    return build_report(results, "demo", [claim])


@pytest.fixture
def errors_metric(monkeypatch: pytest.MonkeyPatch) -> str:
    """A registered metric of which less is better: the error rate."""

    def wrong(scores: accuracy.Scores, targets: accuracy.Targets) -> float:
        return 100.0 - accuracy.top1(scores, targets)

    monkeypatch.setattr(
        accuracy,
        "ERROR_RATE",
        Measure(
            Metric("error_rate", "error rate", "%", worst=100.0, best=0.0),
            wrong,
            lambda scores, targets: 100.0 - accuracy.top1_hits(scores, targets),
        ),
        raising=False,
    )
    entry = "severe_bench.metrics.accuracy:ERROR_RATE"
    monkeypatch.setitem(METRICS._entries, "error_rate", entry)
    return "error_rate"


@pytest.fixture
def page_of(tmp_path: Path) -> Callable[..., str]:
    """Builds a suite and returns its page."""

    def build(*trials: Trial, seeds: tuple[int, ...] = (0, 1)) -> str:
        write_suite(Layout(tmp_path, "demo"), trials, seeds)
        return build_report(tmp_path, "demo").read_text()

    return build
