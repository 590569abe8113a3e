"""From a decoded frame to RGB, by the matrix and the range of levels that its tags name."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from av.video.reformatter import VideoReformatter

# By AVColorSpace of ITU-T H.273, as FFmpeg numbers them; untagged video is taken for BT.601.
_MATRICES = {1: "ITU709", 2: "ITU601", 4: "FCC", 5: "ITU601", 6: "ITU601", 7: "SMPTE240M"}
_LIMITED, _FULL = 1, 2


class Size(NamedTuple):
    """Pixels before a frame is turned."""

    width: int
    height: int


class ToRgb:
    """Converts the frames of one video, for one thread."""

    def __init__(self) -> None:
        self._reformatter: Any = VideoReformatter()

    def __call__(self, frame: Any, size: Size | None = None) -> npt.NDArray[np.uint8]:
        """The pixels of a PyAV frame, (H, W, 3).

        Args:
            frame: as decoded.
            size: what to scale it to; None: as it is.
        """
        given = conversion(frame) | ({} if size is None else size._asdict())
        converted = self._reformatter.reformat(frame, format="rgb24", **given)
        rgb: npt.NDArray[np.uint8] = converted.to_ndarray()
        return rgb


def conversion(frame: Any) -> dict[str, Any]:
    """How to convert a frame to RGB, as arguments of PyAV's `reformat`.

    Everything is named, since versions of PyAV differ in what they take from the frame.
    """
    matrix = _MATRICES.get(int(frame.colorspace))
    if matrix is None or not frame.format.name.startswith("yuv"):
        return {}
    full = int(frame.color_range) == _FULL or frame.format.name.startswith("yuvj")
    return {
        "src_colorspace": matrix,
        # RGB has none. One that differs, as PyAV 13 otherwise ignores the range.
        "dst_colorspace": "ITU601" if matrix == "ITU709" else "ITU709",
        "src_color_range": _FULL if full else _LIMITED,
        "dst_color_range": _FULL,
    }
