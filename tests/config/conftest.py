from tests.plan.fixtures import fakes, study

__all__ = ["fakes", "study"]
