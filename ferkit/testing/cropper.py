"""The contract of region croppers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ferkit.contracts.faces import Faces
from ferkit.plugin import Context
from ferkit.testing.backbone import Make, seeded
from ferkit.testing.portrait import portrait
from ferkit.testing.results import asked, check_fingerprint

NEAR = 1e-3
"""Part of a crop's side by which a point may be off."""

SIDE = 160
"""Of the frame with the face that is cut, pixels."""


class Move(NamedTuple):
    """Where a face goes: a similarity about the frame's first pixel, then a shift in pixels."""

    degrees: float
    scale: float
    across: float
    down: float

    def matrix(self) -> list[list[float]]:
        """2 x 3."""
        cos = self.scale * math.cos(math.radians(self.degrees))
        sin = self.scale * math.sin(math.radians(self.degrees))
        return [[cos, -sin, self.across], [sin, cos, self.down]]


MOVES = (
    Move(0.0, 1.0, 0.0, 0.0),
    Move(0.0, 1.0, 37.0, -12.5),
    Move(0.0, 2.6, -40.0, 310.0),
    Move(0.0, 0.4, 5.0, 90.0),
    Move(25.0, 1.0, 0.0, 0.0),
    Move(-70.0, 1.7, 120.0, 33.0),
    Move(165.0, 0.6, 400.0, 260.0),
)


def check_region_cropper(make: Make, *, turning: bool = True) -> None:
    """Hold a cropper to `RegionCropper`.

    Args:
        make: context -> cropper.
        turning: whether its crops are to turn along with the face. False for one that cuts
            upright squares however a head is held.
    Raises: AssertionError: says what is wrong.
    """
    cropper = seeded(make, Context())
    regions, size = cropper.regions, cropper.size
    assert isinstance(regions, tuple), f"regions is a {type(regions).__name__}, not a tuple"
    assert regions, "there are no regions"
    assert all(isinstance(name, str) and name for name in regions), "a region has no name"
    assert len(set(regions)) == len(regions), "two regions have one name"
    assert isinstance(size, int), f"size is {size!r}, not a number of pixels"
    assert size >= 1, f"size is {size}"
    moves = [move for move in MOVES if turning or not move.degrees]
    faces = _moved_faces(moves)
    maps = _transforms(cropper, faces)
    assert bool(torch.isfinite(maps).all()), "a map of a plain face is not finite"
    areas = torch.linalg.det(maps[..., :2].double())
    assert bool((areas.abs() > 0).all()), "a map makes everything one line or point"
    assert torch.equal(maps, _transforms(cropper, faces)), "the same faces give other maps again"
    other = _transforms(seeded(make, Context(), seed=5), faces)
    assert torch.equal(maps, other), "the maps depend on the seed"
    _check_moving_along(moves, maps, size)
    _check_rows_apart(cropper, faces, maps)
    _check_unplaceable(cropper, faces, maps)
    check_fingerprint(cropper, seeded(make, Context()))


def _transforms(cropper: Any, faces: Faces, what: str = "plain faces") -> Tensor:
    """Its maps, held to their form."""
    kept = [part.clone() for part in faces]
    maps: Tensor = asked(what, cropper.transforms, faces)
    for name, before, now in zip(Faces._fields, kept, faces, strict=True):
        same = torch.equal(before.nan_to_num(), now.nan_to_num())
        assert same, f"it changes faces.{name} in place"
    shape = (len(faces.score), len(cropper.regions), 2, 3)
    assert tuple(maps.shape) == shape, f"maps are {tuple(maps.shape)}, not (n, R, 2, 3) = {shape}"
    assert maps.dtype == torch.float32, f"maps are {maps.dtype}, not float32"
    assert not maps.requires_grad, "maps ask for a gradient"
    return maps


def _apply(maps: Tensor, points: Tensor) -> Tensor:
    """Maps (..., 2, 3) of points (k, 2) -> (..., k, 2)."""
    return points @ maps[..., :2].transpose(-1, -2) + maps[..., None, :, 2]


def _matrices(moves: Sequence[Move]) -> Tensor:
    """(n, 2, 3) float64."""
    return torch.tensor([move.matrix() for move in moves], dtype=torch.float64)


def _moved_faces(moves: Sequence[Move]) -> Faces:
    """One face at several places, sizes and angles."""
    drawn = portrait(SIDE)
    left, top, right, bottom = drawn.box_xyxy.double().tolist()
    corners = torch.tensor(
        [[left, top], [right, top], [right, bottom], [left, bottom]], dtype=torch.float64
    )
    moved = _apply(_matrices(moves), corners)
    boxes = torch.cat([moved.amin(1), moved.amax(1)], 1)
    landmarks = _apply(_matrices(moves), drawn.landmarks.double())
    return Faces(boxes.float(), landmarks.float(), torch.linspace(0.99, 0.8, len(moves)))


def _check_moving_along(moves: Sequence[Move], maps: Tensor, size: int) -> None:
    """What is at one place of the face comes to one place of the crop, wherever the face is."""
    corners = SIDE * torch.tensor([[0.2, 0.2], [0.8, 0.2], [0.5, 0.9]], dtype=torch.float64)
    placed = _apply(maps.double(), _apply(_matrices(moves), corners)[:, None])
    off = (placed - placed[:1]).abs().amax((1, 2, 3)) / size
    for amount, move in zip(off.tolist(), moves, strict=True):
        assert amount <= NEAR, (
            f"a crop does not move along with the face: turned by {move.degrees:g} degrees, scaled"
            f" by {move.scale:g} and shifted by ({move.across:g}, {move.down:g}) pixels, it is off"
            f" by {amount * size:.2f} of {size} pixels"
        )


def _check_rows_apart(cropper: Any, faces: Faces, maps: Tensor) -> None:
    _transforms(cropper, Faces(*(part[:0] for part in faces)), "no face")
    for row in range(len(maps)):
        alone = _transforms(cropper, Faces(*(part[row : row + 1] for part in faces)))
        assert _close(alone[0], maps[row]), "the map of a face depends on the other faces"


def _check_unplaceable(cropper: Any, faces: Faces, maps: Tensor) -> None:
    """Faces without landmarks give nan, and no exception, and leave the others alone."""
    spots = {
        "all in one place": torch.full((5, 2), 31.0),
        "nan": torch.full((5, 2), math.nan),
    }
    for said, points in spots.items():
        box = torch.cat([points[0], points[0]])
        bad = Faces(
            torch.cat([faces.box_xyxy[:1], box[None], faces.box_xyxy[1:]]),
            torch.cat([faces.landmarks[:1], points[None], faces.landmarks[1:]]),
            torch.cat([faces.score[:1], faces.score]),
        )
        answer = _transforms(cropper, bad, f"landmarks that are {said}")
        unsure = torch.isnan(answer[1]).flatten(1).any(1)
        assert bool(unsure.all()), f"the map of landmarks that are {said} has no nan in it"
        others = torch.cat([answer[:1], answer[2:]])
        assert _close(others, maps), "a face that can't be placed changes the maps of the others"


def _close(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, rtol=1e-4, atol=1e-4)
