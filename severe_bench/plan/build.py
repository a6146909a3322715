"""From a suite to its cells, each once, needed cells first."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from severe_bench.adapt.protocol import PROTOCOLS
from severe_bench.config.collector import collector_held
from severe_bench.config.entries import DEFAULT_PRESET
from severe_bench.config.recipe import Recipe
from severe_bench.config.replaced import replaced_entries
from severe_bench.config.schema import Config
from severe_bench.config.settings import Settings
from severe_bench.core.digest import file_digest
from severe_bench.core.errors import UserError
from severe_bench.plan.cell import Cell, Label
from severe_bench.plan.fit import dropped_twice, idle_setting, misfit, overdraft
from severe_bench.plan.grid import Entry, Filters, filtered, grid
from severe_bench.plan.idle import idle_overrides
from severe_bench.plan.job import EvaluateJob
from severe_bench.plan.libraries import library_notes
from severe_bench.plan.needs import Needed
from severe_bench.plan.parts import DatasetPart, FileDigest, NetworkPart
from severe_bench.plan.resolve import resolve
from severe_bench.plan.rows import RowKind, row_kind
from severe_bench.plan.settled import settled_options, settled_recipe
from severe_bench.plan.targets import unfit_dataset
from severe_bench.plan.unread import milestones_that_never_come, refuse_unread
from severe_bench.tasks.task import TASKS


@dataclass(frozen=True)
class Plan:
    """The cells of a suite, in an order in which they can be run one after another.

    Args:
        left_out: one line for each dataset that is read without some of its samples
            (`allow_missing`).
        missing: what is not on this machine, each once, with how many cells wait for it.
        refused: what cannot be computed anywhere as it is configured, each reason once.
        notes: one line for each included entry that the file replaces, for each override that
            changes nothing, for each milestone that never comes, for each model or library of
            plug-ins of which the ids of cells do not hold all, and for each dataset that changed
            since it was prepared.
    """

    suite: str
    cells: tuple[Cell, ...]
    left_out: tuple[str, ...] = ()
    missing: "tuple[Missing, ...]" = ()
    refused: "tuple[Refused, ...]" = ()
    notes: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What no machine could help, in lines: why cells are refused, and what has no effect."""
        return (*map(str, self.refused), *self.notes)


@dataclass(frozen=True)
class Missing:
    """A dataset or checkpoint that is not here: why, and how many evaluated cells wait for it."""

    what: str
    cells: int


@dataclass(frozen=True)
class Refused:
    """Why some evaluated cells cannot run, on whatever machine.

    Args:
        what: in words, with what to do.
        where: `file:line` of the pretraining, or of the first experiment, that it is about.
        cells: how many.
    """

    what: str
    where: str
    cells: int

    def __str__(self) -> str:
        """As one line."""
        plural = "" if self.cells == 1 else "s"
        return f"{self.where}: {self.cells} cell{plural} cannot run: {self.what}"


def plan_suite(
    config: Config,
    suite: str,
    filters: Filters = Filters(),  # noqa: B008 - frozen
    digests: FileDigest = file_digest,
) -> Plan:
    """All cells of a suite that pass the filters, after the cells that they need.

    Args:
        config: the checked yaml.
        suite: its name.
        filters: of the command line.
        digests: SHA-256 of a checkpoint file, e.g. a `plan.digests.FileDigests`.

    Raises:
        UserError: no such suite, a filter or selector that matches nothing, or two names for the
            same computation.
        UserErrors: settings given outside recipes that no cell which has them reads.
    """
    with collector_held():
        entries = grid(config, suite)
        settings = resolve(config, suite, entries)
        refuse_unread(config, suite, settings)
        builder = _Builder(config, Needed(config, digests))
        chosen = filtered(entries, filters, suite)
        for entry in chosen:
            builder.add(entry, settings[entry])
        cells = (*builder.needed.cells(), *builder.cells.values())
    missing = tuple(Missing(what, count) for what, count in builder.missing.items())
    notes = (
        *replaced_entries(config.tree),
        *idle_overrides(config, suite, entries),
        *milestones_that_never_come({entry: settings[entry] for entry in chosen}),
        *library_notes(config, chosen),
        *builder.remarks,
    )
    return Plan(suite, cells, tuple(builder.left_out), missing, builder.refusals(), notes)


class _Builder:
    """Evaluated cells, by id."""

    def __init__(self, config: Config, needed: Needed) -> None:
        self.config, self.needed = config, needed
        self.cells: dict[str, Cell] = {}
        self.left_out: dict[str, None] = {}
        self.remarks: dict[str, None] = {}
        self.missing: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._first: dict[str, str] = {}
        self._headlines = {
            name: experiment.headline or TASKS.get(experiment.task).headline
            for name, experiment in config.experiments.items()
        }
        self._rows: dict[tuple[str, int], RowKind | None] = {}
        self._misfits: dict[tuple[str, int], str] = {}
        self._written: dict[tuple[str, int, float | None], tuple[dict[str, Any], Recipe]] = {}
        self._settings: list[Settings] = []

    def add(self, entry: Entry, settings: Settings) -> None:
        """Add the cell of `entry` and the cells that it needs."""
        dataset = self.needed.dataset(self.config.experiments[entry.experiment].dataset)
        if dataset.missing is not None and dataset.missing.entries:
            self.left_out[f"{dataset.name} is read incomplete: {dataset.missing.said()}"] = None
        if dataset.remark:
            self.remarks[dataset.remark] = None
        self.remarks |= dict.fromkeys(f"dataset {dataset.name}: {r}" for r in dataset.known.remarks)
        network = self.needed.network(entry.model, entry.seed, settings.recipe.input)
        job = self._job(entry, settings, dataset, network)
        cell_id = self.needed.identify.id_of(job)
        self._refuse_twin(cell_id, entry)
        needs = self._needs(entry, settings, dataset, network)
        refusal = self._refusal(entry, settings, dataset, network, needs)
        unread = self.needed.unread(dataset)
        if not refusal:
            lacking = (dataset.problem, network.problem, unread)
            self.missing.update(what for what in lacking if what)
        self.cells[cell_id] = Cell.model_construct(
            id=cell_id,
            job=job,
            title=_title(entry),
            needs=needs,
            places=self.needed.places(dataset, network),
            label=self._label(entry, settings, network),
            problem=refusal
            or network.problem
            or self.needed.problem_of(needs, dataset)
            or ("" if "test_features" in needs else unread),
        )

    def refusals(self) -> tuple[Refused, ...]:
        """Why pretrainings, then cells were refused, in the order of their first ones."""
        problems = [cell.problem for cell in self.cells.values()]
        pretrained = [
            Refused(what, where, sum(what in problem for problem in problems))
            for what, where in self.needed.refused.items()
        ]
        own = [
            Refused(what, self.config.where("experiments", self._first[what]), count)
            for what, count in self._refused.items()
        ]
        return (*pretrained, *own)

    def _refusal(
        self,
        entry: Entry,
        settings: Settings,
        dataset: DatasetPart,
        network: NetworkPart,
        needs: Mapping[str, str],
    ) -> str:
        """Why the cell cannot be computed anywhere; counted."""
        recipe = settings.recipe
        why = (
            misfit(network.backbone, dataset, recipe.clip, recipe.test_clip)
            or overdraft(settings.budget, dataset)
            or self._unfit(entry, settings, dataset, reads_clips="test_features" not in needs)
        )
        if why:
            self._refused[why] += 1
            self._first.setdefault(why, entry.experiment)
        return why

    def _job(
        self, entry: Entry, settings: Settings, dataset: DatasetPart, network: NetworkPart
    ) -> EvaluateJob:
        experiment = self.config.experiments[entry.experiment]
        options, recipe = self._settled(entry, settings, network.norm_eps)
        return EvaluateJob.model_construct(
            network=network.ref,
            dataset=dataset.ref,
            task=TASKS.stamped(experiment.task),
            task_options=options,
            protocol=PROTOCOLS.stamped(experiment.protocol),
            budget=settings.budget,
            recipe=recipe,
            seed=entry.seed,
        )

    def _settled(
        self, entry: Entry, settings: Settings, norm_eps: float | None
    ) -> tuple[dict[str, Any], Recipe]:
        """Task options and recipe of a job; once for all cells of one kind."""
        key = (entry.experiment, id(settings), norm_eps)
        if key not in self._written:
            task = self.config.experiments[entry.experiment].task
            reads_clips = self._row_kind(entry, settings) is None
            self._written[key] = (
                settled_options(task, settings.task_options),
                settled_recipe(settings.recipe, reads_clips=reads_clips, norm_eps=norm_eps),
            )
        return self._written[key]

    def _unfit(
        self, entry: Entry, settings: Settings, dataset: DatasetPart, *, reads_clips: bool
    ) -> str:
        """What the task cannot do with dataset or recipe; once for all cells of one kind."""
        key = (entry.experiment, id(settings))
        if key not in self._misfits:
            experiment = self.config.experiments[entry.experiment]
            task, recipe = TASKS.get(experiment.task), settings.recipe
            options = settled_options(experiment.task, settings.task_options)
            self._misfits[key] = (
                unfit_dataset(task, settings.task_options, recipe, dataset)
                or idle_setting(task, experiment.protocol, recipe, reads_clips=reads_clips)
                or dropped_twice(experiment.task, options, recipe)
            )
        return self._misfits[key]

    def _needs(
        self, entry: Entry, settings: Settings, dataset: DatasetPart, network: NetworkPart
    ) -> dict[str, str]:
        needs = self.needed.dataset_need(dataset)
        rows = self._row_kind(entry, settings)
        if rows is None:
            return needs | self.needed.weights_need(network)
        return needs | self.needed.features(entry.model, network, dataset, settings.recipe, rows)

    def _row_kind(self, entry: Entry, settings: Settings) -> RowKind | None:
        key = (entry.experiment, id(settings))
        if key not in self._rows:
            self._settings.append(settings)  # kept, so that its address stays its own
            experiment = self.config.experiments[entry.experiment]
            options, recipe = settings.task_options, settings.recipe
            self._rows[key] = row_kind(experiment.task, options, experiment.protocol, recipe)
        return self._rows[key]

    def _label(self, entry: Entry, settings: Settings, network: NetworkPart) -> Label:
        experiment = self.config.experiments[entry.experiment]
        return Label.model_construct(
            model=entry.model,
            model_kind=network.kind,
            experiment=entry.experiment,
            factor=experiment.factor,
            dataset=experiment.dataset,
            task=experiment.task,
            budget=str(settings.budget),
            protocol=experiment.protocol,
            preset=entry.preset,
            seed=entry.seed,
            headline=self._headlines[entry.experiment],
        )

    def _refuse_twin(self, cell_id: str, entry: Entry) -> None:
        if cell_id in self.cells:
            first, second = self.cells[cell_id].title, _title(entry)
            where = self.config.where("experiments", entry.experiment)
            what = f"{first!r} and {second!r} are the same computation under two names"
            raise UserError(what, where, "remove one of them from the suite")


def _title(entry: Entry) -> str:
    preset = "" if entry.preset == DEFAULT_PRESET else f" ({entry.preset})"
    return f"{entry.model} / {entry.experiment}{preset} / seed {entry.seed}"
