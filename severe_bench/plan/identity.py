"""Ids of many jobs that share their parts: each part is written out once."""

import hashlib
import json

from pydantic import BaseModel

from severe_bench.core.digest import ID_LENGTH, canonical_json
from severe_bench.plan.job import DatasetJob, EvaluateJob, FeaturesJob, PretrainJob


class Identifier:
    """`core.digest.short_id` of jobs, made fast for thousands of jobs with shared parts.

    A part (recipe, dataset, network, ...) is dumped by pydantic once; a job's canonical JSON is
    then put together from the texts of its parts.
    """

    def __init__(self) -> None:
        self._written: dict[int, tuple[BaseModel, str]] = {}

    def id_of(self, job: DatasetJob | PretrainJob | FeaturesJob | EvaluateJob) -> str:
        """The same 16 hex digits as `short_id(job)`."""
        fields = sorted(type(job).model_fields)
        parts = ",".join(f'"{name}":{self._json(getattr(job, name))}' for name in fields)
        return hashlib.sha256(f"{{{parts}}}".encode()).hexdigest()[:ID_LENGTH]

    def _json(self, value: object) -> str:
        if isinstance(value, BaseModel):
            return self._part(value)
        if isinstance(value, str | int):
            return json.dumps(value)
        return canonical_json(value)

    def _part(self, part: BaseModel) -> str:
        known = self._written.get(id(part))
        if known is None:  # the part is kept beside its text, so that its address stays its own
            known = self._written[id(part)] = (part, canonical_json(part))
        return known[1]
