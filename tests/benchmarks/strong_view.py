"""Measures the strong view beside kornia's and torchvision's RandAugment.

    OMP_NUM_THREADS=1 python tests/benchmarks/strong_view.py

Prints Markdown. All do three operations to an image at magnitude 9 of 9, and go from a uint8 batch
to a float one in [0, 1]: of brightness, contrast, sharpness and translation both ways, and then of
all that ours and torchvision's have. Ways take turns in one run; times are of process CPU time with
one torch thread.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable

import torch
from kornia.augmentation.auto import RandAugment as KorniaRandAugment
from machine import machine, table
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2.functional import pil_to_tensor, to_pil_image

from ferkit.contracts.data import Clips
from ferkit.data.randaugment import strong_view
from ferkit.view_sections import OPERATIONS, StrongSection

COUNT, ROUNDS = 48, 7
FIVE = ("brightness", "contrast", "sharpness", "translate_x", "translate_y")

Way = Callable[[Tensor], Tensor]


class FewOperations(v2.RandAugment):
    """torchvision's RandAugment with the five operations, instead of its fourteen."""

    _AUGMENTATION_SPACE = {  # noqa: RUF012
        name: space
        for name, space in v2.RandAugment._AUGMENTATION_SPACE.items()
        if name in ("Brightness", "Contrast", "Sharpness", "TranslateX", "TranslateY")
    }


def ours(images: Tensor, **settings: object) -> Tensor:
    """The strong view of stills."""
    count = len(images)
    clips = Clips(images[:, None, None], torch.ones(count, 1, 1, dtype=torch.bool))
    section = StrongSection(**{"count": (3, 3), "magnitude": (9, 9), **settings})  # type: ignore[arg-type]
    made = strong_view(clips, settings=section, seed=0, epoch=0, ids=torch.arange(count))
    return made.frames[:, 0, 0]


def of_tensors(augment: v2.RandAugment) -> Way:
    """torchvision, image by image, on uint8 tensors."""
    return lambda images: torch.stack([augment(image) for image in images]).float() / 255


def of_pillow(augment: v2.RandAugment) -> Way:
    """torchvision, image by image, on Pillow's images."""

    def made(images: Tensor) -> Tensor:
        each = [pil_to_tensor(augment(to_pil_image(image))) for image in images]
        return torch.stack(each).float() / 255

    return made


def of_kornia(augment: KorniaRandAugment) -> Way:
    """kornia, image by image, on float tensors."""
    return lambda images: torch.cat([augment(image[None]) for image in images.float() / 255])


def ways() -> dict[str, dict[str, Way]]:
    """What is compared, by the operations: the first with each of the others."""
    five = KorniaRandAugment(
        3,
        9,
        policy=[
            [("brightness", 0.1, 1.9)],
            [("contrast", 0.1, 1.9)],
            [("sharpness", 0.1, 1.9)],
            [("translate_x", -0.3, 0.3)],
            [("translate_y", -0.3, 0.3)],
        ],
    )
    few = FewOperations(3, 9, num_magnitude_bins=10)
    all_ = v2.RandAugment(3, 9, num_magnitude_bins=10)
    return {
        "five operations": {
            "ours": lambda images: ours(images, operations=FIVE),
            "ours, one image at a time": lambda images: torch.cat(
                [ours(image[None], operations=FIVE) for image in images]
            ),
            "torchvision on tensors": of_tensors(few),
            "torchvision on Pillow's images": of_pillow(few),
            "kornia": of_kornia(five),
        },
        "all operations": {
            "ours": lambda images: ours(images, operations=OPERATIONS),
            "torchvision on tensors": of_tensors(all_),
            "torchvision on Pillow's images": of_pillow(all_),
        },
    }


def seconds(way: Way, images: Tensor) -> float:
    """CPU seconds of a call."""
    begun = time.process_time()
    way(images)
    return time.process_time() - begun


def compare(compared: dict[str, Way], images: Tensor, rounds: int) -> list[list[str]]:
    """Rows of a table."""
    taken: dict[str, list[float]] = {name: [] for name in compared}
    for way in compared.values():
        way(images[:4])  # the first is slower
    for _ in range(rounds):
        for name, way in compared.items():
            taken[name].append(seconds(way, images))
    rows = []
    for name, times in taken.items():
        ratios = [one / own for one, own in zip(times, taken["ours"], strict=True)]
        each = f"{len(images) / statistics.median(times):.0f}"
        rows.append([name, each, f"{statistics.median(ratios):.1f}"])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    torch.manual_seed(0)
    warnings.simplefilter("ignore")
    print(f"{machine()}\n\nBatches of {COUNT} images, medians of {rounds} rounds.")
    for side in (96, 224):
        images = torch.randint(0, 256, (COUNT, 3, side, side), dtype=torch.uint8)
        images = torch.nn.functional.avg_pool2d(images.float(), 5, 1, 2).to(torch.uint8)
        for operations, compared in ways().items():
            print(f"\n{side} px, {operations}:")
            table(["way", "images/s", "time, ours = 1"], compare(compared, images, rounds))


if __name__ == "__main__":
    main()
