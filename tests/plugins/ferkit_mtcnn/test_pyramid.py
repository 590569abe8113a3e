"""Tiles of the pyramid: together they are the whole."""

from __future__ import annotations

import pytest
import torch
from ferkit_mtcnn.area import sum_rows
from ferkit_mtcnn.networks import load_networks
from ferkit_mtcnn.pyramid import AT_ONCE, Pyramid, Tiling, plan_pyramid

CPU = torch.device("cpu")


def plan(height: int, width: int, tiling: Tiling) -> Pyramid:
    return plan_pyramid(height, width, min_face_px=20, factor=0.709, tiling=tiling, device=CPU)


@pytest.mark.parametrize("size", [(100, 140), (97, 203), (20, 260)])
@torch.inference_mode()
def test_tiles_answer_what_the_whole_answers(size: tuple[int, int]) -> None:
    frames = torch.randint(
        0, 256, (1, *size, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(3)
    )
    sums = sum_rows(frames, longest=size[0])
    network = load_networks("cpu").proposal

    def cells(tiling: Tiling) -> list[list[float]]:
        pyramid = plan(*size, tiling)
        answers = [network.answer(network.features(image)) for image in pyramid.images(sums)]
        answer = torch.cat(answers, 1)[0]
        boxes, level = pyramid.locate(torch.arange(len(answer)))
        rows = torch.cat([level[:, None].float(), boxes, answer[:, :5]], 1)
        return sorted(rows.tolist())

    whole, tiled = torch.tensor(cells(AT_ONCE)), torch.tensor(cells(Tiling(32, 48)))
    assert torch.equal(whole[:, :5], tiled[:, :5])
    assert torch.allclose(whole, tiled, atol=1e-4)


def test_cells_lie_where_a_plain_loop_puts_them() -> None:
    pyramid = plan_pyramid(64, 90, min_face_px=24, factor=0.5, tiling=Tiling(16, 32), device=CPU)
    expected = []
    for level, scale in enumerate((0.5, 0.25)):  # at an eighth, 64 pixels are fewer than 12
        tall, wide = int(64 * scale + 1), int(90 * scale + 1)
        # 3 x 3, pooled by 2 with the last one rounded up, 3 x 3, 3 x 3
        for row in range((tall - 2 + 1) // 2 - 4):
            for column in range((wide - 2 + 1) // 2 - 4):
                left, top = (int((2 * at + 1) / scale) for at in (column, row))
                right, bottom = (int((2 * at + 12) / scale) for at in (column, row))
                expected.append([level, left, top, right, bottom])
    count = sum(tile.cells[0] * tile.cells[1] for tile in pyramid.tiles)
    boxes, levels = pyramid.locate(torch.arange(count))
    found = torch.cat([levels[:, None], boxes.long()], 1)
    assert sorted(found.tolist()) == sorted(expected)
    assert pyramid.levels == 2


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (19, 19), (11, 11)])
def test_no_tiles_for_frames_that_hold_no_face(size: tuple[int, int]) -> None:
    assert plan(*size, AT_ONCE).tiles == []
