import pytest
from pydantic import ValidationError

from severe_bench.config.recipe import Recipe


@pytest.mark.parametrize(
    ("part", "wrong", "message"),
    [
        ("clip", {"frames": 0}, "greater than or equal to 1"),
        ("clip", {"rate": 0}, "greater than 0"),
        ("clip", {"sampling": "all"}, "'stride', 'seconds', 'uniform' or 'linear'"),
        ("augment", {"area": [0.9, 0.2]}, "area needs 0 < low <= high <= 1"),
        ("augment", {"area": [0, 1]}, "area needs 0 < low <= high <= 1"),
        ("augment", {"area": [0.5, 1.1]}, "area needs 0 < low <= high <= 1"),
        ("augment", {"ratio": [2, 1]}, "ratio needs 0 < low <= high"),
        ("augment", {"flip": 1.5}, "less than or equal to 1"),
        ("augment", {"hue": 0.6}, "less than or equal to 0.5"),
        ("test", {"clips": 0}, "greater than or equal to 1"),
        ("test", {"resize": 0}, "greater than 0"),
        ("optimiser", {"lr": 0}, "greater than 0"),
        ("optimiser", {"weight_decay": -1}, "greater than or equal to 0"),
        ("schedule", {"milestones": [3, 2]}, "milestones must ascend"),
        ("schedule", {"gamma": 0}, "greater than 0"),
        ("numerics", {"precision": "fp16"}, "'fp32' or 'bf16'"),
        ("numerics", {"micro_batch": 0}, "greater than or equal to 1"),
        ("optimiser", {"lr": float("nan")}, "finite number"),
        ("clip", {"short": "hold", "sampling": "seconds"}, "short: hold needs sampling: stride"),
        ("augment", {"crop": "corner"}, "'area', 'multiscale', 'short_side' or 'centre'"),
        ("augment", {"scales": []}, "at least 1 item"),
        ("augment", {"scales": [1.5]}, "less than or equal to 1"),
        ("augment", {"short_side": [0.5, 2]}, "short_side needs 1 <= low <= high"),
        ("test", {"crops": 2}, "1 or 3"),
        ("optimiser", {"nesterov": True}, "nesterov needs name: sgd"),
        ("optimiser", {"name": "sgd", "momentum": 0, "nesterov": True}, "nesterov needs"),
        ("schedule", {"warmup_lr": 0}, "greater than 0"),
        ("head", {"dropout": 1}, "less than 1"),
        ("probe", {"batch_norm": "train"}, "batch_norm: train needs reads: clips"),
        ("selection", {"model": "best"}, "'last' or 'best_test'"),
    ],
)
def test_nonsense_is_refused(part: str, wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Recipe.model_validate({part: wrong})


def test_the_defaults_are_the_finetuning_of_severe() -> None:
    recipe = Recipe()
    assert (recipe.clip.frames, recipe.clip.size, recipe.test.clips) == (16, 112, 10)
    assert (recipe.optimiser.name, recipe.optimiser.lr) == ("adam", 1e-4)
