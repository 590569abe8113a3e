"""The contract of data sets."""

from __future__ import annotations

import math
import string
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from ferkit.contracts.data import SPLITS, DrawnDataset, Problem, Sample
from ferkit.faces.frame_folder import images_in
from ferkit.plugin import Context
from ferkit.testing.backbone import Make, seeded

DRAWN = 3
"""Samples whose pixels are looked at."""

ALIKE = 12.0
"""Mean difference, levels, between a part of a raw frame and a crop that is drawn there."""

GRAIN = 4
"""Pixels over which they are averaged first: noise may fall otherwise."""


def check_dataset(make: Make) -> int:
    """Hold a data set to `ferkit.contracts.data.Dataset`, and to `DrawnDataset` if it is one.

    Args:
        make: context -> data set.
    Returns: the number of its samples.
    Raises: AssertionError: says what is wrong. FerkitError: it can't be read.
    """
    dataset, again = seeded(make, Context()), seeded(make, Context(), seed=5)
    samples = dataset.samples()
    classes = dataset.classes
    _check_classes(classes)
    assert samples, "there are no samples"
    for sample in samples:
        _check_sample(sample, len(classes), drawn=isinstance(dataset, DrawnDataset))
    ids = [sample.id for sample in samples]
    assert len(set(ids)) == len(ids), "two samples have one id"
    assert list(dataset.samples()) == list(samples), "samples are others when asked again"
    assert list(again.samples()) == list(samples), "samples are others when it is made again"
    assert again.classes == classes, "classes are others when it is made again"
    for problem in dataset.problems():
        assert isinstance(problem, Problem), f"{problem!r} is not a Problem"
        assert problem.kind, "a problem has no kind"
        assert problem.what, "a problem says nothing"
    digest = dataset.fingerprint()
    assert isinstance(digest, str), f"fingerprint is {digest!r}, not a string"
    assert digest, "fingerprint is empty"
    assert set(digest) <= set(string.hexdigits), f"fingerprint {digest!r} is not hex"
    assert again.fingerprint() == digest, "fingerprint differs though nothing has changed"
    if isinstance(dataset, DrawnDataset):
        _check_drawing(dataset, list(range(min(DRAWN, len(samples)))))
    return len(samples)


def _check_classes(classes: Any) -> None:
    assert isinstance(classes, tuple), f"classes is a {type(classes).__name__}, not a tuple"
    assert all(isinstance(name, str) and name for name in classes), "a class has no name"
    assert len(set(classes)) == len(classes), "two classes have one name"


def _check_sample(sample: Any, classes: int, *, drawn: bool) -> None:
    assert isinstance(sample, Sample), f"{sample!r} is not a Sample"
    where = f"sample {sample.id!r}"
    assert isinstance(sample.id, str), f"{where}: the id is no text"
    assert sample.id, "a sample has an empty id"
    if not drawn:
        assert sample.path, f"{where} has no path, and the data set does not draw it"
        path = Path(sample.path)
        there = path.is_file() or (path.is_dir() and images_in(path))
        assert there, f"{where}: there is no file, nor a folder with images, {sample.path}"
    for name in ("label", "truth"):
        value = getattr(sample, name)
        assert isinstance(value, int), f"{where}: {name} is {value!r}, not an integer"
        assert -1 <= value < classes, f"{where}: {name} {value} is none of {classes} classes"
    assert sample.split in ("", *SPLITS), f"{where}: split is {sample.split!r}"
    if sample.votes is not None:
        assert len(sample.votes) == classes, f"{where} has {len(sample.votes)} votes"
        right = all(math.isfinite(vote) and vote >= 0 for vote in sample.votes)
        assert right, f"{where}: a vote is negative or not finite"
    if sample.landmarks is not None:
        points = torch.tensor(sample.landmarks)
        assert points.shape == (5, 2), f"{where}: landmarks are not five points"
        assert bool(torch.isfinite(points).all()), f"{where}: landmarks are not finite"
    if sample.span is not None:
        first, last = sample.span
        assert 0 <= first <= last, f"{where}: span is {sample.span}"
    for name, value in sample.attributes.items():
        assert isinstance(value, str | int | float), f"{where}: attribute {name!r} is {value!r}"


def _check_drawing(dataset: DrawnDataset, rows: list[int]) -> None:
    height, width = dataset.frame_size
    count, length = len(rows), dataset.clip_length
    assert length >= 1, f"clip_length is {length}"
    assert isinstance(dataset.aligned, bool), f"aligned is {dataset.aligned!r}"
    points = dataset.landmarks(rows)
    shape = (count, length, 5, 2)
    assert tuple(points.shape) == shape, f"landmarks are {tuple(points.shape)}, not {shape}"
    assert points.dtype == torch.float32, f"landmarks are {points.dtype}, not float32"
    assert bool(torch.isfinite(points).all()), "landmarks are not finite"
    raw = _drawn(dataset.draw(rows), (count, length, 1, 3, height, width), "raw frames")
    assert torch.equal(raw, dataset.draw(rows)), "the same rows give other pixels again"
    backwards = dataset.draw(rows[::-1]).flip(0)
    assert torch.equal(raw, backwards), "a sample's pixels depend on its place in the call"
    for row in rows:
        alone = dataset.draw([row])[0]
        assert torch.equal(raw[row], alone), "a sample's pixels depend on the others of the call"
    # Two regions: the upper left part of the frame, and one that lies a little further in.
    size = max(1, min(height, width) // 2)
    starts = ((0, 0), (size // 2, size // 4))  # x, y
    maps = torch.tensor([[[1.0, 0.0, -x], [0.0, 1.0, -y]] for x, y in starts])
    views = maps.expand(count, length, 2, 2, 3)
    crops = _drawn(dataset.draw(rows, views, size), (count, length, 2, 3, size, size), "crops")
    for region, (x, y) in enumerate(starts):
        part = raw[:, :, 0, :, y : y + size, x : x + size].float()
        off = crops[:, :, region].float() - part
        apart = float(avg_pool2d(off.flatten(0, 1), min(GRAIN, size)).abs().mean())
        assert apart <= ALIKE, (
            f"a crop is not what the frame shows there ({apart:.0f} levels apart): transforms lead"
            " from pixels of the frame to pixels of the crop"
        )


def _drawn(pixels: Tensor, shape: tuple[int, ...], what: str) -> Tensor:
    assert tuple(pixels.shape) == shape, f"{what} are {tuple(pixels.shape)}, not {shape}"
    assert pixels.dtype == torch.uint8, f"{what} are {pixels.dtype}, not uint8"
    return pixels
