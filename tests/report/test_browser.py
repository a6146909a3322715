"""The page in a real browser, where there is one: sorting, the console, the network."""

import shutil
import subprocess
from pathlib import Path

import pytest

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


def dump(page: Path, folder: Path) -> tuple[str, str]:
    command = [str(BROWSER), *FLAGS, f"--user-data-dir={folder}", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, done.stderr


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
