"""Videos put together from known pieces, and a detector that sees bright rectangles as faces."""

from __future__ import annotations

import csv
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from ferkit.contracts.faces import Sampling
from ferkit.faces.plans import Plan
from ferkit.faces.track import Tracking
from ferkit.mining.look import Means
from ferkit.mining.mine import Mined, mine
from ferkit.mining.rule import Rule
from ferkit.plugin import Context, NoParams

HEIGHT, WIDTH = 64, 96

TOY_PARTS = """
import builtins
import os
from pathlib import Path

import torch

from ferkit.contracts.faces import Faces

FOLDER = Path(os.environ["TOY_FOLDER"])
AREAS = ((8, 40, 8, 40), (8, 40, 56, 88), (52, 60, 4, 12))  # rows and columns
POINTS = torch.tensor([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]])


class Detector:
    '''Three places where a bright rectangle is a face; its score is its level / 255.'''

    def __init__(self, params, context):
        (FOLDER / "built").write_text("")

    def detect(self, frames):
        with (FOLDER / "looked").open("a") as file:
            file.write(f"{os.getpid()} {len(frames)}\\n")
        if any(frame[2].float().mean() > 150 for frame in frames):
            self.blue()
        return [self.one(frame) for frame in frames]

    def blue(self):
        if (FOLDER / "kill").exists():
            os.kill(os.getpid(), int((FOLDER / "kill").read_text()))
        if (FOLDER / "raise").exists():
            raise getattr(builtins, (FOLDER / "raise").read_text())("what nobody\\nforesaw")

    def one(self, frame):
        rows = []
        for top, bottom, left, right in AREAS:
            level = frame[0, top + 2 : bottom - 2, left + 2 : right - 2].float().mean() / 255
            if level > 0.7:
                rows.append((level, left - 0.5, top - 0.5, right - 0.5, bottom - 0.5))
        rows.sort(reverse=True)
        table = torch.tensor(rows).reshape(-1, 5)
        corner, side = table[:, None, 1:3], (table[:, 3:] - table[:, 1:3])[:, None]
        return Faces(table[:, 1:], corner + side * POINTS, table[:, 0])
"""

FACES = {"one": (0,), "two": (0, 1), "small": (2,), "none": ()}
AREAS = ((8, 40, 8, 40), (8, 40, 56, 88), (52, 60, 4, 12))
SCENES = {"dark": (10, 20, 40), "blue": (20, 20, 200)}

Piece = tuple[str, int] | tuple[str, int, str]
"""What faces it shows, frames, and before what background."""
WriteVideo = Callable[..., Path]


def drawn(faces: str, scene: str, number: int, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """A frame, (H, W, 3). A bar at the bottom tells its number in the video."""
    height, width = size
    frame = np.empty((height, width, 3), np.uint8)
    frame[:] = SCENES[scene]
    if scene == "blue":
        frame[:56:24] = frame[1:56:24] = (90, 90, 200)  # a fence: another place, not other light
    frame[60:64, 16 : 16 + number % 70] = 140
    for place in FACES[faces]:
        top, bottom, left, right = AREAS[place]
        frame[top:bottom, left:right] = 250
    return frame


@pytest.fixture
def write_video(tmp_path: Path) -> WriteVideo:
    """`write_video("name.mp4", [("none", 5), ("one", 9), ("one", 9, "blue")])`.

    Args (keyword): keys: frames from one key frame to the next; "scenes": one at each piece.
        times: seconds of each frame, instead of 25 a second. size: height and width.
    """

    def write(
        name: str,
        pieces: Sequence[Piece],
        *,
        codec: str = "libx264",
        keys: int | str = 1000,
        times: Sequence[float] | None = None,
        size: tuple[int, int] = (HEIGHT, WIDTH),
        options: dict[str, str] | None = None,
        pix_fmt: str = "yuv420p",
        sound: bool = False,
    ) -> Path:
        path = tmp_path / "videos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        chosen = {"bf": "0", "crf": "12", "preset": "ultrafast"} if codec == "libx264" else {}
        with av.open(str(path), "w") as target:
            stream = target.add_stream(codec, rate=25, options=chosen | (options or {}))
            stream.height, stream.width = size
            stream.pix_fmt = pix_fmt
            if codec != "libx264":
                stream.codec_context.bit_rate = 4_000_000
            if times is not None:
                stream.codec_context.time_base = Fraction(1, 1000)
            silence = target.add_stream("aac", rate=44100) if sound else None
            stream.codec_context.gop_size = keys if isinstance(keys, int) else 1000
            number = 0
            for faces, length, *scene in pieces:
                for place in range(length):
                    pixels = drawn(faces, scene[0] if scene else "dark", number, size)
                    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                    frame.pts = number if times is None else round(times[number] * 1000)
                    frame.time_base = Fraction(1, 25 if times is None else 1000)
                    if keys == "scenes" and place == 0:
                        frame.pict_type = av.video.frame.PictureType.I
                    target.mux(stream.encode(frame))
                    number += 1
            target.mux(stream.encode(None))
            if silence is not None:
                for place in range(60):
                    level = np.zeros((1, 1024), np.float32)
                    heard = av.AudioFrame.from_ndarray(level, format="fltp", layout="mono")
                    heard.rate, heard.pts = 44100, 1024 * place
                    target.mux(silence.encode(heard))
                target.mux(silence.encode(None))
        return path

    return write


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The toy detector in a module that other processes find, and the folder that it writes to."""
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "toy_mining_parts.py").write_text(textwrap.dedent(TOY_PARTS))
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("TOY_FOLDER", str(folder))
    yield folder
    import sys

    sys.modules.pop("toy_mining_parts", None)


KNOWN: list[Piece] = [
    ("none", 7),
    ("one", 12),
    ("two", 6),
    ("one", 4),
    ("none", 2),
    ("small", 9),
    ("none", 1),
    ("one", 8),
    ("one", 10, "blue"),
]
"""Parts of at least five frames: 7 to 18, 41 to 48, and after a cut 49 to 58."""


@dataclass
class Miner:
    """Mines with the toy detector; what it told is in `said`."""

    out: Path
    toy: Path
    known: Sequence[Piece] = tuple(KNOWN)
    reader: str = "ferkit_decord.reader:DecordReader"
    reader_params: str = "ferkit_decord.params:DecordParams"
    tracking: Tracking | None = None
    said: list[str] = field(default_factory=list)
    told: list[tuple[float, str]] = field(default_factory=list)

    def means(self) -> Means:
        import importlib

        module, _, name = self.reader_params.partition(":")
        params = getattr(importlib.import_module(module), name)()
        context = Context()
        return Means(
            reader=Plan(self.reader, params, context),
            detector=Plan("toy_mining_parts:Detector", NoParams(), context),
            tracking=self.tracking,
            batch_size=8,
        )

    def __call__(
        self,
        *given: Path,
        rule: Rule | None = None,
        clips: bool = True,
        jobs: int = 0,
        settings: dict[str, str] | None = None,
    ) -> Mined:
        return mine(
            given,
            out=self.out,
            means=self.means(),
            settings=settings or {"detector": "toy"},
            rule=rule or Rule(min_frames=5, min_area=0.05),
            clips=clips,
            jobs=jobs,
            progress=self,
        )

    def rows(self) -> list[dict[str, str]]:
        """Of the manifest."""
        with (self.out / "manifest.csv").open(newline="") as file:
            return list(csv.DictReader(file))

    def parts(self) -> list[tuple[int, int]]:
        """First and last frames in the manifest."""
        return [(int(row["source_first"]), int(row["source_last"])) for row in self.rows()]

    def frames_looked_at(self) -> int:
        """By the detector so far, in all processes."""
        path = self.toy / "looked"
        lines = path.read_text().splitlines() if path.exists() else []
        return sum(int(line.split()[1]) for line in lines)

    def begin(self, task: str, total: int, unit: str) -> None:
        self.told.append((0, f"{task} {total} {unit}"))

    def advance(self, done: float, detail: str = "") -> None:
        self.told.append((done, detail))

    def end(self) -> None:
        self.told.append((0, "end"))

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def miner(tmp_path: Path, toy: Path) -> Miner:
    return Miner(tmp_path / "out", toy)


@pytest.fixture
def read_bars() -> Callable[[Path], list[int]]:
    """The numbers that a video's frames tell by their bars."""
    from ferkit_decord.params import DecordParams
    from ferkit_decord.reader import DecordReader

    def read(path: Path) -> list[int]:
        reader = DecordReader(DecordParams(), Context())
        frames = [f for chunk in reader.read(path, Sampling("all")) for f in chunk.frames]
        return [int((frame[0, 61, 16:] > 90).sum()) for frame in frames]

    return read


@pytest.fixture
def turn() -> Callable[[Path], None]:
    """Marks an MP4 file as one that is shown turned by a quarter (ISO/IEC 14496-12, 8.3.2)."""

    def mark(path: Path) -> None:
        content = bytearray(path.read_bytes())
        begin = content.index(b"tkhd") + 4 + 40
        quarter = (0, 1 << 16, 0, -(1 << 16), 0, 0, 64 << 16, 0, 1 << 30)
        content[begin : begin + 36] = b"".join(n.to_bytes(4, "big", signed=True) for n in quarter)
        path.write_bytes(content)

    return mark
