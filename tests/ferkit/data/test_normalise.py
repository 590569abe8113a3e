from __future__ import annotations

import pytest
import torch

from ferkit.data.normalise import channel_statistics
from ferkit.data.tensor_clips import TensorClips
from ferkit.errors import RunError


def test_statistics_of_chosen_rows_and_valid_frames_only() -> None:
    generator = torch.Generator().manual_seed(0)
    frames = torch.randint(0, 256, (9, 3, 2, 3, 4, 4), generator=generator).to(torch.uint8)
    valid = torch.rand(9, 3, 2, generator=generator) > 0.4
    index = [0, 2, 3, 7]
    pixels: list[list[float]] = [[], [], []]
    for row in index:
        for t in range(3):
            for region in range(2):
                if valid[row, t, region]:
                    for channel in range(3):
                        values = frames[row, t, region, channel].flatten().tolist()
                        pixels[channel] += [value / 255 for value in values]
    mean, std = channel_statistics(TensorClips(frames, valid), index, batch_size=3)
    for channel, values in enumerate(pixels):
        expected = sum(values) / len(values)
        deviation = (sum((v - expected) ** 2 for v in values) / len(values)) ** 0.5
        assert float(mean[channel]) == pytest.approx(expected, abs=1e-6)
        assert float(std[channel]) == pytest.approx(deviation, abs=1e-6)


def test_statistics_do_not_depend_on_batches_or_order() -> None:
    frames = torch.randint(0, 256, (20, 1, 1, 3, 5, 5), dtype=torch.uint8)
    source = TensorClips(frames)
    one = channel_statistics(source, torch.arange(20), batch_size=20)
    other = channel_statistics(source, list(reversed(range(20))), batch_size=3)
    assert torch.equal(one[0], other[0])
    assert torch.equal(one[1], other[1])
    assert torch.equal(one[0], channel_statistics(source)[0])


def test_flat_images_do_not_divide_by_zero() -> None:
    frames = torch.full((2, 1, 1, 3, 4, 4), 51, dtype=torch.uint8)
    mean, std = channel_statistics(TensorClips(frames))
    assert mean.tolist() == pytest.approx([0.2] * 3)
    assert std.tolist() == pytest.approx([1 / 255] * 3)


def test_no_valid_frame_is_an_error() -> None:
    frames = torch.zeros(2, 1, 1, 3, 4, 4, dtype=torch.uint8)
    source = TensorClips(frames, torch.zeros(2, 1, 1, dtype=torch.bool))
    with pytest.raises(RunError, match="no valid frame"):
        channel_statistics(source)
