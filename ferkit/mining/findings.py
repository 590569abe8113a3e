"""What was found in each frame of a video, kept so that no video is detected twice."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from ferkit.errors import RunError
from ferkit.faces.keys import settings_hash
from ferkit.files import replacing, told_plainly
from ferkit.mining.rule import Chosen, Rule, choose_runs
from ferkit.mining.scenes import scene_cuts

FOLDER = "findings"
VERSION = 3
"""Raised when the same video and settings would give other findings."""
KEPT = "The findings of videos that are finished stay."
"""Said where mining ends early."""

SCHEMA = pa.schema(
    [
        ("frame", pa.int64()),
        ("timestamp", pa.float64()),
        ("change", pa.float32()),
        ("novelty", pa.float32()),
        ("again", pa.int32()),
        ("faces", pa.int32()),
        ("score", pa.list_(pa.float32())),
        ("area", pa.list_(pa.float32())),
        ("box", pa.list_(pa.float32())),
    ]
)


class FrameFinding(NamedTuple):
    """One frame.

    frame: its number. timestamp: s from the start. change: mean difference of its small grey
    picture to that of the frame before, fraction of white. novelty: part of it that the frame
    before does not show. again: how many frames before it its scene was shown and then hidden;
    0: it was not. score, area, box: of each face, any score; area is the part of the frame that
    the box covers, box is 4 px.
    """

    frame: int
    timestamp: float
    change: float
    novelty: float
    again: int
    score: Sequence[float]
    area: Sequence[float]
    box: Sequence[Sequence[float]]


class Findings(NamedTuple):
    """A video, frame by frame.

    frame: (F,) numbers. timestamp: (F,) s. change, novelty, again: (F,), see `FrameFinding`.
    owner: (N,) position of the frame that each face is in, ascending. score, area: (N,).
    certain_score: least score of a face that the detector relies on. broken: why the video ended
    early; "" if it did not.
    """

    frame: npt.NDArray[np.int64]
    timestamp: npt.NDArray[np.float64]
    change: npt.NDArray[np.float64]
    novelty: npt.NDArray[np.float64]
    again: npt.NDArray[np.int64]
    owner: npt.NDArray[np.int64]
    score: npt.NDArray[np.float64]
    area: npt.NDArray[np.float64]
    certain_score: float
    broken: str

    @property
    def seconds(self) -> float:
        """How long it lasts; the last frame as long as the others."""
        return self.between(0, len(self.frame) - 1)

    def between(self, first: int, last: int) -> float:
        """Seconds from the beginning of a frame to the end of another, by position."""
        if last < first:
            return 0.0
        lasts = float(np.median(np.diff(self.timestamp))) if len(self.timestamp) > 1 else 0.0
        return float(self.timestamp[last] - self.timestamp[first]) + lasts

    def single(
        self, min_score: float | None
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Faces that count in each frame (see `Rule`), and the area and score of a single one.

        Returns: (F,) each; area and score are 0 where there is not exactly one such face.
        """
        least = self.certain_score if min_score is None else min_score
        certain = self.score >= _single(least)
        faces = np.bincount(self.owner[certain], minlength=len(self.frame))
        area, score = np.zeros(len(self.frame)), np.zeros(len(self.frame))
        alone = certain & (faces[self.owner] == 1)
        area[self.owner[alone]] = self.area[alone]
        score[self.owner[alone]] = self.score[alone]
        return faces, area, score

    def runs(self, rule: Rule) -> Chosen:
        """What the rule makes of the video; a frame that is missing ends a run, too."""
        faces, area, _ = self.single(rule.min_score)
        cut = scene_cuts(self.change, self.novelty, self.again, limit=rule.cut)
        cut[1:] |= np.diff(self.frame) != 1
        return choose_runs(
            faces, area, cut, min_frames=rule.min_frames, min_area=_single(rule.min_area)
        )


def findings_file(out: Path, content: str, settings: Mapping[str, Any]) -> Path:
    """Where the findings of a video are kept: by its content and the detection's settings."""
    name = f"{content}-{settings_hash({'findings': VERSION, **settings})}.parquet"
    return out / FOLDER / name


def write_findings(
    path: Path,
    frames: Sequence[FrameFinding],
    *,
    source: Path,
    certain_score: float,
    broken: str,
) -> None:
    """Write the findings of a whole video; they are there complete, or not at all.

    Raises: RunError: they can't be written.
    """
    boxes = [[value for box in frame.box for value in box] for frame in frames]
    columns = {
        "frame": [frame.frame for frame in frames],
        "timestamp": [frame.timestamp for frame in frames],
        "change": [frame.change for frame in frames],
        "novelty": [frame.novelty for frame in frames],
        "again": [frame.again for frame in frames],
        "faces": [len(frame.score) for frame in frames],
        "score": [list(frame.score) for frame in frames],
        "area": [list(frame.area) for frame in frames],
        "box": boxes,
    }
    about = {"source": str(source), "certain_score": certain_score, "broken": broken}
    schema = SCHEMA.with_metadata({"ferkit": json.dumps(about)})
    with told_plainly(path, hint=KEPT), replacing(path) as file:
        pq.write_table(pa.table(columns, schema=schema), file, write_page_checksum=True)


def read_findings(path: Path) -> Findings | None:
    """The findings of a video; None if there are none.

    Raises: RunError: the file is damaged.
    """
    if not path.is_file():
        return None
    try:
        table = pq.ParquetFile(path, page_checksum_verification=True).read()
        about = json.loads(table.schema.metadata[b"ferkit"])
        if not table.schema.equals(SCHEMA):
            raise ValueError("other columns than findings have")
        return _findings(table, float(about["certain_score"]), str(about["broken"]))
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise RunError(
            f"findings are damaged ({str(error).splitlines()[0].rstrip('.')}).",
            where=str(path),
            hint="Delete this file; the video is then looked at again.",
        ) from error


def collected(frames: Sequence[FrameFinding], *, certain_score: float, broken: str) -> Findings:
    """Findings as they would be read."""
    owner = [place for place, frame in enumerate(frames) for _ in frame.score]
    return Findings(
        np.array([frame.frame for frame in frames], np.int64),
        np.array([frame.timestamp for frame in frames], np.float64),
        np.array([frame.change for frame in frames], np.float32).astype(np.float64),
        np.array([frame.novelty for frame in frames], np.float32).astype(np.float64),
        np.array([frame.again for frame in frames], np.int64),
        np.array(owner, np.int64),
        np.array(list(_flat(frame.score for frame in frames)), np.float32).astype(np.float64),
        np.array(list(_flat(frame.area for frame in frames)), np.float32).astype(np.float64),
        certain_score,
        broken,
    )


def _findings(table: pa.Table, certain_score: float, broken: str) -> Findings:
    counts = table["faces"].to_numpy()
    owner = np.repeat(np.arange(len(table), dtype=np.int64), counts)
    score, area = (
        table[name].combine_chunks().flatten().to_numpy().astype(np.float64)
        for name in ("score", "area")
    )
    if not len(owner) == len(score) == len(area):
        raise ValueError("numbers of faces that do not agree")
    return Findings(
        table["frame"].to_numpy(),
        table["timestamp"].to_numpy(),
        table["change"].to_numpy().astype(np.float64),
        table["novelty"].to_numpy().astype(np.float64),
        table["again"].to_numpy().astype(np.int64),
        owner,
        score,
        area,
        certain_score,
        broken,
    )


def _single(limit: float) -> float:
    """A limit as it compares to what is kept in single precision."""
    return float(np.float32(limit))


def _flat(lists: Iterator[Sequence[float]]) -> Iterator[float]:
    for one in lists:
        yield from one
