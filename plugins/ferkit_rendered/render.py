"""Scenes to pixels: every layer from back to front, drawn straight at the output's grid."""

from __future__ import annotations

import torch
from torch import Tensor

from ferkit_rendered.backdrop import paint_backdrop
from ferkit_rendered.camera import Grid, grid_of, rotate, surface_point, to_raw, to_view
from ferkit_rendered.eyes import paint_eyes
from ferkit_rendered.geometry import (
    detail_height,
    landmarks,
    nose_height,
    radius,
    side_of,
    skull_height,
)
from ferkit_rendered.hair import front_hair, paint_back_hair, paint_body, paint_ears, strands
from ferkit_rendered.light import shade
from ferkit_rendered.mouth import paint_lips, paint_mouth
from ferkit_rendered.occluders import paint_glasses, paint_hand, paint_thing
from ferkit_rendered.raster import bump, cover, ellipse, over
from ferkit_rendered.scene import Scene, rows_of, spread
from ferkit_rendered.sensor import expose, record
from ferkit_rendered.site import Site
from ferkit_rendered.skin import occlusion, skin_layer, wrinkles

CHUNK_PIXELS = 48 * 48 * 16
"""Pixels drawn at a time: their maps stay in a core's cache."""

_EDGE = 1.3
"""Width of edges in output pixels."""


def scene_landmarks(scene: Scene) -> Tensor:
    """Five landmarks of each frame in raw pixels: (N, 5, 2) float32."""
    form, pose, turn = spread(scene.form), spread(scene.pose), spread(scene.turn)
    x, y, _ = rotate(turn, *landmarks(form))
    raw_x, raw_y = to_raw(pose, turn, x, y)
    return torch.stack([raw_x[:, 0], raw_y[:, 0]], dim=-1)


def site_of(scene: Scene, grid: Grid) -> Site:
    """Where in view and face coordinates the pixels lie. `scene` is spread."""
    x, y = to_view(scene.pose, scene.turn, grid.raw_x, grid.raw_y)
    u, v, _ = surface_point(scene.form, scene.turn, x, y)
    pixel = grid.pixel / scene.pose.scale
    return Site(x, y, u, v, side_of(u), radius(scene.form, u, v), pixel * _EDGE, pixel)


def _steps(scene: Scene, transforms: Tensor) -> Tensor:
    """Output pixels per interocular unit along the view's axes: (N, 2, 2)."""
    turn, scale = scene.turn, scene.pose.scale
    to_pixels = (
        torch.stack([turn.cos_roll, -turn.sin_roll, turn.sin_roll, turn.cos_roll], dim=1)
        * scale[:, None]
    )
    p, a = to_pixels.reshape(-1, 2, 2), transforms
    # Written out: a matrix product's rounding may depend on the batch.
    rows = [
        torch.stack([a[:, i, 0] * p[:, 0, j] + a[:, i, 1] * p[:, 1, j] for j in (0, 1)], dim=1)
        for i in (0, 1)
    ]
    return torch.stack(rows, dim=1)


def _paint(scene: Scene, plain: Scene, transforms: Tensor, grid: Grid, side: float) -> Tensor:
    """Linear light of a chunk: (N, 3, H, W)."""
    site = site_of(scene, grid)
    who, form, turn = scene.who, scene.form, scene.turn
    image = paint_backdrop(
        scene.backdrop, grid.raw_x * (1 / side), grid.raw_y * (1 / side), grid.pixel * (1 / side)
    )
    image = paint_back_hair(image, who, form, site, turn)
    # The shadow under a chin at rest: below the face nothing may tell of the open mouth.
    chin = who.chin + 0.08
    image = paint_body(image, who, site, scene.backdrop.clothes, scene.lean, chin)
    image = paint_ears(image, who, site, turn, form.half_width)

    z = surface_height(scene, site)
    _, _, depth = rotate(turn, site.u, site.v, z)
    lit = shade(scene.light, depth, _steps(plain, transforms))
    hollow = occlusion(form, site) * wrinkles(form, site)
    # The head turns away towards its outline: a little darker than its slope says.
    lit = lit * hollow * (1.0 - 0.25 * bump((1.0 - site.rim).clamp(min=0.0) * 6.0))
    head = paint_lips(skin_layer(who, form, site), who, form, site)
    head = head * lit[:, None]
    head = paint_eyes(head, who, form, site, lit)
    head = paint_mouth(head, who, form, site, lit)
    fringe, brightness = front_hair(who, site), strands(who, site, site.u, site.v)
    head = over(head, who.hair * (brightness * (0.25 + 0.75 * lit))[:, None], fringe)
    outline = cover((site.rim - 1.0) * form.half_width, site.edge)
    image = over(image, head, outline)
    return _paint_front(image, scene, site)


def surface_height(scene: Scene, site: Site) -> Tensor:
    """Height of the face with its details at the points that show."""
    coarse = skull_height(site.rim) + nose_height(scene.form, site.u, site.v)
    return coarse + detail_height(scene.form, site.u, site.v, site.side)


def _paint_front(image: Tensor, scene: Scene, site: Site) -> Tensor:
    """Glasses, hands and things, only on the faces that have them."""
    wears = torch.nonzero(scene.who.glasses.flatten() > 0).flatten()
    if len(wears) > 0:
        part, place = rows_of(scene, wears), rows_of(site, wears)
        image[wears] = paint_glasses(image[wears], part.who, place, part.turn)
    # What is nearer than the face is lit evenly, not with the face's shadows.
    light = scene.light.ambient + scene.light.direct * 0.6
    hidden, hand = scene.occluder.shown.flatten() > 0, scene.occluder.hand.flatten() > 0
    rows = torch.nonzero(hidden & hand).flatten()
    if len(rows) > 0:
        part, place = rows_of(scene, rows), rows_of(site, rows)
        image[rows] = paint_hand(image[rows], part.who, part.occluder, place, light[rows])
    rows = torch.nonzero(hidden & ~hand).flatten()
    if len(rows) > 0:
        part, place = rows_of(scene, rows), rows_of(site, rows)
        image[rows] = paint_thing(image[rows], part.occluder, place, light[rows])
    return image


def draw_scene(
    scene: Scene,
    transforms: Tensor,
    *,
    height: int,
    width: int,
    frame_size: int,
    hide_face: bool = False,
) -> Tensor:
    """Draw each frame at its own view.

    Args:
        scene: N frames.
        transforms: (N, 2, 3) float32, raw pixels -> output pixels.
        height, width: of the output, pixels.
        frame_size: side of a raw frame, pixels.
        hide_face: cover brows, eyes, nose and mouth by a flat grey oval; for checking that
            nothing else tells the class.
    Returns: (N, 3, H, W) uint8 RGB.
    """
    count = len(transforms)
    chunk = max(1, CHUNK_PIXELS // (height * width))
    result = torch.empty((count, 3, height, width), dtype=torch.uint8, device=transforms.device)
    for start in range(0, count, chunk):
        rows = slice(start, start + chunk)
        plain = rows_of(scene, rows)
        part = spread(plain)
        grid = grid_of(transforms[rows], height, width)
        image = _paint(part, plain, transforms[rows], grid, float(frame_size))
        image = expose(image, plain.light.exposure, plain.light.warm)
        if hide_face:
            x, y = to_view(part.pose, part.turn, grid.raw_x, grid.raw_y)
            grey = torch.full((1, 3, 1, 1), 0.5, device=image.device)
            oval = bump(ellipse(x, y - 0.45, 1.3, 1.8)) > 0
            image = over(image, grey, oval.to(image.dtype))
        result[rows] = record(image, plain.sensor, grid.pixel[:, 0, 0])
    return result
