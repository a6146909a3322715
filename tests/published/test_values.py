"""Single cells, typed from the printed pages and not from our files."""

import pytest

from severe_bench.published.read import rows
from severe_bench.published.wide import widen

SEVERE = "thoker2023thesis"
SPOTS = [
    (f"{SEVERE}_4.1", "MoCo", "Finetuning / UCF101", 83.3),
    (f"{SEVERE}_4.1", "VideoMoCo", "Finetuning / EK 100", 43.6),
    (f"{SEVERE}_4.1", "CtP", "Linear Evaluation / K 400", 7.6),
    (f"{SEVERE}_4.1", "AVID-CMA", "Linear Evaluation / NTU60", 53.9),
    (f"{SEVERE}_4.1", "TCLR", "Linear Evaluation / SSv2", 10.8),
    (f"{SEVERE}_4.1", "Supervised", "Linear Evaluation / EK 100", 26.6),
    (f"{SEVERE}_4.2", "None", "Gym99 / Across Events / All", 84.8),
    (f"{SEVERE}_4.2", "GDT", "Gym99 / Within Event / Vault", 36.9),
    (f"{SEVERE}_4.2", "RSPNet", "Gym99 / Within Event / Floor", 82.7),
    (f"{SEVERE}_4.2", "CtP", "Gym99 / Within Set / FX-S1", 79.1),
    (f"{SEVERE}_4.2", "Supervised", "Gym288 / Across Events / All", 58.4),
    (f"{SEVERE}_4.3", "VideoMoCo", "Within domain / Action Detection", 0.440),
    (f"{SEVERE}_4.3", "GDT", "Within domain / Repetition Counting", 0.123),
    (f"{SEVERE}_4.3", "RSPNet", "Within domain / Arrow of Time", 87.0),
    (f"{SEVERE}_4.3", "Supervised", "Out of domain / Multi-label Recognition", 23.5),
    (f"{SEVERE}_4.3", "None", "Out of domain / Action Detection", 7.4),
    (f"{SEVERE}_4.4", "SeLaVi", "Domains / SS-v2", 56.2),
    (f"{SEVERE}_4.4", "GDT", "Samples / Gym-99 (10^3)", 45.6),
    (f"{SEVERE}_4.4", "Pretext-Contrast", "Actions / UB-S1", 86.1),
    (f"{SEVERE}_4.4", "TCLR", "Tasks / Charades-MLC", 12.2),
    (f"{SEVERE}_B.1", "AVID-CMA†", "Epochs", 400),
    (f"{SEVERE}_B.1", "SeLaVi†", "Batch Size", 1024),
    (f"{SEVERE}_B.1", "GDT†", "Temporal / Reversal", 1),
    (f"{SEVERE}_B.1", "RSPNet", "Spatial / Horiz. Flip", 0),
    (f"{SEVERE}_B.1", "CtP", "Spatial / Random Crop", 0),
    (f"{SEVERE}_B.1", "Supervised", "Temporal / Shift", 1),
    (f"{SEVERE}_B.2", "EK-100", "Finetuning / Learning rate", 0.0025),
    (f"{SEVERE}_B.2", "NTU-60", "Finetuning / Epochs", 180),
    (f"{SEVERE}_B.2", "K-400", "Linear Evaluation / Batch Size", 64),
    (f"{SEVERE}_B.3", "CiP", "Existing / HMDB51", 63.2),
    (f"{SEVERE}_B.3", "VideoMoCo", "Actions / FX-S1", 57.3),
    (f"{SEVERE}_B.4", "RSPNet", "Noun", 18.7),
    (f"{SEVERE}_B.4", "None", "Action", 1.8),
    (f"{SEVERE}_5.1", "SSv2", "#Finetuning", 168913),
    (f"{SEVERE}_5.1", "FX-S1", "#Testing", 777),
    (f"{SEVERE}_5.2", "Tubelet Motion", "SSv2-Sub", 47.5),
    (f"{SEVERE}_5.3", "Linear", "UB-S1", 88.5),
    (f"{SEVERE}_5.4", "None", "UB-S1", 90.5),
    (f"{SEVERE}_5.5", "3", "UCF (10^3)", 66.5),
    (f"{SEVERE}_5.6", "Tubelet Contrast", "Linear Classification / Gym99", 34.1),
    (f"{SEVERE}_5.7", "TE", "HMDB51", 62.2),
    (f"{SEVERE}_5.7", "This chapter†", "HMDB51", 65.0),
    (f"{SEVERE}_5.8", "SVT", "Tasks / Charades", 35.5),
    (f"{SEVERE}_5.8", "VideoMAE", "Mean", 58.1),
    (f"{SEVERE}_5.8", "Supervised", "Rank", 3.9),
    (f"{SEVERE}_5.8", "This Chapter", "Actions / FX-S1", 80.1),
    (f"{SEVERE}_C.1", "This chapter†", "Top-1", 89.4),
    (f"{SEVERE}_C.2", "I3D / BE", "HMDB", 55.4),
    (f"{SEVERE}_C.2", "R3D-18 / MaCLR", "UCF", 91.3),
    (f"{SEVERE}_C.3", "Temporal Contrast Baseline", "Top-1", 64.1),
    (f"{SEVERE}_C.4", "UCF-RC", "Learning rate", 0.00005),
    (f"{SEVERE}_C.4", "Charades", "Batch Size", 16),
    (f"{SEVERE}_C.5", "Rotate + Scale", "Gym (10^3)", 46.9),
    (f"{SEVERE}_C.6", "Rotation -180 to 180", "Gym (10^3)", 49.6),
    (f"{SEVERE}_C.6", "Shear -0.75 to 0.75", "UCF (10^3)", 64.4),
    (f"{SEVERE}_C.7", "Randomly Scaled Crops", "Gym (10^3)", 37.5),
    ("indris2025assembly_1", "SSTAP", "amAP%", 40.7),
    ("indris2025assembly_2", "ANet1.3", "#Videos", 19228),
    ("indris2025assembly_2", "UAs", "mAP", 85),
    ("indris2025assembly_3", "R3432-32", "amAP", 42.81),
    ("indris2025assembly_3", "I3D-R-164", "Real", 1.52),
    ("indris2025assembly_4", "R(2+1)D / right", "Cropped / mAP", 89.00),
    ("indris2025assembly_4", "VideoMAEv2 / left", "ΔmAP", 0.25),
    ("indris2025assembly_5", "I3D (rgb)", "TemporalMaxer / amAP", 82.80),
    ("indris2025assembly_5", "R(2+1)D", "ActionFormer / Inference Time", 58.58),
    ("indris2025assembly_6", "E. Reduced Temporal Scale", "mAP", 56.216),
    ("indris2025assembly_7", "10%", "mAP@IoU=0.7", 28.59),
    (
        "indris2025assembly_8",
        "THUMOS / 100% / I3D+flow / TemporalMaxer / step 4",
        "amAP",
        71.75,
    ),
    ("indris2025assembly_A3", "LossBalance", "mAP@IoU=0.5 / p-Value", 3.36e-3),
    ("indris2025assembly_A3", "TrainingStep", "Training Time / Estimate", 20.18),
    (
        "indris2025assembly_A5",
        "heads 1, step 10, gamma 0.8, balance 0.9, lambda2 0.9",
        "Time (s)",
        3217.362,
    ),
    ("dave2024finepseudo_1", "Ours (FinePseudo)", "FineGym288 / 20%", 73.4),
    ("dave2024finepseudo_1", "AVID", "Diving48 / 5%", 10.0),
    ("dave2024finepseudo_2", "SVFormer", "20%", 76.20),
    ("dave2024finepseudo_3", "TCL / TSM-ResNet18", "SomethingV2 / 10%", 41.6),
    ("dave2024finepseudo_3", "SVFormer / T.Former(ViT-S)", "#F", 16),
    ("dave2024finepseudo_4", "TimeBalance", "20%", 50.88),
    ("dave2024finepseudo_5", "(b)", "20%", 51.05),
    ("dave2024finepseudo_6", "Label verification", "PL statistics / Count", 1981),
    ("chen2022thesis_3.1", "SC / speed jump", "UCF101", 72.8),
    ("chen2022thesis_3.2", "STS / R(2+1)D", "HMDB51", 40.7),
    ("chen2022thesis_3.3", "R(2+1)D / PacePred", "R@20 / HMDB51", 58.0),
    ("chen2022thesis_3.3", "C3D / Speediness Change", "R@50 / UCF101", 3.2),
    ("chen2022thesis_4.1", "locations first, speeds 1,2", "UCF101", 79.3),
    ("chen2022thesis_4.2", "SC / fine-grained classification", "UCF101", 77.5),
    ("chen2022thesis_4.3", "Ours (Chapter 4) / R3D", "HMDB51", 57.1),
    ("chen2022thesis_4.4", "R3D / Ours (Chapter 4)", "R@10 / UCF101", 47.1),
    ("chen2022thesis_4.4", "R3D / TempTrans", "R@50 / UCF101", 82.8),
    ("fayyaz2024thesis_4.3", "STC-ResNet 18", "Accuracy %", 42.8),
    ("fayyaz2024thesis_4.4", "STC-ResNext 101 (64 frames)", "HMDB51", 74.9),
    ("fayyaz2024thesis_4.5", "SCB", "Accuracy %", 46.1),
    ("fayyaz2024thesis_4.6", "stride 16", "Accuracy %", 40.3),
    ("fayyaz2024thesis_4.7", "3D-ResNet-Transferred", "HMDB51", 64.2),
    ("fayyaz2024thesis_4.8", "RGB-I3D", "Top5-Val", 88),
    ("fayyaz2024thesis_4.9", "Conv Fusion", "UCF101", 82.6),
    ("fayyaz2024thesis_5.4", "Human-Annotation HVU", "Event", 35.7),
    ("fayyaz2024thesis_5.5", "3D-STCNet", "HVU Overall %", 36.7),
    ("fayyaz2024thesis_5.6", "HATNet (Multi-Task)", "Concept", 27.3),
    ("fayyaz2024thesis_5.7", "HVU", "Kinetics", 67.8),
    ("fayyaz2024thesis_5.8", "Action Only", "Action Recognition Performance", 65.6),
    ("fayyaz2024thesis_5.9", "HATNet (32 frames) / HVU / ResNet18", "Kinetics-600", 77.4),
    ("fayyaz2024thesis_5.9", "TSN / Imagenet,Kinetics / Inception v3", "Kinetics-400", 72.5),
    ("fayyaz2024thesis_5.10", "SibNet(GoogleNet) / ImageNet", "BLEU@4", 40.9),
    ("fayyaz2024thesis_5.11", "HATNet / HVU", "Clustering Accuracy (%)", 54.8),
    ("fayyaz2024thesis_6.1", "Angular", "top5", 87.8),
    ("fayyaz2024thesis_6.2", "Kronecker", "top1", 68.9),
    ("fayyaz2024thesis_6.3", "L = 16", "top1", 64.7),
    ("fayyaz2024thesis_6.4", "R(2+1)D+ATFR / 64 frames", "top5 / stride 1", 88.6),
    ("fayyaz2024thesis_6.6", "First Conv", "GFLOPs", 0.9),
    ("fayyaz2024thesis_6.7", "I3D+ATFR / ResNet50", "GFLOPs", 105.2),
    ("fayyaz2024thesis_6.8", "X3D-XL + ATFR β", "top1", 79.3),
    ("fayyaz2024thesis_6.8", "R(2+1)D", "GFLOPs per view × views", 152),
    ("fayyaz2024thesis_6.9", "X3D-M+ATFR", "GFLOPs per view × views", 3.3),
    ("fayyaz2024thesis_6.10", "SlowFast-R50+ATFR", "top5", 87.9),
    ("fayyaz2024thesis_6.11", "DynamoNet", "UCF101", 96.6),
    ("fayyaz2024thesis_6.13", "X3D-S+ATFR", "Inference (fps)", 4295),
    ("fayyaz2024thesis_6.14", "B = 16", "top5", 86.2),
    ("fayyaz2024thesis_6.15", "B = 4", "top1", 51.1),
    ("fayyaz2024thesis_6.16", "X3D-S+Temporal Attention", "top1", 78.3),
    ("fayyaz2024thesis_7.1", "Top-K", "Top-1 acc", 78.9),
    ("fayyaz2024thesis_7.2", "stage 3-11", "Top-1 Accuracy", 79.2),
    ("fayyaz2024thesis_7.3", "EViT-DeiT-S (100 Epochs)+ATS", "GFLOPs", 2.5),
    ("fayyaz2024thesis_7.4", "Deit-S+ATS", "Throughput", 1403),
    ("fayyaz2024thesis_7.5", "XViT(16×)", "GFLOPs", 850),
    ("fayyaz2024thesis_7.6", "Swin-T", "Resolution", 766),
    ("fayyaz2024thesis_7.6", "CrossViT-B", "Params (M)", 104.7),
    ("fayyaz2024thesis_7.7", "TimeSformer-L+ATS (Ours)", "GFLOPs", 3510),
    ("fayyaz2024thesis_7.8", "MViT-B-24, 32×3", "Top-5", 96.5),
    ("fayyaz2024thesis_8.1", "3 max poolings", "MoF", 28.1),
    ("fayyaz2024thesis_8.2", "L_S+L_R+R_I+L_C+R_L+L_J", "MoF", 25.3),
    ("fayyaz2024thesis_8.3", "Ours", "IDT", 26.6),
    ("fayyaz2024thesis_8.4", "POC", "Hollywood Extended / jacc. idx", 33.5),
    ("fayyaz2024thesis_9.1", "increasing dilation, exponential / with L_mu", "Mat Score", 0.774),
    ("fayyaz2024thesis_9.2", "bell / overlap 10%", "F1@50", 34.7),
    ("fayyaz2024thesis_9.3", "L_len", "MoF", 48.3),
    ("fayyaz2024thesis_9.4", "MuCon-Y", "F1@10", 28.1),
    ("fayyaz2024thesis_9.5", "70 epochs", "Mat Score", 0.783),
    ("fayyaz2024thesis_9.6", "CDFL", "Training (hours)", 66.73),
    ("fayyaz2024thesis_9.7", "MuCon", "IoD - Action Alignment", 66.2),
    ("fayyaz2024thesis_9.8", "D3TW", "MoF-BG - Action Segmentation", 33.6),
    ("fayyaz2024thesis_9.9", "MuCon", "Edit", 76.4),
    ("fayyaz2024thesis_9.10", "MS-TCN++", "MoF", 67.6),
    ("fayyaz2024thesis_9.11", "20% fully supervised", "Accuracy %", 58.2),
]


@pytest.mark.parametrize(("table", "row", "column", "value"), SPOTS)
def test_spot_value(table: str, row: str, column: str, value: float) -> None:
    assert widen(rows(table)).cells[row, column].value == value


def test_every_table_has_a_spot_value() -> None:
    from severe_bench.published.read import tables

    assert {spot[0] for spot in SPOTS} == set(tables())


@pytest.mark.parametrize(
    ("row", "column", "value", "std"),
    [
        ("None", "Samples / Gym-99 (10^3)", 22.7, 3.5),
        ("TCLR", "Domains / SS-v2", 59.8, 0.0),
        ("GDT", "Existing / HMDB51", 64.8, 1.0),
        ("VideoMoCo", "Tasks / UCF-RC", 0.185, 0.00),
        ("Supervised", "Actions / FX-S1", 79.0, 2.0),
    ],
)
def test_values_with_deviations_over_three_runs(
    row: str, column: str, value: float, std: float
) -> None:
    cell = widen(rows("thoker2023thesis_B.3")).cells[row, column]
    assert (cell.value, cell.std, cell.n) == (value, std, 3)


@pytest.mark.parametrize(
    ("table", "row", "column", "printed"),
    [
        ("thoker2023thesis_5.8", "This Chapter", "Tasks / UCF-RC", "0.150"),
        ("thoker2023thesis_B.2", "NTU-60", "Finetuning / Steps", "[90, 140, 160]"),
        ("thoker2023thesis_C.4", "UB-S1", "Steps", "[70,120,140]"),
        ("thoker2023thesis_5.1", "FX-S1", "Eval Metric", "Mean Class Acc"),
        ("fayyaz2024thesis_6.8", "X3D-L β", "GFLOPs per view × views", "24.8 × 30"),
        ("fayyaz2024thesis_7.7", "Swin-L(384)", "Views", "10×5"),
        ("indris2025assembly_3", "Vg", "Time (h:m:s)", "125:48:53"),
        ("indris2025assembly_A3", "EmbeddingHead", "mAP@IoU=0.5 / Significance", "***"),
    ],
)
def test_the_printed_form_is_kept(table: str, row: str, column: str, printed: str) -> None:
    assert widen(rows(table)).cells[row, column].printed == printed


@pytest.mark.parametrize(
    ("table", "row", "expected"),
    [
        ("thoker2023thesis_5.8", "SVT", ("SVT", "ViT-B", "")),
        (
            "thoker2023thesis_5.8",
            "This Chapter†",
            ("Tubelet (Mini-Kinetics)", "R(2+1)D-18", "Mini-Kinetics"),
        ),
        ("thoker2023thesis_5.8", "CiP", ("CtP", "R(2+1)D-18", "Kinetics-400")),
        ("thoker2023thesis_4.1", "None", ("None", "R(2+1)D-18", "none")),
        ("thoker2023thesis_C.2", "I3D / FAME", ("FAME", "I3D", "Kinetics-400")),
        ("chen2022thesis_3.2", "VCP / C3D", ("VCP", "C3D", "UCF101")),
        ("dave2024finepseudo_1", "VidMoCo", ("VideoMoCo", "R(2+1)D-18", "Kinetics-400")),
    ],
)
def test_who_a_row_is(table: str, row: str, expected: tuple[str, ...]) -> None:
    cell = widen(rows(table)).of_row(row)[0]
    assert (cell.model, cell.backbone, cell.pretraining) == expected


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("Domains / SSv2", ("SSv2", "recognition", "finetune", "top1")),
        ("Samples / Gym (10^3)", ("Gym99", "recognition", "finetune, 1000 samples", "top1")),
        ("Actions / FX-S1", ("Gym99 FX-S1", "recognition", "finetune", "mean_per_class")),
        ("Tasks / UCF-RC", ("UCFRep", "counting", "finetune", "counting_error")),
        ("Tasks / Charades", ("Charades", "multilabel", "finetune", "map")),
    ],
)
def test_what_a_severe_column_measures(column: str, expected: tuple[str, ...]) -> None:
    for cell in widen(rows("thoker2023thesis_5.8")).column(column).values():
        assert (cell.dataset, cell.task, cell.protocol, cell.metric) == expected


def test_all_and_across_events_of_gym99_are_different_metrics() -> None:
    top1 = widen(rows("thoker2023thesis_4.1")).cells["None", "Finetuning / Gym99"]
    per_class = widen(rows("thoker2023thesis_4.2")).cells["None", "Gym99 / Across Events / All"]
    assert (top1.metric, per_class.metric) == ("top1", "mean_per_class")
    assert (top1.value, per_class.value) == (89.8, 84.8)
