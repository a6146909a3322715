"""All registries to which other packages may add; imports them all."""

from typing import Any

from severe_bench.adapt.procedure import PROCEDURES
from severe_bench.adapt.protocol import PROTOCOLS
from severe_bench.adapt.unit import UNITS
from severe_bench.core.registry import Registry
from severe_bench.data.adapter import ADAPTERS
from severe_bench.data.procedural.worlds import WORLDS
from severe_bench.metrics.measure import METRICS
from severe_bench.models.backbone import BACKBONES
from severe_bench.models.layout import LAYOUTS
from severe_bench.pretrain.method import METHODS
from severe_bench.report.further import SECTIONS
from severe_bench.tasks.task import TASKS

REGISTRIES: tuple[Registry[Any], ...] = (
    ADAPTERS,
    BACKBONES,
    LAYOUTS,
    METHODS,
    METRICS,
    PROCEDURES,
    PROTOCOLS,
    SECTIONS,
    TASKS,
    UNITS,
    WORLDS,
)
