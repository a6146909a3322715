"""A report is made again when it would say something else, and only then."""

from collections.abc import Callable
from pathlib import Path

import pytest

from severe_bench.cli.closing import current_report, write_report
from severe_bench.cli.opening import Opened
from severe_bench.config.loading import load_config
from severe_bench.plan.build import plan_suite
from severe_bench.store.cells import write_failure
from severe_bench.store.layout import Layout
from severe_bench.store.result import Failure
from tests.cli.conftest import TINY


def opened(folder: Path, text: str = TINY) -> Opened:
    path = folder / "b.yaml"
    path.write_text(text)
    config = load_config(path)
    plan = plan_suite(config, "tiny")
    return Opened(config, plan, plan, Layout(folder / "results", "tiny"))


@pytest.fixture
def reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """A study whose report was just written."""

    def build(results: Path, suite: str, *_: object) -> Path:
        page = Layout(results, suite).report / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("page")
        return page

    monkeypatch.setattr("severe_bench.report.build.build_report", build)
    study = opened(tmp_path)
    write_report(study)
    return study


def test_the_same_results_need_no_second_report(reported: Opened, tmp_path: Path) -> None:
    assert current_report(reported) == reported.layout.report / "index.html"
    assert current_report(opened(tmp_path)) is not None


CHANGES: dict[str, Callable[[str], str]] = {
    "a model's name": lambda text: text.replace("  none: {", "  nothing: {"),
    "a factor": lambda text: text.replace("factor: standard", "factor: domain"),
    "a claim": lambda text: (
        text + "    claims: [{experiment: near-linear, better: none, worse: none}]\n"
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_names_and_claims_belong_to_the_report(
    reported: Opened, tmp_path: Path, change: Callable[[str], str]
) -> None:
    changed = opened(tmp_path, change(TINY))
    assert [c.id for c in changed.whole.cells] == [c.id for c in reported.whole.cells]
    assert current_report(changed) is None


def test_a_failure_belongs_to_the_report(reported: Opened) -> None:
    cell = reported.whole.cells[-1]
    failure = Failure(cell=cell.id, failure_class="decode", message="frame 3")
    write_failure(reported.layout.folder(cell), failure)
    assert current_report(reported) is None


def test_a_report_without_its_page_is_no_report(reported: Opened) -> None:
    (reported.layout.report / "index.html").unlink()
    assert current_report(reported) is None


def test_a_page_of_the_biased_estimator_is_not_the_page_of_a_run(reported: Opened) -> None:
    write_report(reported, "biased")
    assert current_report(reported) is None
