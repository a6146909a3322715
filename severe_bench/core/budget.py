"""How many training videos a cell may use: a type, not a number."""

from typing import Literal, Self

from pydantic import SerializerFunctionWrapHandler, model_serializer, model_validator

from severe_bench.core.frozen import Frozen


class Budget(Frozen):
    """At most one of `count`, `per_class`, `percent`, `samples`; none is the full training set.

    Args:
        count: absolute number of training videos.
        per_class: videos of each class.
        percent: of each class (stratified, at least one per class, nested), in (0, 100].
        samples: these very ones, in this order; `file: PATH` in the yaml reads them from a list.
        rule: how `count` is met: `exact` draws exactly that many, classes as even as possible;
            `per_class_ceil` draws ceil(count / classes) of each class, or all of a smaller class,
            as SEVERE's code does.
        draw: seed of the draw; `cell` takes the cell's own seed, so that seeds draw other labels.

    Example:
        >>> str(Budget(count=1000)), str(Budget())
        ('1000', 'full')
    """

    count: int | None = None
    per_class: int | None = None
    percent: float | None = None
    samples: tuple[str, ...] | None = None
    rule: Literal["exact", "per_class_ceil"] = "exact"
    draw: int | Literal["cell"] = 99999

    @model_validator(mode="after")
    def _one_amount(self) -> Self:
        listed = None if self.samples is None else len(self.samples)
        given = (self.count, self.per_class, self.percent, listed)
        amounts = [amount for amount in given if amount is not None]
        if len(amounts) > 1:
            raise ValueError("give one of count, per_class, percent")
        if listed is not None and len(set(self.samples or ())) < listed:
            raise ValueError("a sample is listed twice")
        if amounts and amounts[0] <= 0:
            raise ValueError("a budget is positive")
        if self.percent is not None and self.percent > 100:
            raise ValueError("percent is at most 100")
        return self

    @model_serializer(mode="wrap")
    def _without_an_empty_list(self, plain: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Cells without listed samples keep the ids that they had before lists could be given."""
        fields: dict[str, object] = plain(self)
        return {name: value for name, value in fields.items() if (name, value) != ("samples", None)}

    def __str__(self) -> str:
        """As in tables: `1000`, `20/class`, `10%`, `12 listed` or `full`."""
        if self.samples is not None:
            return f"{len(self.samples)} listed"
        if self.count is not None:
            return str(self.count)
        if self.per_class is not None:
            return f"{self.per_class}/class"
        return "full" if self.percent is None else f"{self.percent:g}%"
