"""Projection and its inverse."""

from __future__ import annotations

import math

import pytest
import torch
from ferkit_rendered.camera import grid_of, rotate, sine_cosine, surface_point, to_raw, to_view
from ferkit_rendered.geometry import coarse_height
from ferkit_rendered.scene import spread


def test_sine_and_cosine() -> None:
    degrees = torch.tensor([-60.0, -20.0, 0.0, 7.5, 45.0, 60.0])
    sine, cosine = sine_cosine(degrees)
    for angle, s, c in zip(degrees.tolist(), sine.tolist(), cosine.tolist(), strict=True):
        assert s == pytest.approx(math.sin(math.radians(angle)), abs=5e-6)
        assert c == pytest.approx(math.cos(math.radians(angle)), abs=5e-6)


def test_a_grid_inverts_its_transform() -> None:
    matrix = torch.tensor([[[0.5, 0.2, -3.0], [-0.2, 0.5, 7.0]]])
    grid = grid_of(matrix, 6, 9)
    assert grid.raw_x.shape == (1, 6, 9)
    raw = torch.tensor([float(grid.raw_x[0, 4, 8]), float(grid.raw_y[0, 4, 8]), 1.0])
    assert torch.allclose(matrix[0] @ raw, torch.tensor([8.0, 4.0]), atol=1e-4)
    assert float(grid.pixel) == pytest.approx(1 / math.sqrt(0.29))


def test_view_and_raw_coordinates_invert_each_other(rendered) -> None:
    scene = rendered(domain="hard", count=20).scene(range(20))
    pose, turn = spread(scene.pose), spread(scene.turn)
    x, y = torch.full((20, 1, 1), 0.7), torch.full((20, 1, 1), -1.2)
    back = to_view(pose, turn, *to_raw(pose, turn, x, y))
    assert torch.allclose(back[0], x, atol=1e-4)
    assert torch.allclose(back[1], y, atol=1e-4)


def test_a_pixel_shows_the_surface_point_that_projects_to_it(rendered) -> None:
    scene = rendered(domain="wild", count=50).scene(range(50))
    form, turn = spread(scene.form), spread(scene.turn)
    u = torch.tensor([-0.7, -0.5, 0.0, 0.5, 0.7, 0.0, 0.3])[None, None].expand(50, 1, 7)
    v = torch.tensor([0.8, 0.0, 0.5, 0.0, 0.8, -0.6, 1.2])[None, None].expand(50, 1, 7)
    x, y, _ = rotate(turn, u, v, coarse_height(form, u, v))
    found_u, found_v, _ = surface_point(form, turn, x, y)
    error = torch.sqrt((found_u - u) ** 2 + (found_v - v) ** 2)
    assert float(error.median()) < 0.003
    assert float(error.quantile(0.95)) < 0.03


def test_landmarks_of_a_frontal_face_lie_where_they_should(rendered) -> None:
    data = rendered(domain="lab", count=70, yaw=0, pitch=0, roll=0)
    points = data.landmarks(range(70))[:, 0]
    left, right, nose, low_left, low_right = points.unbind(1)
    assert points.shape == (70, 5, 2)
    assert torch.allclose(left[:, 1], right[:, 1])
    assert bool((left[:, 0] < nose[:, 0]).all() & (nose[:, 0] < right[:, 0]).all())
    assert bool((low_left[:, 0] < low_right[:, 0]).all())
    assert bool((nose[:, 1] < low_left[:, 1]).all())
    interocular = (right - left).norm(dim=1)
    assert torch.allclose(interocular, data.scene(range(70)).pose.scale, rtol=1e-4)
