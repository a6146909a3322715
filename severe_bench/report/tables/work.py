"""Tables about the work itself: what was measured, its cost, what is missing, provenance."""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from severe_bench.analysis.cka import Similarity
from severe_bench.analysis.findings import Findings
from severe_bench.analysis.harvest import Measured, column_of
from severe_bench.analysis.study import Study, group
from severe_bench.core.metric import Metric
from severe_bench.plan.sizes import backbone_sizes
from severe_bench.report.table import (
    Entry,
    Head,
    Table,
    Value,
    number,
    span,
    words,
)
from severe_bench.report.tables.common import (
    ABSENT,
    EXPERIMENT,
    MODEL,
    table,
)
from severe_bench.store.result import Provenance


def similarity(findings: Findings) -> Table:
    """CKA of all pairs with intervals; empty without features."""
    found = findings.similarity
    models = found.models if found else ()
    heads = [MODEL] + [Head(model, model, numeric=True) for model in models]
    rows = [
        [words(model), *(_similarity(found, i, j) for j in range(len(models)))]
        for i, model in enumerate(models)
        if found
    ]
    caption = f"{_estimator(findings)} over {found.n if found else 0} test videos of "
    caption += f"{findings.similarity_of}."
    detail = "Below it the 95 % interval over videos (bootstrap)."
    shown = detail if found and found.low is not None else ""
    return table("cka", "Similarity of features", caption, heads, rows, shown)


def similarity_pairs(findings: Findings) -> Table:
    """One row per pair of models, every number in a column of its own."""
    found = findings.similarity
    heads = [
        Head("model_a", "Model A"),
        Head("model_b", "Model B"),
        Head("cka", "CKA", numeric=True),
        Head("low", "Low", numeric=True),
        Head("high", "High", numeric=True),
        Head("videos", "Test videos", numeric=True),
        Head("estimator", "Estimator"),
    ]
    rows = [
        [
            words(found.models[j]),
            words(found.models[i]),
            number(float(found.values[i, j]), 3),
            number(None if found.low is None else float(found.low[i, j]), 3),
            number(None if found.high is None else float(found.high[i, j]), 3),
            number(found.n, 0),
            words(findings.estimator),
        ]
        for i in range(len(found.models) if found else 0)
        for j in range(i)
        if found
    ]
    return table("cka_pairs", "Similarity, pair by pair", "", heads, rows)


def _similarity(found: Similarity, i: int, j: int) -> Entry:
    entry = number(float(found.values[i, j]), 2)
    if i == j or found.low is None or found.high is None or entry.value is None:
        return entry
    return replace(entry, detail=span(float(found.low[i, j]), float(found.high[i, j]), 2))


def _estimator(findings: Findings) -> str:
    return f"{findings.estimator.capitalize()} linear CKA"


def cost(study: Study) -> Table:
    """Time and memory by experiment, and of the shared work."""
    heads = [
        Head("work", "Work"),
        Head("cells", "Cells", numeric=True),
        Head("median_seconds", "Median s", numeric=True),
        Head("total_seconds", "Total s", numeric=True),
        Head("peak_gib", "Peak GiB", numeric=True),
    ]
    shared: dict[str, list[tuple[float, int]]] = {}
    for work in study.harvest.shared:
        shared.setdefault(work.kind, []).append((work.seconds, work.peak_bytes))
    rows = [_cost_row(f"shared: {kind}", spent) for kind, spent in shared.items()]
    cells = group(study.harvest.measured)
    rows += [_cost_row(name, [_spent(c) for c in cells[name]]) for name in study.columns]
    caption = "Wall time of all attempts, summed over workers; memory is the largest of a worker."
    return table("cost", "Cost", caption, heads, rows)


def cost_by_model(findings: Findings) -> Table:
    """What each model took, and how large its network is."""
    heads = [
        MODEL,
        Head("backbone", "Backbone"),
        Head("parameters", "Parameters, millions", numeric=True),
        Head("gflops", "GFLOPs a clip", numeric=True),
        Head("clip", "of"),
        Head("cells", "Cells", numeric=True),
        Head("clips", "Clips", numeric=True),
        Head("hours", "Hours", numeric=True),
        Head("peak_gib", "Peak GiB", numeric=True),
    ]
    by_model: dict[str, list[Measured]] = {}
    for cell in findings.study.harvest.measured:
        by_model.setdefault(cell.label.model, []).append(cell)
    rows = [_model_cost(findings, model, cells) for model, cells in by_model.items()]
    caption = (
        "Of the measured cells alone; features and pretraining are shared work. GFLOPs: 10⁹ "
        "operations of one forward pass of a clip of the size beside it, a multiplication and an "
        "addition counted as two; known for the built-in backbones."
    )
    return table("cost_models", "Cost by model", caption, heads, rows)


def _model_cost(findings: Findings, model: str, cells: Sequence[Measured]) -> list[Entry]:
    backbone = findings.backbones.get(model, "")
    size = backbone_sizes().get(backbone)
    peak = max(cell.peak_bytes for cell in cells)
    return [
        words(model),
        words(backbone),
        number(size.parameters / 1e6 if size else None, 2),
        number(size.gflops if size else None, 2),
        words(f"{size.frames} × {size.size}²" if size else ""),
        number(len(cells), 0),
        number(sum(cell.clips for cell in cells) or None, 0),
        number(sum(cell.seconds for cell in cells) / 3600, 2),
        number(peak / 2**30, 2) if peak else ABSENT,
    ]


def problems(study: Study) -> Table:
    """Cells without a result."""
    heads = [
        Head("cell", "Cell"),
        Head("title", "What"),
        Head("state", "State"),
        Head("reason", "Reason"),
        Head("hint", "What to do"),
    ]
    rows = [
        [words(p.cell), words(p.title), words(p.state), words(p.reason), words(p.hint)]
        for p in study.harvest.problems
    ]
    return table("problems", "Cells without a result", "", heads, rows)


def experiments(study: Study) -> Table:
    """What each experiment is."""
    keys = ("factor", "dataset", "task", "budget", "protocol", "preset")
    heads = [
        EXPERIMENT,
        *(Head(key, key.capitalize()) for key in keys),
        Head("metric", "Headline metric"),
        Head("higher_is_better", "Better is"),
        Head("models", "Models", numeric=True),
    ]
    rows = []
    for label in study.experiments:
        column = study.columns[column_of(label)]
        rows.append(
            [
                words(column.experiment),
                *(words(getattr(label, key)) for key in keys),
                words(_metric_title(column.metric)),
                words("higher" if column.metric.higher_is_better else "lower"),
                number(len(column.values), 0),
            ]
        )
    return table("protocols", "What was measured", "", heads, rows)


def _spent(cell: Measured) -> tuple[float, int]:
    return cell.seconds, cell.peak_bytes


def _cost_row(work: str, spent: Sequence[tuple[float, int]]) -> list[Entry]:
    seconds: list[float] = [each for each, _ in spent]
    peak: Value = max(memory for _, memory in spent)
    return [
        words(work),
        number(len(spent), 0),
        number(statistics.median(seconds)),
        number(sum(seconds)),
        number(float(peak) / 2**30, 2) if peak else ABSENT,
    ]


def _metric_title(metric: Metric) -> str:
    return f"{metric.title} ({metric.unit})" if metric.unit else metric.title


def provenance(study: Study) -> Table:
    """What the numbers rest on; one row per distinct value."""
    counts: Counter[tuple[str, str]] = Counter()
    for cell in study.harvest.measured:
        counts.update(_facts(cell.provenance))
    names = Counter(name for name, _ in counts)
    heads = [
        Head("item", "Item"),
        Head("value", "Value"),
        Head("cells", "Cells", numeric=True),
    ]
    rows = [
        [words(name), words(value, "unsure" if names[name] > 1 else ""), number(count, 0)]
        for (name, value), count in sorted(counts.items())
    ]
    caption = "An item with several values differs between cells; each value has a row."
    return table("provenance", "Provenance", caption, heads, rows)


def _facts(found: Provenance) -> list[tuple[str, str]]:
    facts = {
        "severe_bench": found.version,
        "code digest": found.code[:16],
        "Python": found.python,
        "video decoder": found.decoder,
        "device": found.device,
        "host": found.host,
        "platform": found.platform,
    }
    libraries = [(f"library {name}", version) for name, version in found.libraries.items()]
    remarks = [("remark", remark) for remark in found.remarks]
    return [(name, value) for name, value in facts.items() if value] + libraries + remarks
