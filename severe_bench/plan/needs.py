"""The cells that evaluated cells need: datasets, pretrainings and features, each once."""

from collections.abc import Iterator, Mapping

from severe_bench.adapt.unit import UNITS
from severe_bench.config.conditions import without_unread
from severe_bench.config.recipe import Recipe
from severe_bench.config.schema import Config
from severe_bench.models.backbone import Backbone
from severe_bench.plan.cell import Cell, Places
from severe_bench.plan.checkpoints import known_of, lacks, name_of
from severe_bench.plan.coarse import enlarged
from severe_bench.plan.fit import misfit, overdraft, restating, selecting, view_recipe
from severe_bench.plan.identity import Identifier
from severe_bench.plan.job import DatasetJob, FeaturesJob, Input, PretrainJob, WeightsRef
from severe_bench.plan.parts import (
    DatasetPart,
    FileDigest,
    NetworkPart,
    Weights,
    dataset_part,
    file_weights,
    input_of,
    method_options,
    model_kind,
    network_part,
    random_weights,
    with_input,
)
from severe_bench.plan.rows import RowKind
from severe_bench.plan.settled import settled_numerics, settled_recipe
from severe_bench.plan.targets import lacking
from severe_bench.plan.videos import unread_videos
from severe_bench.pretrain.method import METHODS


class Needed:
    """Makes needed cells on demand and remembers them.

    Args:
        digest: SHA-256 of a checkpoint file.

    Attributes:
        refused: why pretrainings cannot be computed anywhere -> `file:line` of their entries.
    """

    def __init__(self, config: Config, digest: FileDigest) -> None:
        self.config, self.digest = config, digest
        self.identify = Identifier()
        self.refused: dict[str, str] = {}
        self._cells: dict[str, dict[str, Cell]] = {"dataset": {}, "pretrain": {}, "features": {}}
        self._problems: dict[str, str] = {}
        self._datasets: dict[str, DatasetPart] = {}
        self._unread: dict[str, str] = {}
        self._dataset_cells: dict[str, str] = {}
        self._weights: dict[str, Weights] = {}
        self._networks: dict[tuple[str, int | None, Input | None], NetworkPart] = {}
        self._places: dict[tuple[str, str | None], Places] = {}
        self._features: dict[tuple[int, str, int, str], dict[str, str]] = {}
        self._recipes: list[Recipe] = []

    def cells(self) -> Iterator[Cell]:
        """Datasets, then pretrainings, then features: no cell needs a later one.

        Datasets of pretrainings come first, because what waits for these takes longest.
        """
        pretrain = self._cells["pretrain"].values()
        early = {need for cell in pretrain for need in cell.needs.values()}
        yield from sorted(self._cells["dataset"].values(), key=lambda cell: cell.id not in early)
        yield from pretrain
        yield from self._cells["features"].values()

    def problem_of(self, needs: Mapping[str, str], dataset: DatasetPart) -> str:
        """The dataset's own problem, or that of a needed cell; empty where all is well."""
        if dataset.problem:
            return dataset.problem
        return next((self._problems[n] for n in needs.values() if n in self._problems), "")

    def dataset(self, name: str) -> DatasetPart:
        """The dataset called `name`."""
        if name not in self._datasets:
            self._datasets[name] = dataset_part(self.config, name)
        return self._datasets[name]

    def unread(self, dataset: DatasetPart) -> str:
        """Why cells that read its videos cannot run; features made of them still serve."""
        if dataset.name not in self._unread:
            self._unread[dataset.name] = unread_videos(self.config, dataset)
        return self._unread[dataset.name]

    def dataset_need(self, dataset: DatasetPart) -> dict[str, str]:
        """`{"dataset": id}` for a dataset that a cell makes, else nothing."""
        if not dataset.made:
            return {}
        if dataset.name not in self._dataset_cells:
            job = DatasetJob(dataset=dataset.ref)
            title = f"dataset {dataset.name}"
            self._dataset_cells[dataset.name] = self._put(job, title, {}, dataset, Places())
        return {"dataset": self._dataset_cells[dataset.name]}

    def network(self, model: str, seed: int, statement: Input | None = None) -> NetworkPart:
        """The network of a model entry; `seed` matters for models without weights only.

        Args:
            model: name of the entry.
            seed: of a random initialisation.
            statement: in place of the model's own, where a recipe has one.
        """
        entry = self.config.models[model]
        random = entry.checkpoint is None and entry.pretrain is None
        key = (model, seed if random else None, statement)
        if key not in self._networks:
            weights = random_weights(seed) if random else self._trained(model)
            part = network_part(entry, weights, model_kind(self.config, entry))
            self._networks[key] = part if statement is None else with_input(part, statement)
        return self._networks[key]

    def weights_need(self, network: NetworkPart) -> dict[str, str]:
        """`{"weights": id}` for a network that a cell pretrains, else nothing."""
        return {} if network.weights_cell is None else {"weights": network.weights_cell}

    def places(self, dataset: DatasetPart, network: NetworkPart | None) -> Places:
        """Where the inputs lie."""
        file = None if network is None or not network.weights_file else str(network.weights_file)
        key = (dataset.name, file)
        if key not in self._places:
            where = dataset.location
            root = None if where.root is None else str(where.root)
            notes = None if where.annotations is None else str(where.annotations)
            self._places[key] = Places(
                dataset=dataset.name,
                dataset_root=root,
                annotations=notes,
                weights_file=file,
                prepared=dataset.prepared,
                prepared_folder=str(dataset.prepared_folder) if dataset.prepared else None,
                allow_missing=dataset.missing is not None,
                sizes=dict(dataset.sizes),
            )
        return self._places[key]

    def features(
        self, model: str, network: NetworkPart, dataset: DatasetPart, recipe: Recipe, rows: RowKind
    ) -> dict[str, str]:
        """Role -> id of the cells with the features of the splits that are read."""
        key = (id(network), dataset.name, id(recipe), rows.key)
        if key not in self._features:
            self._recipes.append(recipe)  # kept, so that its address stays its own
            self._features[key] = self._feature_cells(model, network, dataset, recipe, rows)
        return self._features[key]

    def _feature_cells(
        self, model: str, network: NetworkPart, dataset: DatasetPart, recipe: Recipe, rows: RowKind
    ) -> dict[str, str]:
        needs = self.dataset_need(dataset) | self.weights_need(network)
        problem = network.problem or misfit(
            network.backbone, dataset, recipe.clip, recipe.test_clip
        )
        numerics = settled_numerics(recipe.numerics, network.norm_eps)
        recipe = without_unread(recipe).model_copy(update={"numerics": numerics})
        found: dict[str, str] = {}
        for split in rows.splits:
            views = rows.train_views if split == "train" else "test"
            job = FeaturesJob.model_construct(
                network=network.ref,
                dataset=dataset.ref,
                split=split,
                views=views,
                unit=UNITS.stamped(rows.unit),
                unit_options=dict(rows.options),
                recipe=view_recipe(recipe, views),
                seed=0,
            )
            of = "" if rows.unit == "clip" else f" ({rows.unit})"
            title = f"features of {_network_title(model, network)} / {dataset.name} {split}{of}"
            places = self.places(dataset, network)
            found[f"{split}_features"] = self._put(job, title, needs, dataset, places, problem)
        return found

    def _trained(self, model: str) -> Weights:
        if model not in self._weights:
            if self.config.models[model].checkpoint is not None:
                self._weights[model] = file_weights(self.config, model, self.digest)
            else:
                self._weights[model] = self._pretrained(model)
        return self._weights[model]

    def _pretrained(self, model: str) -> Weights:
        entry = self.config.models[model]
        name = entry.pretrain or ""
        how = self.config.pretraining[name]
        dataset = self.dataset(how.dataset)
        recipe = self.config.recipes[how.recipe]
        known = known_of(entry, None)
        job = PretrainJob(
            method=METHODS.stamped(how.method),
            options=method_options(how),
            backbone=name_of(entry, known.backbone),
            kwargs=known.kwargs,
            input=input_of(entry, known.backbone),
            dataset=dataset.ref,
            budget=how.budget,
            recipe=settled_recipe(
                recipe,
                reads_clips=True,
                norm_eps=known.kwargs.get("bn_eps", known.backbone.norm_eps),
            ),
            seed=how.seed,
        )
        needs = self.dataset_need(dataset)
        refusal = self._refusal(name, known.backbone, dataset)
        problem = lacks(known.backbone) or refusal
        places = self.places(dataset, None)
        cell = self._put(job, f"pretraining {name}", needs, dataset, places, problem)
        return Weights(WeightsRef(source="pretrain", digest=cell), cell=cell)

    def _refusal(self, pretraining: str, backbone: Backbone, dataset: DatasetPart) -> str:
        """Why a pretraining cannot be computed anywhere, in words; noted."""
        how = self.config.pretraining[pretraining]
        recipe = self.config.recipes[how.recipe]
        found = (
            misfit(backbone, dataset, recipe.clip)
            or enlarged(recipe, dataset, None)
            or overdraft(how.budget, dataset)
            or selecting(recipe)
            or restating(recipe)
            or lacking("its method", METHODS.get(how.method).needs, dataset)
        )
        if not found:
            return ""
        refusal = f"pretraining {pretraining}: {found}"
        self.refused[refusal] = self.config.where("pretraining", pretraining)
        return found

    def _put(
        self,
        job: DatasetJob | PretrainJob | FeaturesJob,
        title: str,
        needs: Mapping[str, str],
        dataset: DatasetPart,
        places: Places,
        problem: str = "",
    ) -> str:
        cell_id = self.identify.id_of(job)
        if cell_id in self._cells[job.kind]:
            return cell_id
        problem = problem or self.problem_of(needs, dataset)
        if problem:
            self._problems[cell_id] = f"needs {title}: {problem}"
        problem = problem or self.unread(dataset)
        self._cells[job.kind][cell_id] = Cell.model_construct(
            id=cell_id, job=job, title=title, needs=dict(needs), places=places, problem=problem
        )
        return cell_id


def _network_title(model: str, network: NetworkPart) -> str:
    seed = network.ref.weights.init_seed
    return model if seed is None else f"{model} (seed {seed})"
