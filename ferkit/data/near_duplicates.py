"""Images that are the same photograph, or nearly: perceptual hashes and groups of them.

The hash says for each of the 255 lowest frequencies of a grey 64x64 image (a 16x16 block of its
cosine transform without the mean) whether the coefficient is positive. The usual 64 bits are too
few here: aligned faces look alike, and of 102 people some pairs differ in 6 bits of 63, as do
copies of one photograph. Measured figures are in docs/data.md.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ferkit.contracts.data import Clips, ClipSource
from ferkit.data.grouping import Groups
from ferkit.data.loader import choose_frames

_SIDE = 64  # pixels of the grey image
_FREQUENCIES = 16  # per axis
HASH_BITS = _FREQUENCIES**2 - 1
_FLAT = 2.0  # grey levels: an image that varies less has no hash to speak of


class ImageHashes(NamedTuple):
    """What duplicates are found by.

    bits: (N, 255) bool. usable: (N,) bool, False where the image is flat or missing.
    exact: a digest of the pixels, "" where there is no image.
    """

    bits: Tensor
    usable: Tensor
    exact: tuple[str, ...]


def perceptual_hash(images: Tensor) -> tuple[Tensor, Tensor]:
    """Hash images so that alike ones differ in few bits.

    Args:
        images: (N, 3, H, W) uint8 RGB, on any device.
    Returns: bits (N, 255) bool, and (N,) bool: whether the image has any structure at all.
    """
    weights = torch.tensor([0.299, 0.587, 0.114], device=images.device)
    grey = (images.float() * weights[:, None, None]).sum(1, keepdim=True)  # (N, 1, H, W)
    usable = grey.flatten(1).std(1) >= _FLAT
    small = interpolate(grey, (_SIDE, _SIDE), mode="bilinear", antialias=True, align_corners=False)[
        :, 0
    ]
    place = torch.arange(_SIDE, device=images.device) + 0.5
    order = torch.arange(_FREQUENCIES, device=images.device)
    cosines = torch.cos(math.pi / _SIDE * order[:, None] * place)  # (16, 64)
    spectrum = (cosines @ small @ cosines.T).flatten(1)
    return spectrum[:, 1:] > 0, usable


def hash_clips(source: ClipSource, *, batch_size: int = 256) -> ImageHashes:
    """Hash the first region of the middle valid frame of every sample.

    Args:
        source: prepared clips; read once, in order.
    """
    bits, usable, exact = [], [], []
    for batch in source.batches(batch_size):
        first = Clips(batch.frames[:, :, :1], batch.valid[:, :, :1])
        middle = choose_frames(first, 1)
        images, there = middle.frames[:, 0, 0], middle.valid[:, 0, 0]
        hashed, structured = perceptual_hash(images)
        bits.append(hashed)
        usable.append(structured & there)
        exact += [
            hashlib.blake2b(image.numpy().tobytes(), digest_size=16).hexdigest() if ok else ""
            for image, ok in zip(images.contiguous().cpu(), there.tolist(), strict=True)
        ]
    if not bits:
        none = torch.zeros(0, dtype=torch.bool)
        return ImageHashes(none.reshape(0, HASH_BITS), none, ())
    return ImageHashes(torch.cat(bits), torch.cat(usable), tuple(exact))


def duplicate_groups(
    hashes: Sequence[ImageHashes], *, distance: int | None, chunk: int = 1024
) -> list[int]:
    """Group the images of several sources that are the same, or nearly.

    Images with identical pixels always share a group. Nearness is handed on: if a is near b and
    b near c, all three share one. All pairs are compared, as products of +-1 vectors in chunks:
    exact and bounded in memory (`tests/benchmarks/data.py --section compare` times it).

    Args:
        hashes: of each source; images are numbered through.
        distance: bits in which near-duplicates differ at most; None looks for identical ones only.
        chunk: images compared with all later ones at a time.
    Returns: for each image the number of the first one of its group.
    """
    exact = [digest for one in hashes for digest in one.exact]
    groups = Groups(len(exact))
    groups.join_equal((i, digest) for i, digest in enumerate(exact) if digest)
    if distance is None or not exact:
        return groups.labels()
    usable = torch.cat([one.usable for one in hashes])
    bits = torch.cat([one.bits for one in hashes])
    # Of a group of identical images one stands for all.
    alone = torch.tensor([groups.find(i) == i for i in range(len(exact))], device=usable.device)
    rows = (usable & alone).nonzero()[:, 0]
    signs = bits[rows].float() * 2 - 1  # their product is 255 - 2 * (number of differing bits)
    names = rows.cpu()
    for start in range(0, len(rows), chunk):
        near = signs[start : start + chunk] @ signs[start:].T >= HASH_BITS - 2 * distance - 0.5
        first, second = near.triu(1).nonzero(as_tuple=True)
        _join_pairs(groups, names[first.cpu() + start], names[second.cpu() + start])
    return groups.labels()


def groups_apart(hashes: Sequence[ImageHashes], *, distance: int | None) -> list[int]:
    """`duplicate_groups`, each source compared with itself only."""
    found: list[int] = []
    for one in hashes:
        start = len(found)
        found += [start + group for group in duplicate_groups([one], distance=distance)]
    return found


def _join_pairs(groups: Groups, first: Tensor, second: Tensor) -> None:
    """Join pairs (M,) of indices, in far fewer steps than M where many are alike."""
    if len(first) > len(groups):
        # One partner of each image first; then most of the other pairs are joined already.
        partner = torch.full((len(groups),), -1)
        partner[second] = first
        paired = (partner >= 0).nonzero()[:, 0]
        _join_each(groups, partner[paired], paired)
        roots = torch.tensor(groups.labels())
        pairs = torch.stack([roots[first], roots[second]])[:, roots[first] != roots[second]]
        first, second = pairs[0], pairs[1]
    _join_each(groups, first, second)


def _join_each(groups: Groups, first: Tensor, second: Tensor) -> None:
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        groups.join(one, other)
