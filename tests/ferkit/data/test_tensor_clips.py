from __future__ import annotations

import pytest
import torch

from ferkit.data.tensor_clips import TensorClips


def test_reading_trims_common_padding() -> None:
    frames = torch.arange(3 * 4, dtype=torch.uint8).reshape(3, 4, 1, 1, 1, 1)
    frames = frames.expand(3, 4, 2, 3, 2, 2)
    valid = torch.zeros(3, 4, 2, dtype=torch.bool)
    valid[0, :1] = True
    valid[1, 2, 1] = True  # the third frame, one region only
    clips = TensorClips(frames, valid)
    assert (len(clips), clips.regions, clips.image_size) == (3, ("region0", "region1"), 2)
    assert clips.read([0, 2]).frames.shape == (2, 1, 2, 3, 2, 2)
    two = clips.read([1, 0])
    assert two.frames.shape[1] == 3
    assert two.frames[0, 2, 0, 0, 0, 0] == 6
    assert torch.equal(two.valid, valid[[1, 0], :3])


def test_batches_go_through_all_rows_in_order() -> None:
    frames = torch.arange(5, dtype=torch.uint8).reshape(5, 1, 1, 1, 1, 1).expand(5, 1, 1, 3, 1, 1)
    batches = list(TensorClips(frames).batches(2))
    assert [len(batch.frames) for batch in batches] == [2, 2, 1]
    assert torch.cat([batch.frames for batch in batches])[:, 0, 0, 0, 0, 0].tolist() == [*range(5)]
    assert all(bool(batch.valid.all()) for batch in batches)


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (torch.zeros(2, 3, 4, 4, dtype=torch.uint8), "must be"),
        (torch.zeros(2, 1, 1, 3, 4, 4), "uint8"),
    ],
)
def test_wrong_tensors_are_refused(frames: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TensorClips(frames)


def test_wrong_masks_and_names_are_refused() -> None:
    frames = torch.zeros(2, 1, 1, 3, 4, 4, dtype=torch.uint8)
    with pytest.raises(ValueError, match="valid must be"):
        TensorClips(frames, torch.ones(2, 1, dtype=torch.bool))
    with pytest.raises(ValueError, match="2 names for 1 regions"):
        TensorClips(frames, regions=("face", "eyes"))
