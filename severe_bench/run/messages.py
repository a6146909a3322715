"""What a run and its workers say to each other: one JSON object a line."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from severe_bench.core.frozen import Frozen
from severe_bench.plan.cell import Cell
from severe_bench.run.reproduce import Invocation
from severe_bench.store.status import Snapshot


class Start(Frozen):
    """First line to a worker: where the store is and how cells are run.

    Args:
        results, suite: as in `store.layout.Layout`.
        device, invocation, runners: as in `run.cell.How`.
    """

    results: str
    suite: str
    device: str
    invocation: Invocation
    runners: dict[str, str]


class Assignment(Frozen):
    """To a worker: run this cell, after training it together with its fellows if it has any."""

    cell: Cell
    fellows: tuple[Cell, ...] = ()


class Ready(Frozen):
    """From a worker: it has started."""

    says: Literal["ready"] = "ready"


class Told(Frozen):
    """From a worker: how far its cell is."""

    says: Literal["told"] = "told"
    cell: str
    progress: Snapshot


class Over(Frozen):
    """From a worker: its cell has ended, as `run.cell.Ended` says."""

    says: Literal["over"] = "over"
    cell: str
    state: Literal["done", "failed", "interrupted", "busy"]
    seconds: float
    message: str


class Broken(Frozen):
    """From a worker: the results folder cannot be used; parts of a `UserError`."""

    says: Literal["broken"] = "broken"
    cell: str
    what: str
    where: str
    mend: str


Reply = Annotated[Ready | Told | Over | Broken, Field(discriminator="says")]
REPLY: TypeAdapter[Reply] = TypeAdapter(Reply)
