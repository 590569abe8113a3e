"""Watches the attention weights of the predictions of a split, and shows some of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ferkit.contracts.data import Sample
from ferkit.evaluation.attention import face_results, frame_results, region_results
from ferkit.evaluation.face_ellipse import face_coverage
from ferkit.running.known_frames import LEFT_OUT, MIXED, KnownFrames
from ferkit.training.predict import Predicted

MOST_MEASURED = 512
"""Clips, evenly spaced over the split, whose maps are measured against the face and averaged."""

_CHUNK = 64  # clips whose landmarks are asked for at a time


class AttentionWatch:
    """Is given every batch of the predictions of a split; keeps numbers, not maps.

    Args:
        count: N, samples of the split. known: the truth of their frames, or None.
        image_size: side of the crops, px.
    """

    def __init__(self, count: int, *, known: KnownFrames | None, image_size: int) -> None:
        self.known, self._image_size = known, image_size
        self._measured = torch.zeros(count, dtype=torch.bool)
        step = max(1, -(-count // MOST_MEASURED))
        self._measured[::step] = True
        self._predicted = torch.zeros(count, dtype=torch.bool)
        self._clips = self._on_face = 0
        self._regions: dict[int, NDArray[np.float64]] = {}
        self._frames: dict[int, NDArray[np.float64]] = {}
        self._mass: list[Tensor] = []
        self._area: list[Tensor] = []
        self._sums: list[Tensor] = []
        self._frames_summed = torch.zeros(0)

    @property
    def found(self) -> bool:
        """Whether there were any weights."""
        return bool(self._sums or self._regions or self._frames)

    @property
    def predicted(self) -> Tensor:
        """Ids of the samples that were predicted: (n,) int64, rising."""
        return self._predicted.nonzero().flatten()

    def __call__(self, batch: Predicted) -> None:
        """Look at a batch."""
        self._predicted[batch.ids] = True
        weights, shown = batch.output.weights, batch.valid.any(2)  # (n, T)
        if weights["regions"] and batch.valid.shape[2] > 1:
            own = weights["regions"][0].double().cpu()
            means = own.sum(1) / shown.sum(1, keepdim=True)  # NaN where no frame is valid
            self._regions |= dict(zip(batch.ids.tolist(), means.numpy(), strict=True))
        if weights["frames"]:
            own = weights["frames"][0].double().cpu()
            for sample, row, valid in zip(batch.ids.tolist(), own, shown, strict=True):
                self._frames[sample] = row[valid].numpy()
        rows = self._measured[batch.ids].nonzero().flatten()
        if weights["space"] and len(rows):
            for some in torch.split(rows, _CHUNK):
                maps = [own[some.to(own.device)].float() for own in weights["space"]]
                self._look_at(batch.ids[some], batch.valid[some], maps)

    def _look_at(self, ids: Tensor, valid: Tensor, maps: Sequence[Tensor]) -> None:
        """Sum maps up, (m, T, R, hops, H, W) each, and weigh them on the face."""
        there = valid.to(maps[0].device)
        sums = [torch.einsum("ntrhyx,ntr->rhyx", own, there.float()).cpu() for own in maps]
        self._clips += int(valid.any(2).any(1).sum())
        number = valid.sum((0, 1))  # (R,)
        self._frames_summed = number if not self._sums else self._frames_summed + number
        known = self._sums or [torch.zeros_like(own) for own in sums]
        self._sums = [one + more for one, more in zip(known, sums, strict=True)]
        landmarks = None if self.known is None else self.known.landmarks(ids.tolist())
        if landmarks is None:
            return
        # Where frames were left out, it is not known which.
        length = landmarks.shape[1]
        whole = valid.any(2).sum(1) == length
        if not whole.any() or valid.shape[1] < length:
            return
        self._on_face += int(torch.isfinite(landmarks[whole]).flatten(1).any(1).sum())
        at = landmarks[whole].to(maps[0].device)
        mass, area = [], []
        for own in maps:
            covered = face_coverage(at, self._image_size, *own.shape[-2:])  # (m, T, R, H, W)
            mean = own[whole.to(own.device), :length].mean(3)
            mass.append((mean * covered).sum((-2, -1)))
            area.append(covered.mean((-2, -1)))
        absent = ~valid[whole, :length].flatten(0, 1)  # (m * T, R)
        for kept, values in ((self._mass, mass), (self._area, area)):
            stacked = torch.stack(values, 2).flatten(0, 1).cpu()  # (m * T, stages, R)
            kept.append(stacked.masked_fill(absent[:, None], torch.nan))

    def results(
        self, samples: Sequence[Sample], *, classes: Sequence[str], regions: Sequence[str]
    ) -> dict[str, Any] | None:
        """The entry `attention` of results.json; None where there were no weights.

        Args:
            samples: N rows.
        """
        if not self.found:
            return None
        labels = true_labels(samples)
        results: dict[str, Any] = {}
        if self._sums:
            results["space"] = self._space(regions)
        if self._regions:
            ids = sorted(self._regions)
            shares = np.stack([self._regions[sample] for sample in ids])
            results["regions"] = region_results(
                shares, labels[ids], classes=classes, regions=regions
            )
        if any(len(own) > 1 for own in self._frames.values()):
            ids = sorted(self._frames)
            intensity = [
                one
                for start in range(0, len(ids), _CHUNK)
                for one in self._intensity(ids[start : start + _CHUNK])
            ]
            results["frames"] = frame_results(
                [self._frames[sample] for sample in ids], intensity, labels[ids], classes=classes
            )
        return results or None

    def _intensity(self, ids: Sequence[int]) -> Sequence[NDArray[np.float64] | None]:
        return [None] * len(ids) if self.known is None else self.known.intensity(ids)

    def _space(self, regions: Sequence[str]) -> dict[str, Any]:
        sizes = [(own.shape[2], own.shape[3]) for own in self._sums]
        space: dict[str, Any] = {
            "stages": [list(size) for size in sizes],
            "hops": [own.shape[1] for own in self._sums],
            "clips": self._clips,
        }
        if self._mass:
            mass, area = torch.cat(self._mass).numpy(), torch.cat(self._area).numpy()
            found = face_results(mass, area, regions=regions, sizes=sizes)
            space["on_face"] = {"clips": self._on_face, **found}
        else:
            why = MIXED if self.known is None else self.known.unplaced
            space["on_face"], space["no_face"] = None, why or LEFT_OUT
        return space

    def mean_maps(self) -> list[NDArray[np.float32]]:
        """Of each stage the mean map over the measured clips' frames, (R, hops, H, W)."""
        number = self._frames_summed.clamp(min=1)[:, None, None, None]
        return [(own / number).numpy() for own in self._sums]


def true_labels(samples: Sequence[Sample]) -> NDArray[np.int64]:
    """The truth where it is known, else the given label; -1 if neither is: (N,)."""
    return np.array([s.truth if s.truth >= 0 else s.label for s in samples], np.int64)
