"""Numbers and figures of attention weights (B27, B28)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from ferkit.evaluation.attention import (
    face_results,
    frame_results,
    is_attention,
    region_results,
)
from ferkit.evaluation.attention_bars import frames_figure, region_figure
from ferkit.evaluation.attention_examples import (
    AttentionExample,
    AttentionMeans,
    density,
    enlarged,
    example_places,
)
from ferkit.evaluation.attention_maps import heat_on_face, maps_figure, stages_figure
from ferkit.evaluation.drawing import png
from ferkit.evaluation.face_ellipse import CENTRE, HALF_HEIGHT, HALF_WIDTH, face_coverage
from ferkit.evaluation.report_attention import attention_section

REGIONS = ("face", "eyes", "mouth")


def test_region_weights_are_means_within_classes() -> None:
    shares = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.3, 0.3, 0.4], [np.nan] * 3])
    results = region_results(shares, np.array([0, 1, 1, 1]), classes=("a", "b", "c"),
                             regions=REGIONS)  # fmt: skip
    assert results["all"]["n"] == 3
    assert results["all"]["weights"] == pytest.approx(
        {"face": 0.3, "eyes": 0.7 / 3, "mouth": 1.4 / 3}
    )
    assert list(results["per_class"]) == ["a", "b"]
    assert results["per_class"]["b"]["weights"]["mouth"] == pytest.approx(0.6)
    nobody = region_results(shares[3:], np.array([0]), classes=("a",), regions=REGIONS)
    assert nobody["all"] is None
    assert region_figure(nobody) is None


def test_frame_weights_are_held_against_intensity() -> None:
    weights = [
        np.array(one, np.float64)
        for one in (
            [0.1, 0.2, 0.7],
            [0.5, 0.3, 0.2],
            [0.4, 0.3, 0.3],
            [1.0],
            [0.5, 0.5],
            [1 / 3] * 3,
        )
    ]
    ramp = np.array([0.0, 0.5, 1.0])
    intensity = [ramp, ramp, np.zeros(3), np.ones(1), None, ramp]
    labels = np.array([0, 1, 0, 0, 0, 1])
    results = frame_results(weights, intensity, labels, classes=("a", "b"))
    # 1, -1, and equal weights count as 0; the third is constant, the fifth unknown.
    assert results["correlation"]["n"] == 3
    assert results["correlation"]["mean"] == pytest.approx(0.0)
    assert results["correlation"]["sd"] == pytest.approx(1.0)
    assert results["per_class"] == {"a": {"n": 1, "mean": 1.0}, "b": {"n": 2, "mean": -0.5}}
    assert (results["constant"], results["unknown"], results["clips"]) == (1, 1, 6)
    assert results["apex"]["weight"] == pytest.approx((0.7 + 0.2 + 1 / 3) / 3)
    assert results["apex"]["frames"] == pytest.approx(1 / 3)


def test_frames_that_were_left_out_make_a_clip_unknown() -> None:
    results = frame_results([np.ones(2) / 2], [np.arange(3.0)], np.array([0]), classes=("a",))
    assert results["unknown"] == 1
    assert "correlation" not in results


def test_mass_on_the_face_is_held_against_its_area() -> None:
    mass = np.array([[[0.8, np.nan], [0.4, np.nan]], [[0.6, np.nan], [0.6, np.nan]]])
    area = np.where(np.isnan(mass), np.nan, 0.5)
    results = face_results(mass, area, regions=("face", "eyes"), sizes=[(4, 4), (2, 2)])
    assert list(results["regions"]) == ["face"]
    face = results["regions"]["face"]
    assert (face["mass"], face["lift"]) == pytest.approx((0.6, 1.2))
    assert [stage["mass"] for stage in face["stages"]] == pytest.approx([0.7, 0.5])
    assert face["stages"][0]["height"] == 4


def upright(size: int, *, between: float, below: float) -> torch.Tensor:
    """Landmarks of an upright face whose eyes are in the middle of the crop."""
    middle = (size - 1) / 2
    return torch.tensor(
        [
            [middle - between / 2, middle],
            [middle + between / 2, middle],
            [middle, middle + below / 2],
            [middle - between / 3, middle + below],
            [middle + between / 3, middle + below],
        ]
    )


def test_the_oval_has_its_area_and_place() -> None:
    points = upright(100, between=20, below=20)
    covered = face_coverage(points, 100, 50, 50)
    expected = math.pi * HALF_WIDTH * 20 * HALF_HEIGHT * 20 / 100**2
    assert float(covered.mean()) == pytest.approx(expected, rel=0.02)
    rows = (covered.sum(1) * (torch.arange(50) + 0.5) * 2 - 0.5 * covered.sum(1)).sum()
    assert float(rows / covered.sum()) == pytest.approx(49.5 + CENTRE * 20, abs=0.3)
    # Coarse cells hold shares of fine ones.
    coarse = face_coverage(points, 100, 5, 5)
    assert torch.allclose(coarse, covered.reshape(5, 10, 5, 10).mean((1, 3)), atol=0.05)


def test_the_oval_turns_with_the_face() -> None:
    points = upright(64, between=14, below=14)
    middle = 31.5
    turned = torch.stack([middle - (points[:, 1] - middle), points[:, 0]], 1)  # by 90 degrees
    straight, aside = (face_coverage(one, 64, 16, 16) for one in (points, turned))
    assert torch.allclose(aside, straight.T.flip(1), atol=0.13)


def test_the_oval_of_unknown_or_degenerate_landmarks_is_unknown() -> None:
    points = torch.stack([upright(64, between=14, below=14)] * 3)
    points[1, 2, 0] = torch.nan
    points[2] = 5.0
    covered = face_coverage(points, 64, 4, 4)
    assert torch.isfinite(covered[0]).all()
    assert torch.isnan(covered[1:]).all()


def test_even_maps_have_density_one_and_leave_the_face_grey() -> None:
    even = [np.full((2, n, n), 1 / n**2) for n in (7, 3)]
    wide = density(even, 12)
    assert wide.shape == (2, 12, 12)
    assert wide == pytest.approx(1.0)
    crop = np.full((3, 24, 24), 51, np.uint8)
    assert heat_on_face(crop, wide[0]) == pytest.approx(0.2)
    red, _, blue = heat_on_face(crop, np.full((12, 12), 9.0))[0, 0]
    assert red > 0.7 > blue
    # Stages that differ in their hops are averaged over them.
    assert density([np.full((2, 2, 2), 0.25), np.full((3, 1, 1), 1.0)], 4).shape == (1, 4, 4)


def test_enlarging_is_bilinear_between_middles() -> None:
    row = np.array([[[0.0, 1.0]]])
    assert enlarged(row, 4)[0, 0].tolist() == [0.0, 0.25, 0.75, 1.0]


def test_an_example_of_each_class_is_the_surest_one() -> None:
    probs = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.8, 0.2]])
    assert example_places(probs, np.array([1, 0, 1, 0])) == [3, 2]
    assert example_places(probs, np.full(4, -1)) == [0, 2]


def example(
    *, frames: int = 3, regions: int = 1, hops: int = 2, **changes: Any
) -> AttentionExample:
    generator = np.random.default_rng(0)
    maps = tuple(generator.random((frames, regions, hops, n, n)) for n in (4, 2))
    fields: dict[str, Any] = {
        "crops": generator.integers(0, 255, (frames, regions, 3, 16, 16)).astype(np.uint8),
        "maps": tuple(own / own.sum((-2, -1), keepdims=True) for own in maps),
        "regions": None,
        "frames": np.linspace(0, 1, frames),
        "intensity": None,
        "caption": "happy $ 50 %",
    }
    return AttentionExample(**(fields | changes))


@pytest.mark.parametrize(("regions", "hops"), [(1, 1), (3, 2), (3, 6)])
def test_maps_are_drawn_for_any_number_of_regions_and_hops(regions: int, hops: int) -> None:
    names = REGIONS[:regions]
    assert png(maps_figure([example(regions=regions, hops=hops)], names)).startswith(b"\x89PNG")
    means = tuple(own.mean(0) for own in example(regions=regions, hops=hops).maps)
    crop = np.zeros((regions, 3, 16, 16), np.uint8)
    assert png(stages_figure(AttentionMeans(means, crop), names)).startswith(b"\x89PNG")


def test_figures_without_anything_to_show_are_left_out() -> None:
    assert maps_figure([example(maps=())], ("face",)) is None
    assert stages_figure(AttentionMeans((), np.zeros((1, 3, 8, 8), np.uint8)), ("face",)) is None
    assert frames_figure([example(frames=1), example(frames=5)._replace(frames=None)]) is None


def test_frames_are_drawn_with_and_without_intensity() -> None:
    clips = [example(frames=2), example(frames=60, intensity=np.linspace(0, 1, 60))]
    assert png(frames_figure(clips)).startswith(b"\x89PNG")
    assert clips[1].heaviest == 59


def test_the_page_says_of_how_many_clips_the_share_on_the_face_is() -> None:
    regions = {"face": {"mass": 0.5, "area": 0.5, "lift": 1.0}}

    def said(seen: int, **on_face: Any) -> str:
        space = {"clips": seen, "on_face": {"regions": regions, **on_face}}
        section = attention_section({"attention": {"space": space}})
        assert section is not None
        return str(section["sentences"][0])

    assert said(32, clips=32, frames=96).endswith(" Measured on 32 test samples with 96 frames.")
    assert said(9, clips=9, frames=9).endswith(" Measured on 9 test samples.")
    assert "96 frames; of 8 more it is not known where the face is" in said(40, clips=32, frames=96)
    assert "Measured" not in said(96, frames=96)  # results of before this was counted


def test_broken_results_are_no_reason_to_fail() -> None:
    for broken in (None, 3, {}, {"space": None}, {"frames": 2}):
        assert not is_attention(broken)
        assert attention_section({"attention": broken}) is None
    half = {"space": {"no_face": "nobody knows", "on_face": None}, "frames": {"correlation": 3}}
    section = attention_section({"attention": half})
    assert section is not None
    assert "nobody knows" in section["sentences"][0]
    assert section["tables"] == []
