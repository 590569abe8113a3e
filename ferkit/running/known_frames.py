"""What a data set knows of the single frames that a split's clips show: intensity, landmarks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ferkit.contracts.data import Dataset, DrawnDataset, KnowsFrames
from ferkit.contracts.faces import Faces, RegionCropper
from ferkit.data.loader import chosen_frames
from ferkit.plugin import Kind

if TYPE_CHECKING:
    from ferkit.catalogue import Catalogue
    from ferkit.plugin import Context
    from ferkit.running.assemble import RunData
    from ferkit.sections import Recipe

Floats = NDArray[np.float64]
NOT_DRAWN = "the data set does not know where the face is in each frame"
DETECTED = "the crops were cut by detected landmarks, so the true ones are not known in them"
MIXED = "the test samples come from several data sets, and only a single one is asked for its faces"
LEFT_OUT = "frames were left out of every clip, and which ones it still shows is not known"


class KnownFrames:
    """Truth of the frames of one split, for the frames that are shown of each clip.

    Args:
        dataset: what the split's samples come from.
        rows: (N,) row of each sample in it, -1 where there is none.
        frames: at most so many of each clip are shown, evenly spaced; None: all.
        make_cropper: the one that the crops were cut by; called when it is needed.
    """

    def __init__(
        self,
        dataset: Dataset | DrawnDataset,
        rows: Sequence[int],
        *,
        frames: int | None,
        make_cropper: Callable[[], RegionCropper],
    ) -> None:
        self._rows = np.asarray(rows, np.int64)
        self._drawn = dataset if isinstance(dataset, DrawnDataset) else None
        self._truth = dataset if self._drawn and isinstance(dataset, KnowsFrames) else None
        self._make_cropper = make_cropper
        self._cropper: RegionCropper | None = None
        length = self._drawn.clip_length if self._drawn else 0
        self._shown = torch.arange(length)
        if frames is not None and length > frames:
            self._shown = chosen_frames(torch.ones(1, length, dtype=torch.bool), frames)[0][0]

    @property
    def unplaced(self) -> str | None:
        """Why it is not known where faces are, or None where it is."""
        if self._drawn is None:
            return NOT_DRAWN
        return None if self._drawn.aligned else DETECTED

    def intensity(self, ids: Sequence[int]) -> list[Floats | None]:
        """Of each sample (T,) of its shown frames, were none left out; None where unknown."""
        rows = self._rows[list(ids)]
        found: list[Floats | None] = [None] * len(rows)
        known = np.flatnonzero(rows >= 0)
        if self._truth is None or not len(known):
            return found
        values = self._truth.frame_truth(rows[known].tolist()).intensity[:, self._shown]
        for place, own in zip(known.tolist(), values.cpu().double().numpy(), strict=True):
            found[place] = own
        return found

    def landmarks(self, ids: Sequence[int]) -> Tensor | None:
        """Of each sample's shown frames, in px of each crop: (n, T, R, 5, 2), NaN where unknown.

        None where `unplaced` says why.
        """
        if self._drawn is None or self.unplaced is not None:
            return None
        if self._cropper is None:
            self._cropper = self._make_cropper()
        rows = torch.from_numpy(self._rows[list(ids)])
        raw = self._drawn.landmarks(rows.clamp(min=0).tolist()).float().cpu()[:, self._shown]
        points = raw.flatten(0, 1)  # (n * T, 5, 2)
        boxes = torch.cat([points.amin(1), points.amax(1)], 1)
        maps = self._cropper.transforms(Faces(boxes, points, torch.ones(len(points)))).cpu()
        placed = torch.einsum("fryx,fpx->frpy", maps[..., :2], points) + maps[:, :, None, :, 2]
        placed = placed.reshape(*raw.shape[:2], *placed.shape[1:])  # (n, T, R, 5, 2)
        placed[rows < 0] = torch.nan
        return placed


def known_frames(
    recipe: Recipe, data: RunData, catalogue: Catalogue, context: Context
) -> KnownFrames | None:
    """What is known of the test split's frames; None where there is no such split."""
    members = data.splits.test
    sources = {member.source for member in members}
    if data.test is None or len(sources) != 1:
        return None
    dataset = data.datasets.get(sources.pop())
    if dataset is None:
        return None
    numbers = {sample.id: row for row, sample in enumerate(dataset.samples())}
    return KnownFrames(
        dataset,
        [numbers.get(member.sample.id, -1) for member in members],
        frames=recipe.evaluation.frames,
        make_cropper=lambda: catalogue.build(Kind.REGION_CROPPER, recipe.faces.cropper, context),
    )
