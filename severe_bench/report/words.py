"""Sentences computed from the numbers."""

import math
import statistics
from collections import Counter
from collections.abc import Sequence

from severe_bench.analysis.comparison import Comparison, detectable
from severe_bench.analysis.findings import Findings
from severe_bench.analysis.harvest import Measured
from severe_bench.analysis.lesson import Verdict
from severe_bench.analysis.ranking import places
from severe_bench.analysis.sensitivity import STANDARD, Sensitivity
from severe_bench.analysis.study import Study
from severe_bench.core.units import seconds_text
from severe_bench.metrics.few_groups import FEW
from severe_bench.report.table import fixed

LACKED = {"train": "training videos", "test": "test videos"}
MOST_LACKING, MOST_LISTED = 5, 10
WORDS_OF_PROSE = frozenset({"none", "na", "nan", "null", "no", "all", "any", "some", "both"})
QUESTIONS = {
    "domain": "Do features serve on videos that look different from those of the standard column?",
    "samples": "Do features serve when few labelled videos are at hand?",
    "actions": "Do features tell actions apart that differ only in a detail?",
    "task": "Do features serve another task than telling actions apart?",
}


def listing(items: Sequence[str]) -> str:
    """A list in prose.

    Example:
        >>> listing(["a", "b", "c"])
        'a, b and c'
    """
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def some(items: Sequence[str], most: int = MOST_LISTED) -> str:
    """A list in prose that ends with how many more there are.

    Example:
        >>> some(["a", "b", "c", "d"], 2), some(["a", "b"], 2)
        ('a, b and 2 more', 'a and b')
    """
    rest = len(items) - most
    return listing([*items[:most], f"{rest} more"] if rest > 0 else items)


def counted(count: int, singular: str, plural: str = "") -> str:
    """A count with its noun.

    Example:
        >>> counted(1, "seed"), counted(3, "seed")
        ('1 seed', '3 seeds')
    """
    return f"{count} {singular if count == 1 else plural or singular + 's'}"


def overview(findings: Findings) -> list[str]:
    """What a reader in a hurry should know."""
    study = findings.study
    if not study.models:
        return ["No cell of this suite is finished yet, so there is nothing to compare."]
    sentences = [_extent(study), *rankings(study), *standard_choice(study)]
    return [s for s in [*sentences, _tally(findings.verdicts), *warnings(study)] if s]


def warnings(study: Study) -> list[str]:
    """What should keep a reader from trusting some of the numbers."""
    found = [_codes(study), _incomplete(study), _chosen_on_test(study)]
    found += [_fewer_seeds(study), _few_groups(study)]
    found += _remarks(study)
    return [text for text in found if text]


def called(model: str) -> str:
    """A model in a sentence: names that read as words of it are marked as names.

    Example:
        >>> called("rspnet"), called("none")
        ('rspnet', 'the model “none”')
    """
    if model.casefold() in WORDS_OF_PROSE or not model.strip():
        return f"the model “{model}”"
    return f"“{model}”" if any(c in model for c in " ,.;:") else model


def _codes(study: Study) -> str:
    codes = Counter(cell.provenance.code for cell in study.harvest.measured)
    if len(codes) < 2:
        return ""
    return (
        f"Warning: the cells were computed by {len(codes)} versions of this program’s code; "
        "whether that changes numbers is not known. Provenance says how many cells each has."
    )


def _incomplete(study: Study) -> str:
    cells = [cell for cell in study.harvest.measured if cell.lacking]
    if not cells:
        return ""
    said = f"Warning: {counted(len(cells), 'cell')} did without videos that are missing (marked †)"
    counts = [
        f"{counted(count, 'cell')} without {LACKED.get(split, split)}"
        for split, count in _lacking_by_split(cells).items()
    ]
    tested = any(cell.missing.get("test") for cell in cells)
    effect = "; numbers on an incomplete test set are those of another test set" if tested else ""
    return f"{said}: {listing(counts)}{effect}."


def _lacking_by_split(cells: Sequence[Measured]) -> Counter[str]:
    return Counter(split for cell in cells for split, count in cell.missing.items() if count)


def _chosen_on_test(study: Study) -> str:
    cells = [cell for cell in study.harvest.measured if cell.selected_on == "test"]
    if not cells:
        return ""
    return (
        f"Warning: {counted(len(cells), 'cell')} are best on test (marked ‡): the state was chosen "
        "by the test set, so these numbers are too good."
    )


def _fewer_seeds(study: Study) -> str:
    lacking = [
        f"{called(model)} on {name} ({len(study.cells_of(name, model))} of {wanted})"
        for (name, model), wanted in study.fewer_seeds.items()
    ]
    if not lacking:
        return ""
    return (
        f"Warning: {counted(len(lacking), 'mean')} over fewer seeds than planned or than other "
        f"models have (marked §): {some(lacking, MOST_LACKING)}. "
        "Differences and tests are over common seeds."
    )


def _few_groups(study: Study) -> str:
    few = [
        f"{name} ({found.groups})"
        for name, found in study.uncertainties.items()
        if found.groups < FEW and name in study.columns
    ]
    if not few:
        return ""
    return (
        f"Warning: few groups of test videos in {some(few)}: intervals are by Student’s t, and "
        "rest on groups that differ about equally much."
    )


def _remarks(study: Study) -> list[str]:
    """Each remark that cells made of their own numbers, with how many made it."""
    cells = study.harvest.measured
    said = Counter(remark for cell in cells for remark in cell.provenance.remarks)
    return [f"Note on {counted(count, 'cell')}: {remark}." for remark, count in said.items()]


def power(study: Study) -> list[str]:
    """What differences the test sets could have shown."""
    sizes = {
        name: statistics.median(known) * _points(study, name)
        for name, found in study.uncertainties.items()
        if (known := [size for one in found.comparisons.values() if (size := _least(one)) >= 0])
    }
    if not sizes:
        return ["Without two models on the same videos nothing can be compared."]
    finest, coarsest = (pick(sizes, key=sizes.__getitem__) for pick in (min, max))
    found = (
        f"Two models that differ by {fixed(sizes[finest])} points on {finest} would be told apart "
        "four times out of five"
    )
    if finest == coarsest:
        return [f"{found}."]
    return [
        f"{found}; on {coarsest} it takes {fixed(sizes[coarsest])}. Smaller differences may be "
        "there without being seen."
    ]


def _least(one: Comparison) -> float:
    return detectable(one.standard_error, one.freedom)


def _points(study: Study, experiment: str) -> float:
    metric = study.columns[experiment].metric
    return 100.0 / abs(metric.best - metric.worst)


def seeds_note(study: Study) -> str:
    """A warning where an experiment has a single seed, else empty."""
    single = {s.experiment for s in study.summaries.values() if s.seeds.n == 1}
    if not single:
        return ""
    whole = len(single) == len(study.columns)
    names = "every experiment" if whole else some([n for n in study.columns if n in single])
    return (
        f"Of {names} at least one model has a single seed: its spread over seeds is not known, "
        "and its paired intervals cover test videos only."
    )


def closest(findings: Findings) -> list[str]:
    """Which two models' features are most alike, and which least."""
    found = findings.similarity
    if found is None:
        return ["No two models have cached test features of a standard dataset."]
    pairs = [
        (float(found.values[i, j]), found.models[j], found.models[i])
        for i in range(len(found.models))
        for j in range(i)
        if not math.isnan(found.values[i, j])
    ]
    lead = (
        f"{findings.estimator.capitalize()} linear CKA between the features of "
        f"{counted(len(found.models), 'model')} on the same {found.n} test videos of "
        f"{findings.similarity_of}: 1 is the same up to rotation and scale, 0 is unrelated."
    )
    if len(pairs) < 2:
        return [lead]
    (high, a, b), (low, c, d) = max(pairs), min(pairs)
    return [
        lead,
        f"Most alike are {called(a)} and {called(b)} ({fixed(high, 2)}), least "
        f"{called(c)} and {called(d)} ({fixed(low, 2)}).",
    ]


def spent(study: Study) -> str:
    """Total time of the finished cells."""
    cells = sum(cell.seconds for cell in study.harvest.measured)
    shared = sum(work.seconds for work in study.harvest.shared)
    return (
        f"Measuring took {seconds_text(cells)} of computing in "
        f"{counted(len(study.harvest.measured), 'cell')}, shared work {seconds_text(shared)} in "
        f"{counted(len(study.harvest.shared), 'cell')} (summed over workers)."
    )


def _extent(study: Study) -> str:
    done, missing = len(study.harvest.measured), len(study.harvest.problems)
    seeds = {summary.seeds.n for summary in study.summaries.values()}
    most = f"{min(seeds)} to {max(seeds)} seeds" if len(seeds) > 1 else counted(max(seeds), "seed")
    sentence = (
        f"{counted(len(study.models), 'model')} in {counted(len(study.columns), 'experiment')}, "
        f"{most} each: {counted(done, 'cell')} measured"
    )
    empty = len(study.models) * len(study.columns) - len(study.summaries)
    if empty:
        sentence += f", {counted(empty, 'pair')} of model and experiment without any"
    if missing:
        return f"{sentence}; {counted(missing, 'cell')} without a result (listed below)."
    return f"{sentence}." if empty else f"{sentence}; no cell is missing."


def rankings(study: Study) -> list[str]:
    """First and last of the ranking, preset by preset."""
    if len(study.models) < 2:
        return ["With a single model there is nothing to rank; its numbers stand below."]
    if len(study.by_preset) == 1:
        return [_overall(study)]
    ranked = {p: part for p, part in study.by_preset.items() if len(part.models) > 1}
    return [f"Preset {preset}: {_overall(part)}" for preset, part in ranked.items()]


def _overall(study: Study) -> str:
    first, last = study.standings[0], study.standings[-1]
    if first.mean_score is None or last.mean_score is None or first.average_rank is None:
        return "No experiment has a result of every model, so there is no overall ranking."
    over = "one experiment" if first.experiments == 1 else f"{first.experiments} experiments"
    said = f"Over the {over} that all models share"
    by_place: dict[int | None, list[str]] = {}
    for standing, place in zip(study.standings, places(study.standings), strict=True):
        by_place.setdefault(place, []).append(called(standing.model))
    best, worst = fixed(first.mean_score), fixed(last.mean_score)
    if len(by_place) == 1:
        return f"{said}, all have the same mean score ({best})."
    leaders, *_, trailers = by_place.values()
    rank = f", average rank {fixed(first.average_rank, 2)}" if len(leaders) == 1 else ""
    return (
        f"{said}, {some(leaders)} {'has' if len(leaders) == 1 else 'have'} the highest mean "
        f"score ({best}{rank}) and {some(trailers)} the lowest ({worst})."
    )


def standard_choice(study: Study) -> list[str]:
    """Whether the winner of the standard column wins elsewhere."""
    if len(study.models) < 2:
        return []
    if not study.standards:
        return [f"No experiment has the factor “{STANDARD}”, so no change of rank is shown."]
    if not study.sensitivities:
        return ["All experiments are standard ones, so no change of rank is shown."]
    others = [one for one in study.sensitivities if len(one.moves) > 1]
    if not others:
        return [
            "No experiment has two models of its standard column, so no change of rank is shown."
        ]
    kept = [one for one in others if leader_stays(one)]
    changed = [one for one in others if any(swap.separable for swap in one.swaps)]
    return [
        f"Whoever leads its standard column also leads in {len(kept)} of "
        f"{counted(len(others), 'other experiment')}. The order of models changes beyond chance "
        f"in {len(changed)}" + (f": {some([c.experiment for c in changed])}." if changed else ".")
    ]


def leader_stays(one: Sensitivity) -> bool:
    """Whether each model that leads the standard column leads here; ties lead together."""
    return all(move.after == 1 for move in one.moves if move.before == 1)


def _tally(verdicts: Sequence[Verdict]) -> str:
    if not verdicts:
        return ""
    outcomes = [verdict.outcome for verdict in verdicts]
    parts = [
        f"{outcomes.count(outcome)} {verb}"
        for outcome, verb in [
            ("holds", "held"),
            ("does not hold", "did not hold"),
            ("not separable", "could not be told from chance"),
            ("not measured", "could not be judged for want of results or intervals"),
        ]
        if outcome in outcomes
    ]
    return f"Of {counted(len(verdicts), 'claim')} made beforehand, {listing(parts)}."
