"""What every layer needs to know of the pixels it paints."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Site(NamedTuple):
    """Maps (N, H, W) of one chunk of faces.

    x, y: view coordinates. u, v: point of the face that shows there. side: see `side_of`.
    rim: 1 on the outline of the face. edge: (N, 1, 1) width over which edges fade, and
    pixel: (N, 1, 1) side of an output pixel, both in interocular units.
    """

    x: Tensor
    y: Tensor
    u: Tensor
    v: Tensor
    side: Tensor
    rim: Tensor
    edge: Tensor
    pixel: Tensor

    def detail(self, size: float) -> Tensor:
        """(N, 1, 1): 1 where something of `size` is resolved, towards 0 where it is not."""
        return (size / self.pixel - 0.4).clamp(0.0, 1.0)
