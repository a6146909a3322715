"""The page in a real browser, where there is one: sorting, the console, the network."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from severe_bench.report.build import build_report
from severe_bench.report.printed import write_printed_page
from severe_bench.store.layout import Layout
from tests.analysis.builder import Trial, write_suite

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--enable-logging=stderr",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=4000",
]
PROBE = """<script>
const table = document.getElementById("table-ranking");
const title = [...table.querySelectorAll("th button")].find((b) => b.textContent === "Model");
const first = () => [...table.tBodies[0].rows].map((row) => row.cells[1].textContent).join();
const seen = [first()];
title.click();
seen.push(title.parentElement.getAttribute("aria-sort") + ":" + first());
title.click();
seen.push(title.parentElement.getAttribute("aria-sort") + ":" + first());
document.title = JSON.stringify([seen, performance.getEntriesByType("resource").length]);
</script></body>"""

MEASURE = """<script>
const widths = [...document.querySelectorAll("caption span")]
  .filter((span) => span.textContent.length > 200 && span.checkVisibility())
  .map((span) => [span.getBoundingClientRect().width, span.closest(".scroll")]);
const found = widths.map(([wide, box]) => [wide, box.clientWidth]);
document.title = JSON.stringify(found);
</script></body>"""

CLICK_ALL = """<script>
const buttons = [...document.querySelectorAll("th button")];
let sorted = 0;
for (const button of buttons) {
  button.click();
  if (button.parentElement.hasAttribute("aria-sort")) sorted += 1;
}
const found = [buttons.length, sorted, performance.getEntriesByType("resource").length];
document.title = JSON.stringify(found);
</script></body>"""


def dump(page: Path, folder: Path) -> tuple[str, str]:
    command = [str(BROWSER), *FLAGS, f"--user-data-dir={folder}", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_printed_page("severe2022", tmp_path_factory.mktemp("printed"))


@pytest.mark.skipif(BROWSER is None, reason="no chromium on this machine")
@pytest.mark.parametrize("name", ["hostile", "printed"])
def test_every_table_of_every_page_sorts_in_silence(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Every column title of the page is clicked; nothing is requested, nothing is complained of."""
    page: Path = request.getfixturevalue(name)
    probed = tmp_path / "probed.html"
    probed.write_text(page.read_text().replace("</body>", CLICK_ALL))
    dom, log = dump(probed, tmp_path / "profile")
    clicks, sorted_, requests = json.loads(dom.split("<title>")[1].split("</title>")[0])
    assert clicks == sorted_ > 20
    assert requests == 0
    assert "CONSOLE" not in log


@pytest.mark.skipif(BROWSER is None, reason="no chromium on this machine")
def test_sorting_works_nothing_is_requested_and_the_console_is_silent(
    whole: Path, tmp_path: Path
) -> None:
    probed = tmp_path / "probed.html"
    probed.write_text(whole.read_text().replace("</body>", PROBE))
    dom, log = dump(probed, tmp_path / "profile")
    title = dom.split("<title>")[1].split("</title>")[0]
    names = "none,supervised,temporal_contrast,tubelet_contrast"
    backwards = "tubelet_contrast,temporal_contrast,supervised,none"
    assert f'"ascending:{names}"' in title
    assert f'"descending:{backwards}"' in title
    assert title.endswith("],0]")
    assert "CONSOLE" not in log


@pytest.mark.skipif(BROWSER is None, reason="no chromium on this machine")
def test_words_below_a_narrow_table_are_no_narrow_column(tmp_path: Path) -> None:
    write_suite(Layout(tmp_path, "s"), [Trial("e", "standard", {"a": 0.5})], (0,))
    page = build_report(tmp_path, "s")
    probed = tmp_path / "probed.html"
    probed.write_text(page.read_text().replace("</body>", MEASURE))
    dom, _ = dump(probed, tmp_path / "profile")
    found = json.loads(dom.split("<title>")[1].split("</title>")[0])
    assert len(found) > 2
    assert all(500 < wide <= room for wide, room in found)
