"""One forward for the samples of both splits, so that batch statistics are of all of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ferkit.contracts.data import Clips
from ferkit.contracts.training import Prediction


def join_clips(clips: Sequence[Clips]) -> Clips:
    """Put batches of clips one after the other, padded at the end to the longest T.

    Args:
        clips: at least one; regions and sizes are the same.
    """
    if len(clips) == 1:
        return clips[0]
    length = max(part.valid.shape[1] for part in clips)
    return Clips(
        torch.cat([_padded(part.frames, length) for part in clips]),
        torch.cat([_padded(part.valid, length) for part in clips]),
    )


def split_prediction(prediction: Prediction, lengths: Sequence[int]) -> list[Prediction]:
    """Cut a prediction of joined clips into those of its parts."""
    parts, start = [], 0
    for length in lengths:
        end = start + length
        fields = (None if tensor is None else tensor[start:end] for tensor in prediction)
        parts.append(Prediction(*fields))  # type: ignore[arg-type]
        start = end
    return parts


def _padded(tensor: Tensor, length: int) -> Tensor:
    """(N, T, ...) -> (N, length, ...), zeros behind."""
    if tensor.shape[1] == length:
        return tensor
    filled = tensor.new_zeros((len(tensor), length, *tensor.shape[2:]))
    filled[:, : tensor.shape[1]] = tensor
    return filled
