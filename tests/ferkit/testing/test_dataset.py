"""The check of data sets finds what is wrong with one."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ferkit.contracts.data import Problem, Sample
from ferkit.plugin import Context
from ferkit.testing import check_dataset

COUNTER = itertools.count()


class Files:
    """Two files and a word about a third."""

    classes = ("happy", "sad")

    def __init__(self, context: Context) -> None:
        here = Path(__file__)
        self.rows = [
            Sample(
                id="a.jpg",
                path=str(here),
                label=0,
                votes=(3.0, 1.0),
                landmarks=((1.0, 1.0), (2.0, 1.0), (1.5, 2.0), (1.0, 3.0), (2.0, 3.0)),
                attributes={"intensity": 0.5},
            ),
            Sample(id="b.mp4", path=str(here), split="train", span=(2, 2)),
        ]

    def samples(self):
        return self.rows

    def problems(self):
        return (Problem("missing file", "c.jpg", "there is no such file.", dropped=True),)

    def fingerprint(self):
        return "0a1b"


def changed(**fields):
    """A data set whose first row is otherwise."""

    class Changed(Files):
        def __init__(self, context) -> None:
            super().__init__(context)
            self.rows[0] = replace(self.rows[0], **fields)

    return Changed


class ClassList(Files):
    classes = ["happy", "sad"]  # noqa: RUF012


class SameClass(Files):
    classes = ("sad", "sad")


class Nothing(Files):
    def samples(self):
        return []


class Dicts(Files):
    def samples(self):
        return [{"id": row.id} for row in self.rows]


class OtherOrder(Files):
    def samples(self):
        self.rows.reverse()
        return list(self.rows)


class NewRows(Files):
    def __init__(self, context) -> None:
        super().__init__(context)
        self.rows[0] = replace(self.rows[0], id=f"{next(COUNTER)}.jpg")


class Sentences(Files):
    def problems(self):
        return ["c.jpg is missing"]


class Mute(Files):
    def problems(self):
        return [Problem("missing file", "c.jpg", "", dropped=True)]


class NoHex(Files):
    def fingerprint(self):
        return "version one"


class NewDigest(Files):
    def fingerprint(self):
        return f"{next(COUNTER):x}"


class Drawn:
    """A slope of brightness that is a little lighter in each sample and frame."""

    classes = ("happy", "sad")
    frame_size = (40, 60)
    clip_length = 2
    aligned = True

    def __init__(self, context: Context) -> None:
        """There is nothing to set."""

    def samples(self):
        return [Sample(id=str(row), label=row % 2, truth=row % 2) for row in range(5)]

    def problems(self):
        return ()

    def fingerprint(self):
        return "ff"

    def landmarks(self, index) -> Tensor:
        return torch.ones(len(index), 2, 5, 2) * torch.tensor([30.0, 20.0])

    def draw(self, index, transforms=None, size=None) -> Tensor:
        level = torch.tensor([[10.0 * row, 10.0 * row + 3] for row in index]).reshape(-1, 2)
        if transforms is None:
            height, width = self.frame_size
            transforms = torch.eye(2, 3).expand(len(index), 2, 1, 2, 3)
        else:
            height = width = size
        y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        places = torch.stack([x, y], -1).reshape(-1, 2).float()
        back = torch.linalg.inv(transforms[..., :2])  # (B, T, R, 2, 2)
        source = (places - transforms[..., None, :, 2]) @ back.transpose(-1, -2)
        light = level[..., None, None] + source @ torch.tensor([2.0, 1.0])  # (B, T, R, S)
        grey = light.clamp(0, 255).to(torch.uint8).reshape(*light.shape[:3], 1, height, width)
        return grey.expand(-1, -1, -1, 3, -1, -1)


class FlatLandmarks(Drawn):
    def landmarks(self, index):
        return super().landmarks(index).flatten(2)


class NoRegions(Drawn):
    def draw(self, index, transforms=None, size=None):
        return super().draw(index, transforms, size)[:, :, 0]


class Floats(Drawn):
    def draw(self, index, transforms=None, size=None):
        return super().draw(index, transforms, size) / 255


class Random(Drawn):
    def draw(self, index, transforms=None, size=None):
        drawn = super().draw(index, transforms, size)
        return drawn + torch.randint(0, 99, (1,), dtype=torch.uint8)


class ByPlace(Drawn):
    def draw(self, index, transforms=None, size=None):
        return super().draw(range(len(index)), transforms, size)


class ByNumber(Drawn):
    def draw(self, index, transforms=None, size=None):
        return super().draw(index, transforms, size) + len(index)


class FromCropToFrame(Drawn):
    def draw(self, index, transforms=None, size=None):
        if transforms is not None:
            transforms = torch.cat([transforms[..., :2], -transforms[..., 2:]], -1)
        return super().draw(index, transforms, size)


class Loose(Drawn):
    aligned = None


def test_those_that_keep_the_contract() -> None:
    assert check_dataset(Files) == 2
    assert check_dataset(Drawn) == 5


@pytest.mark.parametrize(
    ("dataset", "rule"),
    [
        (ClassList, "classes is a list, not a tuple"),
        (SameClass, "two classes have one name"),
        (Nothing, "there are no samples"),
        (Dicts, "is not a Sample"),
        (changed(id="b.mp4"), "two samples have one id"),
        (changed(id=""), "a sample has an empty id"),
        (changed(path=""), "sample 'a.jpg' has no path, and the data set does not draw it"),
        (changed(path="nowhere.jpg"), "there is no file, nor a folder with images, nowhere.jpg"),
        (changed(label=2), "label 2 is none of 2 classes"),
        (changed(label="happy"), "label is 'happy', not an integer"),
        (changed(truth=-2), "truth -2 is none of 2 classes"),
        (changed(split="testing"), "split is 'testing'"),
        (changed(votes=(1.0,)), "has 1 votes"),
        (changed(votes=(1.0, -1.0)), "a vote is negative"),
        (changed(landmarks=((1.0, 2.0),)), "landmarks are not five points"),
        (changed(span=(5, 3)), r"span is \(5, 3\)"),
        (changed(attributes={"pose": [1, 2]}), r"attribute 'pose' is \[1, 2\]"),
        (OtherOrder, "samples are others when asked again"),
        (NewRows, "samples are others when it is made again"),
        (Sentences, "'c.jpg is missing' is not a Problem"),
        (Mute, "a problem says nothing"),
        (NoHex, "fingerprint 'version one' is not hex"),
        (NewDigest, "fingerprint differs though nothing has changed"),
        (FlatLandmarks, r"landmarks are \(3, 2, 10\), not \(3, 2, 5, 2\)"),
        (NoRegions, r"raw frames are \(3, 2, 3, 40, 60\), not \(3, 2, 1, 3, 40, 60\)"),
        (Floats, "raw frames are torch.float32, not uint8"),
        (Random, "the same rows give other pixels again"),
        (ByPlace, "a sample's pixels depend on its place in the call"),
        (ByNumber, "a sample's pixels depend on the others of the call"),
        (FromCropToFrame, "transforms lead from pixels of the frame to pixels of the crop"),
        (Loose, "aligned is None"),
    ],
    ids=lambda part: part.__name__ if isinstance(part, type) else "",
)
def test_a_broken_one_is_refused(dataset, rule: str) -> None:
    with pytest.raises(AssertionError, match=rule):
        check_dataset(dataset)
