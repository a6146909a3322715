"""Which cells can train together: those whose heads keep every bit when others train beside them.

Light to import: plans and runs ask, and import no torch.
"""

from severe_bench.config.recipe import Numerics
from severe_bench.plan.job import EvaluateJob
from severe_bench.tasks.task import TASKS

PROTOCOLS, PROCEDURE = ("linear", "linear_selected"), "clips"


def may_train_together(job: EvaluateJob) -> bool:
    """Whether a job's heads can train beside those of other budgets and seeds.

    They must be linear ones on cached vectors in plain fp32. Dropout draws from torch's global
    generator, which each head has to itself only when it is alone; so its cells train alone.
    """
    recipe, numerics = job.recipe, job.recipe.numerics
    plain = Numerics(channels_last=numerics.channels_last, norm_eps=numerics.norm_eps)
    return (
        job.protocol in PROTOCOLS
        and TASKS.get(job.task).procedure == PROCEDURE
        and recipe.probe.reads == "features"
        and recipe.head.dropout == 0
        and numerics == plain
    )
