"""What can go wrong in training that has a name of its own."""

from severe_bench.core.errors import NotFinite


class NanLoss(NotFinite):
    """The loss became NaN or infinite; parameters are as before that step.

    Args:
        loss: the offending value.
        epoch, step: 0-based; shown 1-based.

    Example:
        >>> NanLoss(float("nan"), 2, 6).what
        'the loss is nan in epoch 3, step 7'
    """

    def __init__(self, loss: float, epoch: int, step: int) -> None:
        self.epoch, self.step = epoch, step
        super().__init__(
            f"the loss is {loss} in epoch {epoch + 1}, step {step + 1}",
            mend="lower optimiser.lr, add schedule.warmup_epochs or set numerics.precision: fp32",
        )
