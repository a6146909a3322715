"""Which section says what."""

from collections.abc import Sequence

from severe_bench.analysis.findings import Findings
from severe_bench.analysis.intervals import DRAWS
from severe_bench.analysis.sensitivity import Sensitivity
from severe_bench.analysis.study import FACTORS, Study
from severe_bench.report import order, words
from severe_bench.report.figures.drawn import Drawn
from severe_bench.report.further import further
from severe_bench.report.measured import (
    cka_map,
    class_bars,
    confusion_map,
    factor_scatter,
    frames_plot,
    rank_slopes,
    ranking_dots,
    sample_plot,
)
from severe_bench.report.page import Part, Section
from severe_bench.report.table import Table
from severe_bench.report.tables.caveats import caveats
from severe_bench.report.tables.comparisons import pairs, power
from severe_bench.report.tables.factors import (
    agreements,
    claims,
    factor_agreements,
    moves,
    swaps,
)
from severe_bench.report.tables.scores import factor_matrix, long, matrix, places, ranking
from severe_bench.report.tables.work import (
    cost,
    cost_by_model,
    experiments,
    problems,
    provenance,
    similarity,
    similarity_pairs,
)


def sections(findings: Findings) -> list[Section]:
    """All sections in reading order; those with nothing to say are left out."""
    study = findings.study
    found = [_overview(findings)]
    if study.models:
        found += [_ranking(findings), *_factors(study)]
        found += [_claims(findings)] if findings.verdicts else []
        found += [_power(study)] if study.uncertainties else []
        shown = findings.class_differences or findings.confusions
        found += [_classes(findings)] if shown else []
        found += [_similarity(findings), *further(findings), _cost(findings)]
    found.append(_missing(study))
    if study.models:
        found += [_protocol(findings), _provenance(study)]
    return found


def _overview(findings: Findings) -> Section:
    return Section("overview", "Overview", words.overview(findings))


def _ranking(findings: Findings) -> Section:
    study = findings.study
    note = words.seeds_note(study)
    return Section(
        "ranking",
        "Ranking",
        [note] if note else [],
        figures=[ranking_dots(study), *_present([sample_plot(findings), frames_plot(findings)])],
        tables=[ranking(study), matrix(study)],
        folded=[places(study), long(study), pairs(study)],
    )


def _present(figures: Sequence[Drawn | None]) -> list[Drawn]:
    return [figure for figure in figures if figure is not None]


def _power(study: Study) -> Section:
    return Section("power", "What could have been seen", words.power(study), tables=[power(study)])


def _classes(findings: Findings) -> Section:
    lead = (
        "Accuracy within each class (average precision where videos have several labels): for each "
        "factor the pair of models whose order changes most surely, and what the best model of an "
        "experiment confuses. A table with every class lies beside the page."
    )
    figures = [class_bars(found) for found in findings.class_differences]
    figures += [confusion_map(found) for found in findings.confusions]
    return Section("classes", "Classes and confusions", [lead], figures=figures)


def _factors(study: Study) -> list[Section]:
    by_factor: dict[str, list[Sensitivity]] = {}
    for one in study.sensitivities:
        by_factor.setdefault(one.factor, []).append(one)
    ordered = sorted(by_factor, key=lambda f: FACTORS.index(f) if f in FACTORS else len(FACTORS))
    found = [_factor(factor, by_factor[factor], study) for factor in ordered]
    if found:
        text = "How far each experiment orders the models as its standard column does."
        found.append(
            Section(
                "sensitivity",
                "All factors together",
                [text],
                tables=[factor_agreements(study), agreements(study)],
            )
        )
    return found


def _factor(factor: str, found: Sequence[Sensitivity], study: Study) -> Section:
    question = words.QUESTIONS.get(factor, "")
    comparable = [one for one in found if len(one.moves) > 1]
    return Section(
        f"factor-{factor}",
        f"Factor: {factor}",
        [question] if question else [],
        figures=_factor_figures(factor, comparable, study) if comparable else [],
        parts=[_part(one, study) for one in found],
        folded=[
            factor_matrix(study, factor),
            moves(factor, found, study),
            swaps(factor, found, study),
        ],
    )


def _factor_figures(factor: str, found: Sequence[Sensitivity], study: Study) -> list[Drawn]:
    return [rank_slopes(factor, found, study), factor_scatter(factor, found, study)]


def _part(one: Sensitivity, study: Study) -> Part:
    title = f"{one.experiment} against {one.standard}"
    return Part(title, order.changes(one), order.swaps(one), order.meaning(one, study))


def _claims(findings: Findings) -> Section:
    lead = "What the suite’s author expected beforehand, each against the measured difference."
    return Section("claims", "Claims", [lead], tables=[claims(findings.verdicts)])


def _similarity(findings: Findings) -> Section:
    drawn = cka_map(findings)
    return Section(
        "cka",
        "Similarity of features",
        words.closest(findings),
        figures=[drawn] if drawn else [],
        folded=[similarity(findings), similarity_pairs(findings)] if drawn else [],
    )


def _cost(findings: Findings) -> Section:
    study = findings.study
    tables = [cost(study), cost_by_model(findings)]
    return Section("cost", "Cost", [words.spent(study)], tables=tables)


def _missing(study: Study) -> Section:
    title = "Missing and failed cells"
    if not study.harvest.problems:
        text = "Every cell has a result." if study.models else "There is no cell here yet."
        return Section("missing", title, [text])
    found: Table = problems(study)
    text = f"{words.counted(len(found.rows), 'cell')} without a result that counts."
    if study.models:
        text += " Means and ranks above are over what is there."
    return Section("missing", title, [text], tables=[found])


def _protocol(findings: Findings) -> Section:
    return Section(
        "protocol",
        "Protocol notes",
        points=[*_notes(findings.study), *findings.notes],
        tables=[experiments(findings.study)],
        folded=[found] if (found := caveats(findings.study)).rows else [],
    )


def _provenance(study: Study) -> Section:
    return Section("provenance", "Provenance", tables=[provenance(study)])


def _notes(study: Study) -> list[str]:
    chosen = any(cell.selected_on == "test" for cell in study.harvest.measured)
    return [CHOSEN_ON_TEST if chosen else LAST_STATE, *NOTES]


LAST_STATE = "The state after the last epoch is tested; nothing is selected on the test videos."
CHOSEN_ON_TEST = (
    "Numbers marked ‡ are best on test: the state was chosen by the test videos, as the code of "
    "SEVERE does. They are too good, and comparable with each other only. Of all others the state "
    "after the last epoch is tested."
)
NOTES = (
    "Models are compared by each experiment’s headline metric. Scores put it on a common scale: 0 "
    "is the metric’s worst value, 100 its best, so that higher is always better.",
    "Means over experiments, and average ranks, are over the experiments that every model has; the "
    "ranking says over how many. Within an experiment a model’s mean is over the seeds it has.",
    "Equal values share the better rank and the next rank is skipped (1, 2, 2, 4).",
    "± is the sample standard deviation over seeds: what another training run would change, and "
    "another draw of the labelled videos where the budget is drawn by the cell’s seed.",
    "Intervals of one model are 95 % percentile bootstrap intervals of its seed-averaged metric "
    f"over test videos, {DRAWS} resamples, drawn by group where the dataset has groups: what "
    "another test set would change.",
    "Paired intervals of two models resample test videos and seeds together, the same for both "
    "models. With three seeds or fewer they are somewhat narrow, because three draws show less "
    "spread than there is.",
    "Not separable means that the paired 95 % interval includes zero; such intervals are not "
    "corrected for the number of comparisons. “≈ best” and p (Holm) are: within each experiment, "
    "over all pairs of models.",
    "Seeds and test videos are two variances and are kept apart: SE videos is the standard error "
    "that another test set would bring, SE seeds that of other training runs.",
    "Exact p is McNemar’s test on single videos of single seeds; where there are several seeds or "
    "groups of videos, the sign test over videos or groups that generalises it. It takes the "
    "training runs as given: about other runs it says nothing, and is too sure if read so.",
    "Each experiment is compared with the standard experiment most like it: same protocol first, "
    "then preset, task, dataset and budget. Means, ranks and numbers of a factor are over the "
    "experiments of one preset, never over presets.",
    "CKA is linear, in double precision, on features averaged over a video’s clips, and debiased "
    "unless stated. Its 95 % intervals are a bootstrap over videos, in 20 random blocks, that "
    "leaves pairs of copies of one video out: these would look alike to every model.",
)
