"""Will a model work? Every kind of work on two tiny clips, in seconds instead of hours."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from severe_bench.adapt.network import TaskObjective, WholeNetwork, features_of, frozen, seeded_head
from severe_bench.config.recipe import Clip, Recipe
from severe_bench.core.errors import UserError
from severe_bench.core.record import Dataset
from severe_bench.models.maps import feature_maps
from severe_bench.models.network import build_network, feature_width
from severe_bench.plan.job import NetworkRef
from severe_bench.tasks.recognition import RECOGNITION
from severe_bench.tasks.task import NoOptions
from severe_bench.train.batch import Batch
from severe_bench.train.numerics import place

CLASSES = 2
BATCH = 2


@dataclass(frozen=True)
class Stage:
    """One kind of work that a model was put through.

    Args:
        seen: what came out, in words; what went wrong, if `ok` is false.
    """

    name: str
    ok: bool
    seconds: float
    seen: str


def mock_run(
    ref: NetworkRef, weights_file: Path | None, clip: Clip, device: str = "cpu"
) -> Iterator[Stage]:
    """Build a model, then forward, a finetune step, feature extraction and a probe step.

    Stops after the first stage that fails.

    Args:
        ref: the model as data.
        weights_file: of the sources `file` and `pretrain`.
        clip: frames and size are read.
        device: where to run.
    """
    trial = _Trial(ref, weights_file, Recipe(clip=clip, batch_size=BATCH), device)
    for name, work in (
        ("build", trial.build),
        ("forward", trial.forward),
        ("features", trial.features),
        ("probe", trial.probe),
        ("finetune", trial.finetune),
    ):
        stage = _timed(name, work)
        yield stage
        if not stage.ok:
            return


def _timed(name: str, work: Callable[[], str]) -> Stage:
    began = time.perf_counter()
    try:
        seen, ok = work(), True
    except Exception as error:  # foreign code may fail in any way, and that is the answer
        text = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        seen, ok = " ".join(text.split()), False
    return Stage(name, ok, time.perf_counter() - began, seen)


class _Trial:
    """One model going through the stages."""

    def __init__(self, ref: NetworkRef, file: Path | None, recipe: Recipe, device: str) -> None:
        self.ref, self.file, self.recipe, self.device = ref, file, recipe, device
        dataset = Dataset("mock", Path(), tuple(map(str, range(CLASSES))), ())
        self.assignment = RECOGNITION.bind(NoOptions(), dataset)
        self.network: nn.Module = nn.Identity()
        self.width = 0
        self.table = torch.empty(0)
        generator = torch.Generator().manual_seed(0)
        shape = (BATCH, 3, recipe.clip.frames, recipe.clip.size, recipe.clip.size)
        self.clips = torch.randn(shape, generator=generator)
        self.targets = torch.arange(BATCH) % CLASSES

    def build(self) -> str:
        self.network = build_network(self.ref, self.file)
        count = sum(parameter.numel() for parameter in self.network.parameters())
        return f"{count:,} parameters; {self._origin()}"

    def _origin(self) -> str:
        """Where the weights are from; a file fits in every tensor, or building has failed."""
        if self.ref.weights.source == "none" or self.file is None:
            return "random weights"
        tensors = len(self.network.state_dict())
        return f"{tensors} of {tensors} tensors from {self.file.name}"

    def forward(self) -> str:
        clip = self.recipe.clip
        self.width = feature_width(self.ref.backbone, self.network, clip.frames, clip.size)
        place(self.network, self.recipe.numerics, self.device)
        features = self._read()
        if tuple(features.shape) != (BATCH, self.width):
            what = f"{BATCH} clips became {tuple(features.shape)}, not ({BATCH}, {self.width})"
            raise UserError(what, self.ref.backbone, "return one vector for each clip")
        if not features.isfinite().all():
            raise UserError("features are not finite", self.ref.backbone, "check the weights")
        return f"{self.width} features of each clip"

    def features(self) -> str:
        """Frozen, and the same again; a feature must depend on its own clip only."""
        with frozen(self.network):
            self.table, again = self._read(), self._read()
            alone = features_of(self.network, self.clips[:1], self.recipe, self.device)
        if not torch.equal(self.table, again):
            raise UserError("the same clip has other features each time, in eval mode")
        if not torch.allclose(alone, self.table[:1], rtol=1e-3, atol=1e-4):
            raise UserError("a clip's features depend on what else is in the batch, in eval mode")
        return f"frozen, repeatable, each clip for itself; {self._maps()}"

    def probe(self) -> str:
        head = seeded_head(self.assignment, self.width, 0).to(self.device)
        loss = self._step(head, "features", self.table.clone())
        return f"loss {loss:.3f}"

    def finetune(self) -> str:
        self.network.requires_grad_(True)
        head = seeded_head(self.assignment, self.width, 0)
        whole = WholeNetwork(self.network, head).to(self.device)
        loss = self._step(whole, "clips", self.clips.to(self.device))
        still = [name for name, p in self.network.named_parameters() if p.grad is None]
        idle = f"; {len(still)} tensors got no gradient, first {still[0]}" if still else ""
        return f"loss {loss:.3f}{idle}"

    @torch.no_grad()
    def _maps(self) -> str:
        """What tasks that look at places, and attentive probes, will find."""
        clips = self.clips[:1].to(self.device)
        try:
            maps = feature_maps(self.ref.backbone, self.network, clips)
        except UserError as error:
            return f"no maps, so no boxes, counting or attentive probe: {error.what}"
        return "maps of {} x {} x {} places x {}".format(*maps.shape[2:], maps.shape[1])

    def _read(self) -> Tensor:
        self.network.eval()
        return features_of(self.network, self.clips, self.recipe, self.device)

    def _step(self, module: nn.Module, reads: str, inputs: Tensor) -> float:
        objective = TaskObjective(module, self.assignment, reads)
        optimiser = torch.optim.AdamW(list(objective.parameters()), lr=1e-4)
        objective.begin_epoch(0)
        loss = objective.loss(Batch({reads: inputs}, self.targets.to(self.device)))
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if not loss.isfinite():
            raise UserError(f"the loss is {loss.item()}", self.ref.backbone, "check the weights")
        return loss.item()
