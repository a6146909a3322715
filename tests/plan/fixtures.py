"""Fixtures shared by tests/config and tests/plan."""

from collections.abc import Callable
from pathlib import Path

import pytest

from severe_bench.adapt.protocol import PROTOCOLS
from severe_bench.config.loading import load_config
from severe_bench.config.schema import Config
from severe_bench.data.adapter import ADAPTERS
from severe_bench.models.backbone import BACKBONES
from severe_bench.models.layout import LAYOUTS
from severe_bench.pretrain.method import METHODS
from severe_bench.tasks.task import TASKS

HERE = "tests.plan.fakes"
ENTRIES = {
    ADAPTERS: {
        "world": f"{HERE}:WORLD",
        "folder": f"{HERE}:FOLDER",
        "skeletons": f"{HERE}:SKELETONS",
    },
    BACKBONES: {"net": f"{HERE}:NET", "fixed": f"{HERE}:FIXED"},
    METHODS: {"contrast": f"{HERE}:METHOD"},
    LAYOUTS: {"native": f"{HERE}:LAYOUT"},
    TASKS: {"recognition": f"{HERE}:TASK"},
    PROTOCOLS: {"linear": f"{HERE}:LINEAR", "finetune": f"{HERE}:FINETUNE"},
}

STUDY = """\
version: 1
datasets:
  source: {adapter: world, options: {world: source}}
  near: {adapter: world, options: {world: near}}
  real: {adapter: folder, root: real}
recipes:
  base:
    clip: {frames: 8, size: 48}
  probe:
    extends: base
    optimiser: {name: adamw, lr: 1e-2}
    feature_views: 2
  tune:
    extends: base
    schedule: {epochs: 30, kind: cosine}
pretraining:
  contrast:
    method: contrast
    dataset: source
    recipe: tune
models:
  none: {backbone: net}
  made: {backbone: net, pretrain: contrast}
  filed:
    backbone: net
    checkpoint: weights.pt
    layout: native
    provenance: {kind: ssl, method: elsewhere}
experiments:
  near-linear:
    factor: standard
    dataset: near
    task: recognition
    protocol: linear
    budget: {count: 200, draw: cell}
    recipe: probe
  near-tune:
    factor: samples
    dataset: near
    task: recognition
    protocol: finetune
    budget: {count: 40}
    recipe: {short: tune, long: tune-long}
  real-linear:
    factor: domain
    dataset: real
    task: recognition
    protocol: linear
    recipe: probe
suites:
  demo:
    blocks:
      - {models: "*", experiments: "*", seeds: [0, 1]}
"""
STUDY = STUDY.replace(
    "pretraining:\n", "  tune-long: {extends: tune, schedule: {epochs: 60}}\npretraining:\n"
)

Study = Callable[..., Config]


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the fake things are registered."""
    for registry, entries in ENTRIES.items():
        monkeypatch.setattr(registry, "_entries", entries)


@pytest.fixture
def study(fakes: None, tmp_path: Path) -> Study:
    """The little study above; each argument pair replaces text in its yaml."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "list.txt").write_text("a 0\n")
    (tmp_path / "weights.pt").write_bytes(b"PK\x03\x04weights")

    def load(*replacements: tuple[str, str], text: str = STUDY) -> Config:
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "benchmarks.yaml"
        path.write_text(text)
        return load_config(path, {})

    return load
