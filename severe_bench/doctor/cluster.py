"""Whether Slurm answers on this machine."""

import shutil
import subprocess
from collections.abc import Iterator

from severe_bench.doctor.finding import Finding


def check_slurm() -> Iterator[Finding]:
    """Whether sbatch is on the PATH and a controller replies."""
    if shutil.which("sbatch") is None:
        mend = "run this on a login node of the cluster, if there is one"
        yield Finding(check="slurm", verdict="note", seen="no sbatch on the PATH", mend=mend)
        return
    try:
        reply = subprocess.run(
            ["scontrol", "ping"],  # noqa: S607 - the site's own program, wherever it lies
            capture_output=True, text=True, check=False, timeout=20,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        yield Finding(
            check="slurm", verdict="problem", seen=str(error), mend="ask the site's support"
        )
        return
    seen = (reply.stdout or reply.stderr).strip().replace("\n", "; ")
    if reply.returncode == 0:
        yield Finding(check="slurm", verdict="ok", seen=seen)
    else:
        mend = "see `scontrol ping`; the controller does not reply"
        yield Finding(check="slurm", verdict="problem", seen=seen, mend=mend)
