"""What datasets are like (thesis Figures 4.2 and B.10), as far as it is printed anywhere."""

import csv
from dataclasses import dataclass
from functools import cache

from severe_bench.published.sources import HERE

REFERENCE = "Kinetics-400"


@dataclass(frozen=True)
class Attribute:
    """One attribute of one dataset.

    Args:
        name: label overlap, point of view, environment, action length or temporal awareness.
        words: its value, empty where it is not printed.
        place: in [0, 1] from the centre of the radar, where Kinetics-400 is near the centre; our
            reading of an order or a value, None where the value is not known.
        source: where it is said.
    """

    name: str
    words: str
    place: float | None
    source: str


@cache
def dataset_attributes() -> dict[str, tuple[Attribute, ...]]:
    """Dataset -> its attributes, the same ones in the same order for all."""
    found: dict[str, list[Attribute]] = {}
    with (HERE / "attributes.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            place = float(row["place"]) if row["place"] else None
            attribute = Attribute(row["attribute"], row["words"], place, row["source"])
            found.setdefault(row["dataset"], []).append(attribute)
    return {name: tuple(attributes) for name, attributes in found.items()}
