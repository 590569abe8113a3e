"""Pieces of video with cuts that are known, for the benchmark of mining: no main of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

import torch
from ferkit_decord.params import DecordParams
from ferkit_decord.reader import DecordReader
from ferkit_rendered.dataset import RenderedDataset
from ferkit_rendered.params import RenderedParams
from machine import REAL, media
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, interpolate

from ferkit.contracts.faces import Sampling
from ferkit.faces.decode import decode_photo
from ferkit.plugin import Context

HEIGHT, WIDTH = 180, 240
NOISE = 4  # deviation of a pixel, grey levels
HOLD = 0.85
"""What is left of a hand's displacement one frame later."""
SCALE = 0.72
"""Part of a photograph that the frame shows at first, so that the camera can move."""

Random = torch.Generator


class Piece(NamedTuple):
    """frames: (T, 3, HEIGHT, WIDTH) float in [0, 1]. cuts: positions of frames that begin one."""

    frames: Tensor
    cuts: tuple[int, ...] = ()


Person = Callable[[int, Random], Tensor]
"""(length, random) -> (T, 3, H, W) float in [0, 1]: somebody who moves his face."""


@lru_cache(maxsize=16)
def photograph(kind: str, number: int) -> Tensor:
    """(3, 512, 512) float in [0, 1]."""
    paths = sorted((REAL / "london" / kind).glob("*.jpg"))
    return decode_photo(paths[number % len(paths)]).float() / 255


def photographed(number: int) -> Person:
    """Somebody of the photographs, whose smile comes and goes."""

    def frames(length: int, random: Random) -> Tensor:
        stills = [photograph(kind, number) for kind in ("neutral", "happy")]
        speed, phase = torch.rand(2, generator=random)
        turn = 6.28 * (phase + (0.02 + 0.08 * speed) * torch.arange(length))
        smile = (0.3 + 0.3 * turn.sin())[:, None, None, None]
        return stills[0] * (1 - smile) + stills[1] * smile

    return frames


def drawn(number: int) -> Person:
    """Somebody of the data set `rendered`."""

    def frames(length: int, random: Random) -> Tensor:
        params = RenderedParams(
            domain="lab",
            count=1,
            start=5 * number,
            clip_length=length,
            aligned=False,
            frame_size=320,
        )
        shown = RenderedDataset(params, Context()).draw([0])[0, :, 0].float() / 255
        return interpolate(shown, size=(512, 512), mode="bilinear", antialias=True)

    return frames


def filmed(
    person: Person,
    length: int,
    random: Random,
    *,
    shake: float = 0.0,
    zoom: float = 0.0,
    pan: float = 0.0,
    light: float = 1.0,
) -> Tensor:
    """A person before a camera, (T, 3, HEIGHT, WIDTH).

    Args:
        shake: deviation of a hand's push per frame, as a fraction of the frame's width.
        zoom: how much less is seen in each frame. pan: widths of the frame per frame.
        light: times the light.
    """
    push = torch.randn(length, 3, generator=random) * shake
    place = torch.zeros(length, 3)
    for at in range(1, length):
        place[at] = HOLD * place[at - 1] + push[at]
    scale = SCALE * (1 - zoom) ** torch.arange(length)
    turned = 0.3 * place[:, 2]
    away = pan * (torch.arange(length) - length / 2)
    moves = torch.zeros(length, 2, 3)
    moves[:, 0, 0] = moves[:, 1, 1] = turned.cos()
    moves[:, 0, 1], moves[:, 1, 0] = -turned.sin(), turned.sin()
    moves[:, 0, 2], moves[:, 1, 2] = 2 * (place[:, 0] + away), 2 * place[:, 1]
    moves *= scale[:, None, None]
    moves[:, 0] *= WIDTH / HEIGHT  # the photographs are square; more than their width is mirrored
    grid = affine_grid(moves, [length, 3, HEIGHT, WIDTH], align_corners=False)
    shown = grid_sample(
        person(length, random), grid, padding_mode="reflection", align_corners=False
    )
    return shown * light


def joined(*shots: Tensor) -> Piece:
    """Shots one after another."""
    ends = torch.tensor([len(shot) for shot in shots]).cumsum(0)
    return Piece(torch.cat(shots), tuple(ends[:-1].tolist()))


def recorded(piece: Piece, random: Random) -> list[Tensor]:
    """The frames as a sensor gives them, uint8."""
    noise = torch.randn(piece.frames.shape, generator=random) * NOISE
    return list((piece.frames * 255 + noise).round().clamp(0, 255).to(torch.uint8))


def flashed(shot: Tensor, random: Random) -> Tensor:
    """With a flash of one to three frames, 1.5 to 3 times the light."""
    length, strength = (
        1 + int(torch.randint(3, (), generator=random)),
        torch.rand((), generator=random),
    )
    lit = shot.clone()
    middle = len(shot) // 2
    lit[middle : middle + length] *= 1.5 + 1.5 * strength
    return lit.clamp(max=1)


def faded(shot: Tensor) -> Tensor:
    """To black and back within 24 frames."""
    away = (torch.arange(len(shot)) - len(shot) // 2).abs() / 12
    return shot * away.clamp(max=1)[:, None, None, None]


def dissolved(first: Tensor, second: Tensor, length: int = 12) -> Piece:
    """One shot becomes the other in some frames; the cut is said to be in their middle."""
    share = torch.linspace(0, 1, length + 2)[1:-1, None, None, None]
    both = first[-length:] * (1 - share) + second[:length] * share
    begin = len(first) - length
    return Piece(torch.cat([first[:-length], both, second[length:]]), (begin + length // 2,))


def passed(shot: Tensor, random: Random, *, part: int = 4, length: int = 8) -> Tensor:
    """With something that passes before the face within `length` frames, 1 / part as wide."""
    hidden = shot.clone()
    width = WIDTH // part
    thing = torch.rand(3, 6, 3, generator=random)
    thing = interpolate(thing[None], size=(HEIGHT, width), mode="bilinear")[0]
    begin = (len(shot) - length) // 2
    for step in range(length):
        left = round((step - 1) * WIDTH * 4 / (3 * length))
        right = min(WIDTH, left + width)
        if max(0, left) < right:
            shown = thing[:, :, max(0, -left) : right - left]
            hidden[begin + step, :, :, max(0, left) : right] = shown
    return hidden


def real_videos(step: int) -> Iterator[list[Tensor]]:
    """Every step-th frame of the real videos, none of which has a cut."""
    for path in media("*.mp4", folder="videos"):
        read = DecordReader(DecordParams(), Context()).read(path, Sampling("every", step))
        yield [frame for chunk in read for frame in chunk.frames]
