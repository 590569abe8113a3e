"""Skin texture belongs to the face: it moves with it in clips."""

from __future__ import annotations

import torch
from ferkit_rendered.camera import grid_of
from ferkit_rendered.identity import identity_of
from ferkit_rendered.keyed import Draws
from ferkit_rendered.raster import LATTICE, texture
from ferkit_rendered.render import site_of
from ferkit_rendered.scene import spread
from ferkit_rendered.skin import skin_texture


def test_texture_repeats_its_lattice_and_is_smooth() -> None:
    table = Draws(torch.tensor([5])).table("any", LATTICE * LATTICE)
    x = torch.arange(4.0)[None, None]
    at_nodes = texture(table, x, torch.zeros_like(x))
    assert torch.equal(at_nodes[0, 0], table[0, :4])
    again = texture(table, x + LATTICE, torch.zeros_like(x) - LATTICE)
    assert torch.equal(again, at_nodes)
    fine = torch.linspace(0, 5, 501)[None, None]
    assert float(texture(table, fine, fine).diff().abs().max()) < 0.08


def test_texture_sticks_to_the_face_while_the_head_moves(rendered) -> None:
    data = rendered(
        domain="lab", count=5, clip_length=8, frame_size=320, yaw=15, pitch=8, roll=20, au_jitter=0
    )
    scene = data.scene(range(5))
    points = data.landmarks(range(5)).reshape(-1, 5, 2)
    # A square of raw pixels below the left eye, in every frame at its own place.
    left, right = points[:, 0], points[:, 1]
    along = right - left
    across = torch.stack([-along[:, 1], along[:, 0]], 1)
    origin = left + 0.3 * across - 0.1 * along
    scale = 40.0 / (along * along).sum(1)
    rows = torch.stack([along, across], 1) * scale[:, None, None]
    shift = -(rows @ origin[:, :, None])[..., 0]
    view = torch.cat([rows, shift[:, :, None]], 2)
    spread_scene = spread(scene)
    marks = skin_texture(spread_scene.who, site_of(spread_scene, grid_of(view, 16, 16)))
    marks = marks.reshape(5, 8, -1)
    here, later = marks[:, :-1], marks[:, 1:]
    moved = ((here - later) ** 2).mean().sqrt() / (marks.std() * 2**0.5)
    # The same places of the image instead of the same places of the face.
    fixed = view.reshape(5, 8, 2, 3)[:, :1].expand(-1, 8, -1, -1).reshape(-1, 2, 3)
    still = skin_texture(spread_scene.who, site_of(spread_scene, grid_of(fixed, 16, 16)))
    still = still.reshape(5, 8, -1)
    slid = ((still[:, :-1] - still[:, 1:]) ** 2).mean().sqrt() / (still.std() * 2**0.5)
    assert float(moved) < 0.4 * float(slid)


def test_subjects_have_their_own_textures() -> None:
    who = identity_of(Draws(torch.tensor([1, 2])), 0.0)
    pair = torch.corrcoef(who.skin_table)
    assert abs(float(pair[0, 1])) < 0.1
