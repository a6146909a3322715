"""What of Slurm is on this machine."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from textwrap import shorten

from severe_bench.doctor.finding import Finding

ASKED = ("SLURM_VERSION", "ClusterName", "MaxArraySize", "AccountingStorageType")
NO_ACCOUNTS = {"?", "(null)", "accounting_storage/none"}
SECONDS = 20.0
SHORT = 44


def check_slurm() -> Iterator[Finding]:
    """Whether sbatch is on the PATH and a controller replies, and with which limits."""
    missing = [name for name in ("sbatch", "squeue", "scontrol", "srun") if not shutil.which(name)]
    if missing:
        mend = "run this on a login node of the cluster, if there is one"
        yield _note(f"no {', '.join(missing)} on the PATH", mend)
        return
    try:
        reply = subprocess.run(
            ["scontrol", "show", "config"],  # noqa: S607 - the site's own, wherever it lies
            capture_output=True, text=True, check=False, timeout=SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        yield _note(str(error), "ask the site's support")
        return
    if reply.returncode == 0:
        yield Finding(check="slurm", verdict="ok", seen=_told(reply.stdout))
    else:
        mend = "--executor slurm needs one; see SLURM_CONF, and `scontrol show config`"
        yield _note(f"no controller replies ({_first_words(reply.stderr)})", mend)


def _first_words(said: str) -> str:
    """What scontrol says first, no longer than a line: the same is told again and again below."""
    lines = [line.removeprefix("scontrol: error: ") for line in said.splitlines() if line.strip()]
    return shorten(lines[0] if lines else "no reason given", SHORT, placeholder=" ...")


def _told(config: str) -> str:
    found = dict(re.findall(r"^(\w+)\s*=\s*(\S+)", config, re.MULTILINE))
    version, name, array, accounts = (found.get(key, "?") for key in ASKED)
    kept = "no accounting, none needed" if accounts in NO_ACCOUNTS else "accounting"
    return f"{version} replies, cluster {name}; MaxArraySize {array}; {kept}"


def _note(seen: str, mend: str) -> Finding:
    """Not a problem: without a cluster everything runs on this machine."""
    return Finding(check="slurm", verdict="note", seen=seen, mend=mend)
