from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from ferkit.data.near_duplicates import (
    HASH_BITS,
    ImageHashes,
    duplicate_groups,
    hash_clips,
    perceptual_hash,
)
from ferkit.data.tensor_clips import TensorClips
from ferkit.sections import SplitSection

DISTANCE = SplitSection().near_duplicates


def smooth_images(n: int, size: int = 48, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(n, 3, 12, 12, generator=generator) * 255
    return interpolate(coarse, (size, size), mode="bicubic").clamp(0, 255).to(torch.uint8)


def distances(one: Tensor, other: Tensor) -> Tensor:
    return (perceptual_hash(one)[0][:, None] != perceptual_hash(other)[0]).sum(-1)


def test_the_hash_is_the_signs_of_the_lowest_frequencies() -> None:
    image = smooth_images(1, size=64)
    bits, usable = perceptual_hash(image)
    assert bits.shape == (1, HASH_BITS) == (1, 255)
    assert usable.tolist() == [True]
    grey = (0.299 * image[0, 0] + 0.587 * image[0, 1] + 0.114 * image[0, 2]).double()
    x = torch.arange(64).double()
    for u, v in [(0, 1), (1, 0), (3, 5), (15, 15), (7, 0)]:  # vertical, horizontal frequency
        wave = torch.cos(torch.pi * u * (2 * x + 1) / 128)[:, None] * torch.cos(
            torch.pi * v * (2 * x + 1) / 128
        )
        assert bool(bits[0, 16 * u + v - 1]) == bool((grey * wave).sum() > 0)


def test_copies_are_near_and_others_far() -> None:
    images = smooth_images(40)
    assert distances(images, images).diag().max() == 0
    far = distances(images, images)[~torch.eye(40, dtype=torch.bool)]
    assert far.min() > 60
    noise = torch.randint(-4, 5, images.shape, generator=torch.Generator().manual_seed(1))
    noisy = (images.int() + noise).clamp(0, 255).to(torch.uint8)
    brighter = (images * 1.1).clamp(0, 255).to(torch.uint8)
    larger = interpolate(images.float(), (96, 96), mode="bicubic").clamp(0, 255).to(torch.uint8)
    for copies in (noisy, brighter, larger):
        assert distances(images, copies).diag().max() <= DISTANCE


def test_the_hash_does_not_depend_on_the_batch() -> None:
    images = smooth_images(9)
    whole = perceptual_hash(images)[0]
    assert torch.equal(torch.cat([perceptual_hash(image[None])[0] for image in images]), whole)


def hashes_of(bits: Tensor, usable: Tensor | None = None) -> ImageHashes:
    ready = torch.ones(len(bits), dtype=torch.bool) if usable is None else usable
    return ImageHashes(bits, ready, tuple(f"{i}" for i in range(len(bits))))


@pytest.mark.parametrize("chunk", [1, 7, 1024])
def test_groups_are_those_of_a_plain_loop(chunk: int) -> None:
    generator = torch.Generator().manual_seed(0)
    bits = torch.rand(60, HASH_BITS, generator=generator) > 0.5
    for i in range(20, 60):  # derived images, each some bits from an earlier one
        flips = torch.randperm(HASH_BITS, generator=generator)[: i % 30]
        bits[i] = bits[i % 20]
        bits[i, flips] ^= True
    expected = list(range(60))
    for _ in range(6):
        for i in range(60):
            for j in range(60):
                if int((bits[i] != bits[j]).sum()) <= 10:
                    expected[i] = expected[j] = min(expected[i], expected[j])
    assert duplicate_groups([hashes_of(bits)], distance=10, chunk=chunk) == expected
    parts = [hashes_of(bits[:25]), hashes_of(bits[25:])]
    parts[1] = parts[1]._replace(exact=tuple(f"other {i}" for i in range(35)))
    assert duplicate_groups(parts, distance=10, chunk=chunk) == expected
    assert duplicate_groups([hashes_of(bits)], distance=None) == list(range(60))


def test_many_alike_images_are_one_group() -> None:
    bits = (torch.rand(1, HASH_BITS) > 0.5).repeat(500, 1)
    bits[torch.arange(500), torch.arange(500) % HASH_BITS] ^= True
    bits[499] = ~bits[499]
    groups = duplicate_groups([hashes_of(bits)], distance=2, chunk=64)
    assert groups == [0] * 499 + [499]


def test_identical_pixels_always_share_a_group_and_flat_images_only_then() -> None:
    frames = smooth_images(6)[:, None, None]
    frames[3] = frames[0]
    frames[1], frames[4], frames[5] = 7, 9, 7  # flat
    valid = torch.ones(6, 1, 1, dtype=torch.bool)
    hashes = hash_clips(TensorClips(frames), batch_size=4)
    assert hashes.usable.tolist() == [True, False, True, True, False, False]
    assert duplicate_groups([hashes], distance=None) == [0, 1, 2, 0, 4, 1]
    assert duplicate_groups([hashes], distance=DISTANCE) == [0, 1, 2, 0, 4, 1]
    valid[3] = False  # no face: nothing to compare
    hashes = hash_clips(TensorClips(frames, valid))
    assert duplicate_groups([hashes], distance=DISTANCE)[3] == 3


def test_clips_are_compared_by_the_first_region_of_their_middle_frame() -> None:
    images = smooth_images(6)
    frames = torch.stack([images[[0, 1, 2]], images[[3, 1, 4]]])[:, :, None].repeat(
        1, 1, 2, 1, 1, 1
    )
    frames[1, :, 1] = images[5]
    assert duplicate_groups([hash_clips(TensorClips(frames))], distance=0) == [0, 0]
    valid = torch.ones(2, 3, 2, dtype=torch.bool)
    valid[1, :2, 0] = False
    assert duplicate_groups([hash_clips(TensorClips(frames, valid))], distance=0) == [0, 1]


def test_no_images() -> None:
    empty = hash_clips(TensorClips(torch.zeros(0, 1, 1, 3, 8, 8, dtype=torch.uint8)))
    assert duplicate_groups([empty], distance=4) == []


def pixels(photo: Image.Image) -> Tensor:
    small = photo.resize((96, 96), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(small)).permute(2, 0, 1)


def test_real_photographs_of_different_people_are_never_joined(real_data: Path) -> None:
    paths = sorted((real_data / "london").glob("*/*.jpg"))
    images, copies = [], []
    for i, path in enumerate(paths):
        with Image.open(path) as photo:
            photo.draft("RGB", (256, 256))  # decodes at half the size: fast
            images.append(pixels(photo))
            if i % 8 == 0:  # the same photograph from another file: smaller, of 64 colours
                small = photo.resize((200, 200), Image.Resampling.BICUBIC)
                copies.append(pixels(small.quantize(64).convert("RGB")))
    frames = torch.stack(images + copies)[:, None, None]
    groups = duplicate_groups([hash_clips(TensorClips(frames))], distance=DISTANCE)
    people = [path.stem for path in paths]
    for i, group in enumerate(groups[: len(people)]):
        assert people[i] == people[group]
    assert groups[len(people) :] == groups[: len(people) : 8]
