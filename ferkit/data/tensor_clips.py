"""Prepared clips that lie in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ferkit.contracts.data import Clips


def trim(clips: Clips) -> Clips:
    """Cut the padding that all clips share at their end; at least one frame stays."""
    used = clips.valid.any(2).any(0).nonzero()  # frames that some clip has
    length = int(used[-1]) + 1 if len(used) else 1
    return Clips(clips.frames[:, :length], clips.valid[:, :length])


class TensorClips:
    """A `ClipSource` over tensors.

    Args:
        frames: (N, T, R, 3, S, S) uint8 RGB.
        valid: (N, T, R) bool; default: all valid.
        regions: their names, R of them; default: "face", or "region0" and so on.
    Raises: ValueError: the shapes or types do not fit.
    """

    def __init__(
        self, frames: Tensor, valid: Tensor | None = None, regions: Sequence[str] | None = None
    ) -> None:
        if frames.ndim != 6 or frames.shape[3] != 3 or frames.shape[4] != frames.shape[5]:
            raise ValueError(f"frames must be (N, T, R, 3, S, S), not {tuple(frames.shape)}")
        if frames.dtype != torch.uint8:
            raise ValueError(f"frames must be uint8, not {frames.dtype}")
        if valid is None:
            valid = torch.ones(frames.shape[:3], dtype=torch.bool, device=frames.device)
        if valid.shape != frames.shape[:3] or valid.dtype != torch.bool:
            raise ValueError(f"valid must be {tuple(frames.shape[:3])} bool")
        count = frames.shape[2]
        if regions is None:
            regions = ("face",) if count == 1 else tuple(f"region{i}" for i in range(count))
        if len(regions) != count:
            raise ValueError(f"{len(regions)} names for {count} regions")
        self.regions: tuple[str, ...] = tuple(regions)
        self.image_size: int = frames.shape[-1]
        self._clips = Clips(frames, valid)

    def __len__(self) -> int:
        return len(self._clips.frames)

    def read(self, index: Sequence[int]) -> Clips:
        """Rows `index`, padded at the end to the longest T among them."""
        rows = torch.as_tensor(index, dtype=torch.int64)
        return trim(Clips(self._clips.frames[rows], self._clips.valid[rows]))

    def batches(self, batch_size: int) -> Iterator[Clips]:
        """All rows in order."""
        for start in range(0, len(self), batch_size):
            yield self.read(range(start, min(start + batch_size, len(self))))
