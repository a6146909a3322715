"""MoCo with an R(2+1)D-18 query encoder, as released with SEVERE (`checkpoint_0199.pth.tar`)."""

from severe_bench.models.layout import Layout

ENCODER = r"encoder_q\."
LEFTOVERS = (rf"{ENCODER}fc\..*", r"encoder_k\..*", r"queue", r"queue_ptr")

MOCO = Layout("moco", backbones=("r2plus1d_18",), root="encoder_q.", leftovers=LEFTOVERS)
