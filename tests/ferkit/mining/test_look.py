"""Looking at frames, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ferkit.contracts.faces import Faces, FrameChunk, Sampling
from ferkit.errors import FerkitError, RunError
from ferkit.faces.plans import Plan, StepsPlan
from ferkit.faces.track import Tracking
from ferkit.mining.findings import collected, findings_file, read_findings, write_findings
from ferkit.mining.look import Means, Tools, Unreadable, ahead, covered, look
from ferkit.mining.rule import Rule, Run
from ferkit.plugin import Context, NoParams

PLAN = Plan("nowhere:Nothing", NoParams(), Context())


class OneFace:
    """Finds a box that covers a quarter of each frame; what it was shown is in `shown`."""

    certain_score = 0.5

    def __init__(self) -> None:
        self.shown: list[Tensor] = []
        self.calls: list[int] = []
        self.error: Exception | None = None

    def detect(self, frames: Sequence[Tensor]) -> Sequence[Faces]:
        if self.error is not None:
            raise self.error
        self.calls.append(len(frames))
        self.shown += list(frames)
        box = torch.tensor([[-0.5, -0.5, 9.5, 4.5]])
        return [Faces(box, torch.zeros(1, 5, 2), torch.tensor([0.6])) for _ in frames]


class Grey:
    """A video of 20 grey frames in chunks of 8; may break off after as many as `good`."""

    def __init__(self, good: int = 20, error: Exception | None = None) -> None:
        self.good, self.error = good, error
        self.closed = False

    def read(self, path: Path, sampling: Sampling) -> Iterator[FrameChunk]:
        assert sampling.mode == "all"
        try:
            for start in range(0, self.good, 8):
                number = torch.arange(start, min(self.good, start + 8))
                frames = torch.full((len(number), 3, 10, 20), 51, dtype=torch.uint8)
                yield FrameChunk(frames, number, number.double() / 10, 20)
            if self.error is not None:
                raise self.error
        finally:
            self.closed = True


def tools(reader: Any, detector: Any, **more: Any) -> Tools:
    made = Tools(Means(PLAN, PLAN, batch_size=3, **more))
    made.__dict__.update(reader=reader, detector=detector)
    return made


def test_every_frame_is_looked_at_in_batches() -> None:
    detector, told = OneFace(), []
    own = tools(Grey(), detector)
    found, broken = look(Path("a"), own, lambda frames, share: told.append((frames, share)))
    assert broken == ""
    assert detector.calls == [3, 3, 2, 3, 3, 2, 3, 1]
    assert [frame.frame for frame in found] == list(range(20))
    assert found[7].timestamp == pytest.approx(0.7)
    assert (found[7].area, found[7].box) == ([0.25], [[-0.5, -0.5, 9.5, 4.5]])
    assert [frames for frames, _ in told] == detector.calls
    assert told[-1][1] == 1.0
    assert told[0][1] == pytest.approx(3 / 20)


def test_an_enhancer_of_frames_comes_first() -> None:
    detector = OneFace()
    own = tools(Grey(), detector)
    own.__dict__["enhancer"] = lambda images: images * 2
    look(Path("a"), own, lambda frames, share: None)
    assert {int(frame.max()) for frame in detector.shown} == {102}


def test_tracking_spares_detections() -> None:
    detector = OneFace()
    found, _ = look(
        Path("a"), tools(Grey(), detector, tracking=Tracking(every=10)), lambda *_: None
    )
    assert len(found) == 20
    assert max(detector.calls) == 1  # the tracker decides what is detected


def test_a_video_that_breaks_off_gives_its_good_part() -> None:
    reader = Grey(10, FerkitError("the video breaks off."))
    found, broken = look(Path("a"), tools(reader, OneFace()), lambda *_: None)
    assert (len(found), broken) == (10, "the video breaks off.")


@pytest.mark.parametrize(
    ("reader", "detector_error", "raised"),
    [
        (Grey(0, FerkitError("it is empty.")), None, "it is empty"),
        (Grey(0), None, "the video has no frame"),
        (Grey(10, RunError("no room.")), None, "no room"),
        (Grey(0, OSError(5, "Input/output error")), None, "a: Input/output error."),
        (Grey(), FerkitError("no weights."), "no weights"),
    ],
)
def test_what_is_raised(reader: Grey, detector_error: Exception | None, raised: str) -> None:
    detector = OneFace()
    detector.error = detector_error
    with pytest.raises(FerkitError, match=raised) as caught:
        look(Path("a"), tools(reader, detector), lambda *_: None)
    assert reader.closed
    ours = detector_error is not None or isinstance(reader.error, RunError)
    assert isinstance(caught.value, Unreadable) == (not ours)  # whose fault it is


def test_the_reader_is_closed_if_its_frames_are_not_wanted() -> None:
    reader = Grey()
    with ahead(reader.read(Path("a"), Sampling("all"))) as chunks:
        assert len(next(chunks).frames) == 8
    assert reader.closed


def test_covered_by_hand() -> None:
    boxes = torch.tensor(
        [
            [-0.5, -0.5, 19.5, 9.5],  # all of it
            [0.5, 0.5, 2.5, 3.5],
            [-10.0, -10.0, 4.5, 4.5],  # a corner of 5 x 5
            [15.5, 5.5, 100.0, 100.0],
            [30.0, 0.0, 40.0, 5.0],  # beside it
            [5.0, 5.0, 5.0, 9.0],
        ]
    )
    faces = Faces(boxes, torch.zeros(6, 5, 2), torch.ones(6))
    parts = (covered(faces, height=10, width=20) * 200).tolist()
    assert parts == pytest.approx([200, 6, 25, 16, 0, 0])


def test_findings_come_back(tmp_path: Path) -> None:
    found, _ = look(Path("a"), tools(Grey(), OneFace()), lambda *_: None)
    found[3] = found[3]._replace(score=[0.9, 0.3], area=[0.1, 0.2], box=[[0, 1, 2, 3]] * 2)
    found[4] = found[4]._replace(score=[], area=[], box=[])
    path = tmp_path / "a.parquet"
    write_findings(path, found, source=Path("a"), certain_score=0.5, broken="it broke.")
    back, expected = read_findings(path), collected(found, certain_score=0.5, broken="it broke.")
    assert back is not None
    for name in expected._fields[:-2]:
        np.testing.assert_array_equal(getattr(back, name), getattr(expected, name))
    assert (back.certain_score, back.broken) == (0.5, "it broke.")
    assert back.seconds == pytest.approx(2.0)
    faces, area, score = back.single(None)
    assert faces.tolist() == [1, 1, 1, 1, 0, *[1] * 15]
    assert (area[3], score[3]) == (pytest.approx(0.1), pytest.approx(0.9))
    assert (area[4], score[4]) == (0, 0)
    assert back.single(0.3)[0].tolist()[3:5] == [2, 0]
    assert back.runs(Rule(min_frames=3)).kept == (Run(0, 3), Run(5, 19))
    assert back.runs(Rule(min_frames=3, min_score=0.6)).kept == (Run(0, 3), Run(5, 19))
    assert back.runs(Rule(min_frames=3, min_score=0.7)).kept == ()
    assert back.runs(Rule(min_frames=3, min_area=0.25)).kept == (Run(0, 3), Run(5, 19))
    assert read_findings(tmp_path / "none.parquet") is None


def test_frames_that_are_missing_end_a_run() -> None:
    found, _ = look(Path("a"), tools(Grey(), OneFace()), lambda *_: None)
    findings = collected([*found[:6], *found[9:]], certain_score=0.5, broken="")
    assert findings.runs(Rule(min_frames=3)).kept == (Run(0, 5), Run(6, 16))


def test_findings_are_filed_under_content_and_settings(tmp_path: Path) -> None:
    names = {
        findings_file(tmp_path, content, {"detector": detector}).name
        for content in ("a", "b")
        for detector in ("c", "d")
    }
    assert len(names) == 4


def test_what_mining_takes_of_a_preparation() -> None:
    plan = StepsPlan(cropper=PLAN, detector=PLAN, reader=PLAN, enhancer=PLAN, enhance="frames")
    assert Means.of(plan).enhancer is PLAN
    assert Means.of(StepsPlan(PLAN, PLAN, PLAN, PLAN)).enhancer is None  # of the aligned face
    with pytest.raises(FerkitError, match="needs a video reader"):
        Means.of(StepsPlan(PLAN, PLAN))
    with pytest.raises(FerkitError, match="needs a face detector"):
        Means.of(StepsPlan(PLAN, None, PLAN))
