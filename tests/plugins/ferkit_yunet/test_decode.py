"""From cells to faces, against numbers worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch
from ferkit_yunet.decode import Found, decode_levels, one_each
from ferkit_yunet.network import Level


def silent(height: int, width: int, frames: int = 2) -> list[Level]:
    """Levels of frames in which no cell sees a face."""
    levels = []
    for stride in (8, 16, 32):
        shape = (height // stride, width // stride)
        parts = [torch.zeros(frames, channels, *shape) for channels in (1, 1, 4, 10)]
        levels.append(Level(parts[0] - 50, parts[1] - 50, parts[2], parts[3]))
    return levels


def test_nothing() -> None:
    found = one_each(decode_levels(silent(64, 96), threshold=0.5), overlap=0.3, average=True)
    assert [tuple(part.shape) for part in found] == [(0, 4), (0, 5, 2), (0,), (0,)]


def test_one_cell_by_hand() -> None:
    levels = silent(64, 96)
    row, column = 2, 5  # of stride 16, in the second frame
    levels[1].face[1, 0, row, column] = math.log(0.9 / 0.1)
    levels[1].fit[1, 0, row, column] = math.log(0.4 / 0.6)
    levels[1].box[1, :, row, column] = torch.tensor([0.5, -0.25, math.log(3), math.log(4)])
    levels[1].points[1, :, row, column] = torch.arange(10.0)
    found = decode_levels(levels, threshold=0.5)
    assert found.frame.tolist() == [1]
    assert float(found.score) == pytest.approx(0.6)  # sqrt(0.9 * 0.4)
    # Middle: (5.5, 1.75) * 16 = (88, 28); extent 48 x 64.
    assert torch.allclose(found.box_xyxy, torch.tensor([[64.0, -4.0, 112.0, 60.0]]), atol=1e-3)
    points = [[(5 + 2 * n) * 16.0, (2 + 2 * n + 1) * 16.0] for n in range(5)]
    assert torch.allclose(found.landmarks, torch.tensor([points]), atol=1e-3)
    assert not len(decode_levels(levels, threshold=0.61).score)


def found(*rows: tuple[float, float, float, int]) -> Found:
    """Square boxes of side 10: (left, top, score, frame); landmarks at 5 times (left, top)."""
    corner = torch.tensor([row[:2] for row in rows], dtype=torch.float32)
    return Found(
        torch.cat([corner, corner + 10], 1),
        corner[:, None].repeat(1, 5, 1),
        torch.tensor([row[2] for row in rows]),
        torch.tensor([row[3] for row in rows]),
    )


def test_the_strongest_stays_and_takes_the_mean_of_its_own() -> None:
    # IoU with the first: 9/11 and 1/9, so that the third, below `overlap`, is another face.
    cells = found((0, 0, 0.6, 0), (1, 0, 0.9, 0), (9, 0, 0.7, 0))
    plain = one_each(cells, overlap=0.3, average=False)
    assert plain.score.tolist() == pytest.approx([0.9, 0.7])
    assert plain.box_xyxy[:, 0].tolist() == [1, 9]
    mean = one_each(cells, overlap=0.3, average=True)
    assert mean.score.tolist() == pytest.approx([0.9, 0.7])
    # (0.6 * 0 + 0.9 * 1) / 1.5
    assert torch.allclose(mean.box_xyxy[0], torch.tensor([0.6, 0, 10.6, 10]))
    assert torch.allclose(mean.landmarks[0], torch.tensor([[0.6, 0.0]]).expand(5, 2))
    assert torch.allclose(mean.landmarks[1], torch.tensor([[9.0, 0.0]]).expand(5, 2))


def test_a_box_between_two_thresholds_goes_but_does_not_count() -> None:
    # IoU 6/14 = 0.43: suppressed at 0.3, yet too far off to speak of the same face.
    mean = one_each(found((0, 0, 0.9, 0), (4, 0, 0.8, 0)), overlap=0.3, average=True)
    assert mean.box_xyxy.tolist() == [[0, 0, 10, 10]]


def test_frames_do_not_mix() -> None:
    # The second frame's box juts out to the upper left, the first's lies in its lower right.
    cells = found((90, 90, 0.9, 0), (-9, -9, 0.8, 1), (90, 90, 0.7, 1))
    kept = one_each(cells, overlap=0.0, average=True)
    assert kept.frame.tolist() == [0, 1, 1]
    assert kept.box_xyxy[:, 0].tolist() == [90, -9, 90]
