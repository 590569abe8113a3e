"""The check of region croppers finds what is wrong with one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from ferkit.catalogue import Entry
from ferkit.contracts.faces import Faces
from ferkit.plugin import Component, Context, Kind
from ferkit.testing import CHECKS, check_region_cropper


class ByEyes:
    """Two regions by the line between the eyes."""

    regions: Sequence[str] = ("wide", "narrow")
    size: float = 60

    def __init__(self, context: Context) -> None:
        self.drawn = float(torch.rand(()))

    def transforms(self, faces: Faces) -> Tensor:
        points = faces.landmarks.double()
        wide = self.map(points, 20.0)
        return torch.stack([wide, self.map(points, 35.0)], 1).float()

    def map(self, points: Tensor, apart: float) -> Tensor:
        """Eyes `apart` crop px apart and level, their middle at (30, 20): (n, 2, 3)."""
        across = points[:, 1] - points[:, 0]
        square = across.square().sum(1)
        cos, sin = (apart * across / square[:, None]).unbind(1)
        turn = torch.stack([cos, sin, -sin, cos], 1).reshape(-1, 2, 2)
        shift = torch.tensor([30.0, 20.0]) - (turn @ points[:, :2].mean(1)[..., None])[..., 0]
        return torch.cat([turn, shift[..., None]], 2)


class ByBox(ByEyes):
    """Upright squares around the box, however the head is held."""

    regions = ("face",)

    def transforms(self, faces):
        box = faces.box_xyxy
        side = (box[:, 2:] - box[:, :2]).amax(1)
        scale = 60 / torch.where(side > 0, side, torch.nan)
        shift = 30 - scale[:, None] * (box[:, :2] + box[:, 2:]) / 2
        zero = torch.zeros_like(scale)
        rows = [[scale, zero, shift[:, 0]], [zero, scale, shift[:, 1]]]
        return torch.stack([torch.stack(row, 1) for row in rows], 1)[:, None]


class ListOfRegions(ByEyes):
    regions = ["wide", "narrow"]  # noqa: RUF012


class SameName(ByEyes):
    regions = ("face", "face")


class ThreeNames(ByEyes):
    regions = ("a", "b", "c")


class HalfPixel(ByEyes):
    size = 60.5


class Doubles(ByEyes):
    def transforms(self, faces):
        return super().transforms(faces).double()


class Writes(ByEyes):
    def transforms(self, faces):
        maps = super().transforms(faces)
        faces.landmarks.add_(1)
        return maps


class Random(ByEyes):
    def transforms(self, faces):
        return super().transforms(faces) + torch.rand(())


class SeededDifferently(ByEyes):
    def transforms(self, faces):
        return super().transforms(faces) + self.drawn


class Flat(ByEyes):
    def transforms(self, faces):
        return super().transforms(faces) * torch.tensor([[1.0], [0.0]])


class Backwards(ByEyes):
    """From the crop to the source."""

    def transforms(self, faces):
        maps = super().transforms(faces).double()
        back = torch.linalg.inv_ex(maps[..., :2]).inverse
        return torch.cat([back, -back @ maps[..., 2:]], -1).float()


class WholePixels(ByEyes):
    def transforms(self, faces):
        return super().transforms(faces._replace(landmarks=faces.landmarks.round()))


class Somewhere(ByEyes):
    def transforms(self, faces):
        fixed = torch.tensor([[1.0, 0.0, 3.0], [0.0, 1.0, 4.0]])
        return fixed.expand(len(faces.score), 2, 2, 3)


class MeanScale(ByEyes):
    def transforms(self, faces):
        across = faces.landmarks[:, 1] - faces.landmarks[:, 0]
        maps = super().transforms(faces)
        return maps + 1e-2 * across.nan_to_num().std() if len(maps) > 3 else maps


class SpoiltByOne(ByEyes):
    def transforms(self, faces):
        maps = super().transforms(faces)
        return maps + 0 * faces.landmarks.mean()


class NotNone(ByEyes):
    def transforms(self, faces):
        faces.score.max()
        return super().transforms(faces)


class Raises(ByEyes):
    def transforms(self, faces):
        if not torch.isfinite(faces.landmarks).all():
            raise ValueError("landmarks are not finite")
        return super().transforms(faces)


class MakesUp(ByEyes):
    def transforms(self, faces):
        return super().transforms(faces).nan_to_num(0.0)


@pytest.mark.parametrize("turning", [True, False])
def test_one_that_keeps_the_contract(turning: bool) -> None:
    check_region_cropper(ByEyes, turning=turning)


def test_one_that_does_not_turn_along() -> None:
    check_region_cropper(ByBox, turning=False)
    with pytest.raises(AssertionError, match="does not move along with the face: turned by 25 deg"):
        check_region_cropper(ByBox)


@pytest.mark.parametrize(
    ("cropper", "rule"),
    [
        (ListOfRegions, "regions is a list, not a tuple"),
        (SameName, "two regions have one name"),
        (ThreeNames, r"maps are \(7, 2, 2, 3\), not \(n, R, 2, 3\) = \(7, 3, 2, 3\)"),
        (HalfPixel, "size is 60.5, not a number of pixels"),
        (Doubles, "maps are torch.float64, not float32"),
        (Writes, "it changes faces.landmarks in place"),
        (Random, "the same faces give other maps again"),
        (SeededDifferently, "the maps depend on the seed"),
        (Flat, "a map makes everything one line or point"),
        (Backwards, "does not move along with the face: turned by 0 degrees"),
        (WholePixels, "does not move along with the face"),
        (Somewhere, r"shifted by \(37, -12.5\) pixels, it is off by .* of 60 pixels"),
        (MeanScale, "the map of a face depends on the other faces|does not move along"),
        (SpoiltByOne, "a face that can't be placed changes the maps of the others"),
        (NotNone, "no face: an exception instead of an answer"),
        (Raises, "landmarks that are nan: an exception instead of an answer: ValueError"),
        (MakesUp, "the map of landmarks that are all in one place has no nan in it"),
    ],
    ids=lambda part: part.__name__ if isinstance(part, type) else "",
)
def test_a_broken_one_is_refused(cropper, rule: str) -> None:
    with pytest.raises(AssertionError, match=rule):
        check_region_cropper(cropper)


@pytest.mark.parametrize("provides", [(), ("regions=2",)])
def test_what_it_says_it_provides(provides: tuple[str, ...]) -> None:
    CHECKS[Kind.REGION_CROPPER](declared(provides), ByEyes)


def test_it_must_provide_as_many_regions_as_it_says() -> None:
    with pytest.raises(AssertionError, match="has 2 regions, and its declaration says 'regions=3'"):
        CHECKS[Kind.REGION_CROPPER](declared(("regions=3",)), ByEyes)


def declared(provides: tuple[str, ...]) -> Entry:
    component = Component("by_eyes", "two regions", "nowhere:ByEyes", provides=provides)
    return Entry(Kind.REGION_CROPPER, component, plugin="p", version="1", distribution="d")
