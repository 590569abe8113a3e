"""Whether a scene that seems to be over is shown again at once: then it was none of the ends."""

from __future__ import annotations

from collections import deque
from statistics import median_low
from typing import NamedTuple

import torch
from torch import Tensor

from ferkit.mining.novelty import novelty

SUSPECT = 0.2
"""Least novelty of a frame that may begin a scene."""
TIMES = 2.0
"""How many times the median novelty before it such a frame has."""
NEAR = 5
"""Frames before whose median that is."""
WITHIN = 10
"""Frames that something may hide a scene: a hand, somebody who passes."""
BRIEF = 3
"""Frames of a flash."""
SAME = 0.22
"""Frames with less novelty show the same scene."""
PERHAPS = 0.3
"""With less than that they do if it is half of the most in between: people move meanwhile."""
STEADY = 0.8
"""Another shot differs as much in all its frames: least over most. What passes does not."""
OTHER = 0.42
"""Nor do flashes hide as much as that."""


class Suspect(NamedTuple):
    """A frame that may begin a scene. before: (CELLS, CELLS) edges of the one before it.
    unlike: novelty against that of the frame itself and of each after it."""

    before: Tensor
    unlike: list[float]


class SceneReturns:
    """Watches one video for scenes that come back. Keeps some small pictures, no frames."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew: what comes next can't be compared with what was."""
        self._suspects: list[Suspect] = []
        self._edges: deque[Tensor] = deque(maxlen=BRIEF + 1)
        self._novelty: deque[float] = deque([0.0] * NEAR, maxlen=NEAR)

    def of(self, edges: Tensor, new: float) -> int:
        """How many frames ago the scene of the next frame was shown before something hid it.

        Args:
            edges: (CELLS, CELLS) of the frame, see `ferkit.mining.novelty`.
            new: its novelty against the frame before; of the very first 0.
        Returns: 0 if nothing hid it; else no scene begins at this frame, nor after the frame
            that is so many frames before it.
        """
        again = self._seen_again(edges)
        if self._edges and new >= SUSPECT and new >= TIMES * median_low(self._novelty):
            again = max(again, self._after_a_flash(edges, new))
            self._suspects.append(Suspect(self._edges[-1], [new]))
        self._edges.append(edges)
        self._novelty.append(new)
        return again

    def _seen_again(self, edges: Tensor) -> int:
        if not self._suspects:
            return 0
        again, waiting = 0, []
        found = _novelty(edges, [suspect.before for suspect in self._suspects])
        for suspect, unlike in zip(self._suspects, found, strict=True):
            if _same(unlike, suspect.unlike):
                if not _another_shot(suspect.unlike):
                    again = max(again, len(suspect.unlike) + 1)
            elif len(suspect.unlike) < WITHIN:
                suspect.unlike.append(unlike)
                waiting.append(suspect)
        self._suspects = waiting
        return again

    def _after_a_flash(self, edges: Tensor, new: float) -> int:
        """A flash hides what is light already: its first frame may show nothing new."""
        earlier = list(self._edges)[-2::-1]  # the nearest first, without the one before
        if not earlier or _another_shot([new]):
            return 0
        found = _novelty(edges, earlier)
        return next((ago for ago, each in enumerate(found, 2) if _same(each, [new])), 0)


def _novelty(edges: Tensor, before: list[Tensor]) -> list[float]:
    pictures = torch.stack(before)
    found: list[float] = novelty(edges.expand_as(pictures), pictures).tolist()
    return found


def _same(unlike: float, between: list[float]) -> bool:
    return unlike < SAME or (unlike < PERHAPS and unlike <= max(between) / 2)


def _another_shot(unlike: list[float]) -> bool:
    steady = min(unlike) >= STEADY * max(unlike)
    return steady and (len(unlike) > BRIEF or min(unlike) >= OTHER)
