"""The check of enhancers finds what is wrong with one."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from ferkit.plugin import Context
from ferkit.testing import check_enhancer


class Root:
    """The square root: brighter, within the range."""

    def __init__(self, context: Context) -> None:
        self.drawn = float(torch.rand(()))

    def __call__(self, images: Tensor) -> Tensor:
        return images.sqrt()


class Brighter(Root):
    def __call__(self, images):
        return images * 1.5


class Signed(Root):
    def __call__(self, images):
        return images * 2 - 1


class InPlace(Root):
    def __call__(self, images):
        return images.sqrt_()


class MeanOfAll(Root):
    def __call__(self, images):
        return (images - images.mean() + 0.5).clamp(0, 1) if images.numel() else images


class Random(Root):
    def __call__(self, images):
        return images * torch.rand(())


class SeededDifferently(Root):
    def __call__(self, images):
        return images * self.drawn


class Padded(Root):
    def __call__(self, images):
        return functional.pad(images, (0, -images.shape[3] % 16, 0, -images.shape[2] % 16))


class Reflects(Root):
    def __call__(self, images):
        return functional.pad(images, (1, 1, 1, 1), mode="reflect")[..., 1:-1, 1:-1]


class Stretches(Root):
    def __call__(self, images):
        return images / images.amax((1, 2, 3), keepdim=True)


class Half(Root):
    def __call__(self, images):
        return images.half()


class Trains(Root):
    def __init__(self, context: Context) -> None:
        self.weight = torch.nn.Parameter(torch.tensor(0.5))

    def __call__(self, images):
        return images * self.weight


class AsItLies(Root):
    def __call__(self, images):
        count, _, height, width = images.shape
        steps = (3 * height * width, height * width, width, 1)
        return images.as_strided((count, 3, height, width), steps).sqrt()


class NotNone(Root):
    def __call__(self, images):
        return torch.stack([image.sqrt() for image in images])


class EmptyText(Root):
    fingerprint = ""


class SaysNothing(Root):
    changes_nothing = True


def test_one_that_keeps_the_contract() -> None:
    check_enhancer(Root)
    check_enhancer(Reflects, sizes=[(2, 2), (17, 31)])


@pytest.mark.parametrize(
    ("enhancer", "rule"),
    [
        (Brighter, r"the answer is not in \[0, 1\]"),
        (Signed, r"the answer is not in \[0, 1\]"),
        (InPlace, "it changes the images"),
        (MeanOfAll, "an image depends on the others of its batch"),
        (Random, "the same images give another answer again"),
        (SeededDifferently, "it depends on the seed"),
        (Padded, r"the answer to \(7, 3, 1, 1\) is \(7, 3, 16, 16\)"),
        (Reflects, r"images \(7, 3, 1, 1\): an exception instead of an answer"),
        (Stretches, r"the answer to \(7, 3, 1, 1\) is not finite"),
        (Half, "the answer to torch.float32 is torch.float16"),
        (Trains, "the answer asks for a gradient"),
        (AsItLies, "it depends on how images lie in memory"),
        (NotNone, r"images \(0, 3, 1, 1\): an exception instead of an answer"),
        (EmptyText, "fingerprint is empty"),
        (SaysNothing, "it changes images, and says that it does not"),
    ],
    ids=lambda part: part.__name__ if isinstance(part, type) else "",
)
def test_a_broken_one_is_refused(enhancer, rule: str) -> None:
    with pytest.raises(AssertionError, match=rule):
        check_enhancer(enhancer)
