import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from severe_bench.pretrain.tubelet_options import Shapes, TubeletOptions
from severe_bench.pretrain.tubelets import Tubelets, draw_tubelets, paste

COUNT, FRAMES, SIDE = 11, 6, 32
ANY = TubeletOptions(rotation=90, scale=(0.5, 1.5), shear=0.5)
HARD = ANY.model_copy(update={"soft_edges": 0.0})


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def clips(seed: int) -> torch.Tensor:
    return torch.rand(COUNT, 3, FRAMES, SIDE, SIDE, generator=rng(seed))


def images(seed: int = 9) -> torch.Tensor:
    return torch.rand(COUNT, 3, SIDE, SIDE, generator=rng(seed))


def pasted(options: TubeletOptions, seed: int) -> tuple[torch.Tensor, torch.Tensor, Tubelets]:
    """Both clips with the tubelets on."""
    first, second = clips(1), clips(2)
    tubelets = draw_tubelets(options, COUNT, FRAMES, rng(seed))
    paste([first, second], images(), tubelets)
    return first, second, tubelets


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_equal_pixels_at_equal_places_and_all_else_untouched(seed: int) -> None:
    first, second, _ = pasted(HARD, seed)
    changed_first = (first != clips(1)).any(dim=1)
    changed_second = (second != clips(2)).any(dim=1)
    # At an edge of less than a pixel a blend is possible; nowhere else.
    blended = changed_first & (first != second).any(dim=1)
    assert torch.equal(changed_first, changed_second)
    assert changed_first.float().mean() > 0.01
    assert blended.float().sum() <= 0.02 * changed_first.float().sum()
    assert torch.equal(
        first[:, :, :][~changed_first[:, None].expand_as(first)],
        clips(1)[~changed_first[:, None].expand_as(first)],
    )


def test_soft_edges_fade_and_the_middle_is_equal() -> None:
    options = TubeletOptions(soft_edges=1.0, size=(0.5, 0.5), aspect=(1, 1), motion="static")
    options = options.model_copy(update={"shapes": Shapes(rectangle=1, ellipse=0, rhombus=0)})
    first, second, tubelets = pasted(options, 4)
    blended = (first != clips(1)).any(dim=1) & (first != second).any(dim=1)
    equal = (first == second).all(dim=1)
    assert blended.any()
    for index, (x, y) in enumerate((tubelets.path[:, 0] * SIDE).long().clamp(0, SIDE - 1).tolist()):
        assert equal[index, 0, y, x]


@pytest.mark.parametrize("shape", ["rectangle", "ellipse", "rhombus"])
def test_patches_have_the_area_of_their_shape(shape: str) -> None:
    weights = {"rectangle": 0.0, "ellipse": 0.0, "rhombus": 0.0} | {shape: 1.0}
    options = TubeletOptions(
        size=(0.5, 0.5), aspect=(1, 1), soft_edges=0, rotation=0, shapes=Shapes(**weights)
    )
    tubelets = draw_tubelets(options, COUNT, FRAMES, rng())
    tubelets = Tubelets(**{**vars(tubelets), "path": torch.full((COUNT, FRAMES, 2), 0.507)})
    first = clips(1)
    paste([first], images(), tubelets)
    area = (first != clips(1)).any(dim=1).float().mean() * 4
    expected = {"rectangle": 1.0, "ellipse": torch.pi / 4, "rhombus": 0.5}[shape]
    assert area.item() == pytest.approx(expected, abs=0.06)


def test_the_patch_is_a_cut_of_its_image() -> None:
    options = TubeletOptions(
        size=(0.25, 0.25),
        aspect=(1, 1),
        soft_edges=0,
        rotation=0,
        motion="static",
        shapes=Shapes(rectangle=1, ellipse=0, rhombus=0),
    )
    tubelets = draw_tubelets(options, COUNT, FRAMES, rng())
    whole = torch.tensor([12.0, 20.0]) / SIDE
    tubelets = Tubelets(
        **{
            **vars(tubelets),
            "origin": whole.expand(COUNT, 2),
            "path": (whole.flip(0)).expand(COUNT, FRAMES, 2),
        }
    )
    first = clips(1)
    paste([first], images(), tubelets)
    cut = images()[:, :, 16:24, 8:16]
    torch.testing.assert_close(
        first[:, :, :, 8:16, 16:24], cut[:, :, None].expand(-1, -1, FRAMES, -1, -1)
    )


def paste_everywhere(clip: torch.Tensor, image: torch.Tensor, tubelet: Tubelets) -> None:
    """The same pasting over whole frames, pixel by pixel: an independent reference."""
    path, form = tubelet.path.double(), tubelet.form.double()
    for frame in range(FRAMES):
        for row in range(SIDE):
            for column in range(SIDE):
                pixel = torch.tensor([column + 0.5, row + 0.5], dtype=torch.float64) / SIDE
                inner = torch.linalg.solve(form[frame], pixel - path[frame])
                u = (2 * inner / tubelet.sides.double()).abs()
                radius = [u.max(), u.norm(), u.sum()][int(tubelet.shape)]
                alpha = ((1 - radius) / tubelet.edge).clamp(0, 1) * tubelet.opacity
                if alpha > 0:
                    place = (inner + tubelet.origin.double()) * SIDE - 0.5
                    colour = bilinear(image, *place.clamp(0, SIDE - 1).tolist())
                    old = clip[:, frame, row, column]
                    clip[:, frame, row, column] = old + alpha.float() * (colour - old)


def bilinear(image: torch.Tensor, x: float, y: float) -> torch.Tensor:
    left, top = min(int(x), SIDE - 2), min(int(y), SIDE - 2)
    u, v = x - left, y - top
    upper = image[:, top, left] * (1 - u) + image[:, top, left + 1] * u
    lower = image[:, top + 1, left] * (1 - u) + image[:, top + 1, left + 1] * u
    return upper * (1 - v) + lower * v


def test_pasting_inside_boxes_is_pasting_everywhere() -> None:
    options = ANY.model_copy(update={"opacity": (0.8, 1.0)})
    first, _, tubelets = pasted(options, 3)
    for index in range(4):
        expected = clips(1)[index]
        single = Tubelets(*(part[index] for part in vars(tubelets).values()))
        paste_everywhere(expected, images()[index], single)
        torch.testing.assert_close(first[index], expected, atol=2e-3, rtol=0)


def test_draws_are_a_function_of_the_generator() -> None:
    one, other, third = (draw_tubelets(ANY, 5, 8, rng(seed)) for seed in (3, 3, 4))
    assert all(
        torch.equal(a, b) for a, b in zip(vars(one).values(), vars(other).values(), strict=True)
    )
    assert not torch.equal(one.path, third.path)


def test_patches_lie_inside_the_image_they_are_cut_from() -> None:
    tubelets = draw_tubelets(TubeletOptions(size=(0.5, 1.0)), 500, 4, rng())
    low, high = tubelets.origin - tubelets.sides / 2, tubelets.origin + tubelets.sides / 2
    assert low.min() >= -1e-6
    assert high.max() <= 1 + 1e-6


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": (0.5, 0.2)},
        {"size": (0.0, 0.2)},
        {"size": (0.5, 1.2)},
        {"keyframes": 1},
        {"count": 0},
    ],
)
def test_impossible_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"size|keyframes|count"):
        TubeletOptions.model_validate(wrong)
