"""What datasets are like (thesis Figures 4.2 and B.10), as far as it is printed anywhere."""

from functools import cache

import yaml

from severe_bench.core.frozen import Frozen
from severe_bench.published.sources import HERE

REFERENCE = "Kinetics-400"


class Attribute(Frozen):
    """One attribute of one dataset.

    Args:
        name: label overlap, point of view, environment, action length or temporal awareness.
        words: its value, empty where it is not printed.
        place: in [0, 1] from the centre of the radar, where Kinetics-400 is near the centre; our
            reading of an order or a value, None where the value is not known.
        source: where it is said.
    """

    name: str
    words: str = ""
    place: float | None = None
    source: str = ""


@cache
def dataset_attributes() -> dict[str, tuple[Attribute, ...]]:
    """Datasets of the thesis -> their attributes, the same ones in the same order for all."""
    return _attributes("thesis")


@cache
def declared_attributes() -> dict[str, tuple[Attribute, ...]]:
    """Those, and what is declared of the built-in worlds."""
    return {**_attributes("built_in"), **_attributes("thesis")}


def _attributes(part: str) -> dict[str, tuple[Attribute, ...]]:
    found = yaml.safe_load((HERE / "attributes.yaml").read_text(encoding="utf-8"))[part]
    return {
        dataset: tuple(Attribute(name=name, **said) for name, said in attributes.items())
        for dataset, attributes in found.items()
    }
