from severe_bench.config.entries import ModelEntry
from severe_bench.config.network_input import Input
from severe_bench.models.backbones.tclr import TCLR_R2PLUS1D_18
from severe_bench.models.layouts.tclr import TCLR
from severe_bench.models.layouts.torchvision import KINETICS
from severe_bench.plan.parts import input_of


def entry(**fields: object) -> ModelEntry:
    provenance = {"provenance": {"kind": "ssl"}} if "checkpoint" in fields else {}
    return ModelEntry.model_validate({"backbone": "r2plus1d_18", **provenance, **fields})


def test_the_default_is_imagenet_red_first() -> None:
    assert input_of(entry()) == Input()
    assert input_of(entry(checkpoint="a.pt", layout="moco")) == Input()


def test_a_layout_implies_an_input() -> None:
    assert input_of(entry(checkpoint="a.pt", layout="tclr")) == TCLR.input
    assert input_of(entry(checkpoint="a.pt", layout="torchvision")) == KINETICS


def test_a_backbone_implies_one_before_the_layout() -> None:
    found = input_of(entry(backbone="tclr_r2plus1d_18", checkpoint="a.pt", layout="torchvision"))
    assert found == TCLR_R2PLUS1D_18.input
    assert found.channels == "BGR"


def test_the_entry_has_the_last_word() -> None:
    own = {"mean": (0.1, 0.2, 0.3), "channels": "RGB"}
    found = input_of(entry(checkpoint="a.pt", layout="tclr", input=own))
    assert found == Input(mean=(0.1, 0.2, 0.3))
