"""Any size is padded and cut so that the pieces' answers are those of the whole."""

from __future__ import annotations

import pytest
import torch
from ferkit_enlightengan.pieces import cover, in_pieces, pad_to_multiple
from torch import Tensor
from torch.nn import functional


def noise(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("size", [(16, 32), (17, 31), (20, 40), (9, 15)])
def test_reflected_as_torch_does(size: tuple[int, int]) -> None:
    images = noise(2, 3, *size)
    up, left = (-size[0] % 16) // 2, (-size[1] % 16) // 2
    down, right = -size[0] % 16 - up, -size[1] % 16 - left
    padded, rows, columns = pad_to_multiple(images, 16)
    assert torch.equal(padded, functional.pad(images, (left, right, up, down), mode="reflect"))
    assert torch.equal(padded[..., rows, columns], images)


def test_small_images_are_reflected_to_and_fro() -> None:
    padded, rows, columns = pad_to_multiple(torch.tensor([[[[1.0, 2.0, 3.0]]]]), 8)
    assert padded.shape == (1, 1, 8, 8)
    assert padded[0, 0, 0].tolist() == [3, 2, 1, 2, 3, 2, 1, 2]
    assert (padded == padded[:, :, :1]).all()
    assert padded[..., rows, columns].flatten().tolist() == [1, 2, 3]


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 1), (5, 3)])
def test_tiny_images(size: tuple[int, int]) -> None:
    images = noise(1, 1, *size)
    padded, rows, columns = pad_to_multiple(images, 16)
    assert padded.shape == (1, 1, 16, 16)
    assert torch.equal(padded[..., rows, columns], images)


@pytest.mark.parametrize("longest", [320, 512, 1024])
def test_pieces_cover_an_axis_once(longest: int) -> None:
    for length in range(16, 4000, 16):
        end = 0
        for seen, own in cover(length, longest=longest, margin=144, multiple=16):
            assert seen.start % 16 == seen.stop % 16 == 0
            assert seen.stop - seen.start <= longest
            assert own.start == end
            end = own.stop
            assert seen.start == 0 or own.start - seen.start >= 144
            assert seen.stop == length or seen.stop - own.stop >= 144
            assert 0 <= seen.start <= own.start < own.stop <= seen.stop <= length
        assert end == length


def test_a_short_axis_is_one_piece() -> None:
    pieces = list(cover(512, longest=512, margin=144, multiple=16))
    assert pieces == [(slice(0, 512), slice(0, 512))]


def test_answers_are_put_together_without_a_seam() -> None:
    images = noise(3, 2, 64, 160)
    seen: list[tuple[int, ...]] = []

    def blur(piece: Tensor) -> Tensor:  # reaches 4 pixels
        seen.append(tuple(piece.shape))
        return functional.avg_pool2d(piece, 9, stride=1, padding=4, count_include_pad=False)

    whole = blur(images)
    seen.clear()
    answer = in_pieces(images, blur, longest=48, margin=16, multiple=16, together=2 * 48 * 48)
    assert torch.allclose(answer, whole, atol=1e-6)
    assert max(shape[-2] * shape[-1] * shape[0] for shape in seen) <= 2 * 48 * 48
    assert {shape[0] for shape in seen} == {2, 1}
