"""The check of face detectors finds what is wrong with one."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ferkit.contracts.faces import Faces
from ferkit.plugin import Context
from ferkit.testing import check_face_detector
from ferkit.testing.portrait import LANDMARKS, SKIN


class BySkin:
    """Finds the one colour that a drawn face has, which fills the box of that face."""

    certain_score: float = 0.9

    def __init__(self, context: Context) -> None:
        self.drawn = float(torch.rand(()))  # a weight drawn from the seed

    def detect(self, frames):
        return [self.one(frame) for frame in frames]

    def one(self, frame: Tensor) -> Faces:
        colour = torch.tensor(SKIN)[:, None, None]
        skin = ((frame.int() - colour).abs() < 40).all(0)
        rows, columns = skin.any(1).nonzero()[:, 0], skin.any(0).nonzero()[:, 0]
        if float(skin.float().mean()) < 0.1:
            return Faces(torch.zeros(0, 4), torch.zeros(0, 5, 2), torch.zeros(0))
        box = torch.stack([columns[0], rows[0], columns[-1], rows[-1]]).float()
        side = (box[2] - box[0]) / 0.54
        middle = torch.stack([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])
        points = middle + (torch.tensor(LANDMARKS) - torch.tensor([0.5, 0.52])) * side
        return Faces(box[None], points[None], torch.tensor([0.95]))


class Refining(BySkin):
    def refine(self, frames, boxes):
        found = self.detect(frames)
        return [
            Faces(*(part[: len(own)] for part in faces))
            for faces, own in zip(found, boxes, strict=True)
        ]


def twice(faces: Faces) -> Faces:
    return Faces(*(torch.cat([part, part]) for part in faces))


class TooFew(BySkin):
    def detect(self, frames):
        return super().detect(frames)[:-1]


class Tuples(BySkin):
    def one(self, frame):
        return tuple(super().one(frame))


class Doubles(BySkin):
    def one(self, frame):
        faces = super().one(frame)
        return faces._replace(box_xyxy=faces.box_xyxy.double())


class FlatLandmarks(BySkin):
    def one(self, frame):
        faces = super().one(frame)
        return faces._replace(landmarks=faces.landmarks.flatten(1))


class NanLandmarks(BySkin):
    def one(self, frame):
        faces = super().one(frame)
        return faces._replace(landmarks=faces.landmarks * float("nan"))


class Percent(BySkin):
    def one(self, frame):
        faces = super().one(frame)
        return faces._replace(score=faces.score * 100)


class Ascending(BySkin):
    def one(self, frame):
        faces = twice(super().one(frame))
        return faces._replace(score=torch.tensor([0.3, 0.9])[: len(faces.score)])


class WidthAndHeight(BySkin):
    def one(self, frame):
        faces = super().one(frame)
        box = faces.box_xyxy
        return faces._replace(box_xyxy=torch.cat([box[:, :2], box[:, 2:] - box[:, :2]], 1))


class Gradient(BySkin):
    def one(self, frame):
        faces = super().one(frame)
        return faces._replace(score=faces.score.requires_grad_())


class Writes(BySkin):
    def one(self, frame):
        faces = super().one(frame)
        frame[:, :1] = 0
        return faces


class Random(BySkin):
    def one(self, frame):
        faces = super().one(frame)
        return faces._replace(score=faces.score * torch.rand(()))


class SeededDifferently(BySkin):
    def one(self, frame):
        faces = super().one(frame)
        return faces._replace(box_xyxy=faces.box_xyxy + self.drawn)


class ByTheFirst(BySkin):
    def detect(self, frames):
        found = super().detect(frames)
        return [found[0] if len(found[0].score) else each for each in found]


class AsItLies(BySkin):
    """Takes the rows of a frame to lie one after the other."""

    def one(self, frame):
        _, height, width = frame.shape
        return super().one(frame.as_strided((3, height, width), (height * width, width, 1)))


class OneSizeOnly(BySkin):
    def detect(self, frames):
        return super().detect(torch.stack(list(frames)))


class NotThin(BySkin):
    def one(self, frame):
        if min(frame.shape[1:]) < 2:
            raise RuntimeError("kernel size can't be greater than actual input size")
        return super().one(frame)


class NotNone(BySkin):
    def detect(self, frames):
        frames[0]
        return super().detect(frames)


class Swapped(BySkin):
    """The person's left and right."""

    def one(self, frame):
        faces = super().one(frame)
        return faces._replace(landmarks=faces.landmarks[:, [1, 0, 2, 4, 3]])


class RowThenColumn(BySkin):
    def one(self, frame):
        faces = super().one(frame)
        return faces._replace(landmarks=faces.landmarks.flip(2))


class OfTheCrop(BySkin):
    """Landmarks as fractions of the box."""

    def one(self, frame):
        faces = super().one(frame)
        start, end = faces.box_xyxy[:, None].split(2, 2)
        return faces._replace(landmarks=(faces.landmarks - start) / (end - start))


class CertainPercent(BySkin):
    certain_score = 90


class NoText(BySkin):
    fingerprint = 12


class New(BySkin):
    @property
    def fingerprint(self) -> str:
        return str(id(self))


class MoreThanAsked(Refining):
    def refine(self, frames, boxes):
        return self.detect(frames)


class NeverAgain(Refining):
    def refine(self, frames, boxes):
        return [Faces(*(part[:0] for part in faces)) for faces in self.detect(frames)]


class ShiftsBoxes(Refining):
    def refine(self, frames, boxes):
        found = super().refine(frames, boxes)
        for own in boxes:
            own += 1
        return found


class RefinesTogether(Refining):
    def refine(self, frames, boxes):
        found = super().refine(frames, boxes)
        return found if len(found) == 1 else [found[0], *found[:-1]]


@pytest.mark.parametrize("detector", [BySkin, Refining])
def test_one_that_keeps_the_contract(detector) -> None:
    assert check_face_detector(detector) == 4


def test_one_that_finds_nothing_says_so() -> None:
    class Blind(BySkin):
        def one(self, frame):
            return super().one(torch.zeros_like(frame))

    assert check_face_detector(Blind) == 0


def test_frames_of_the_authors_own() -> None:
    frame = torch.zeros(3, 90, 90, dtype=torch.uint8)
    frame[:, 20:60, 30:60] = torch.tensor(SKIN, dtype=torch.uint8)[:, None, None]
    assert check_face_detector(BySkin, frames=[frame, frame]) == 6


@pytest.mark.parametrize(
    ("detector", "rule"),
    [
        (TooFew, r"\d+ results for \d+ frames"),
        (Tuples, "a result is a tuple, not Faces"),
        (Doubles, "box_xyxy is torch.float64, not float32"),
        (FlatLandmarks, r"landmarks is \(1, 10\), not \(1, 5, 2\)"),
        (NanLandmarks, "landmarks is not finite"),
        (Percent, r"a score is not in \[0, 1\]"),
        (Ascending, "not in descending score"),
        (WidthAndHeight, "a box is not x1, y1, x2, y2"),
        (Gradient, "score asks for a gradient"),
        (Writes, "it changes the frames"),
        (Random, "the same frames give other faces again"),
        (SeededDifferently, "faces depend on the seed: box_xyxy is off by 0"),
        (ByTheFirst, "depend on the other frames of the call"),
        (AsItLies, "depend on how a frame lies in memory"),
        (OneSizeOnly, "frames of sizes 160 x 160, .*: an exception instead of an answer"),
        (NotThin, "frames of sizes .*1 x 1.*: an exception.*kernel size"),
        (NotNone, "frames of sizes none: an exception.*IndexError"),
        (Swapped, "landmarks are not left eye, right eye"),
        (RowThenColumn, "landmarks are not left eye, right eye"),
        (OfTheCrop, "in pixels of the frame"),
        (CertainPercent, r"certain_score is 90, not in \[0, 1\]"),
        (NoText, "fingerprint is 12, not a string"),
        (New, "fingerprint differs though nothing has changed"),
        (MoreThanAsked, "refine finds more faces than it was given boxes"),
        (NeverAgain, "refine does not find a face from the very box"),
        (ShiftsBoxes, "refine changes the boxes"),
        (RefinesTogether, "faces that refine finds depend on the other frames"),
    ],
    ids=lambda part: part.__name__ if isinstance(part, type) else "",
)
def test_a_broken_one_is_refused(detector, rule: str) -> None:
    with pytest.raises(AssertionError, match=rule):
        check_face_detector(detector)
