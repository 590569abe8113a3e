"""One side of `usb_speed.py`: trains when a line on its standard input says so."""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from ferkit_basics.confidence import ConfidenceWeighting
from ferkit_basics.hard import HardTargets
from ferkit_basics.params import SmallCnnParams
from ferkit_basics.small_cnn import make_small_cnn
from ferkit_fixmatch.loop import make_fixmatch
from ferkit_fixmatch.params import FixMatchParams
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d
from usb import load_usb, usb_algorithm

from ferkit.contracts.data import CLASSES, Sample
from ferkit.contracts.model import Features, FeatureSpec
from ferkit.data.loader import SplitData, split_data
from ferkit.data.tensor_clips import TensorClips
from ferkit.plugin import Context
from ferkit.sections import AugmentationSection, OptimiserSection, StrongSection, TrainingSection
from ferkit.testing import tiny_job, tiny_model
from ferkit.training.job import PolicyChain, Silence
from ferkit.training.trainer import train

SIDE, LABELLED, OTHERS, BATCH, RATIO = 32, 16, 112, 8, 7
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
OPERATIONS = (
    "auto_contrast",
    "brightness",
    "colour",
    "contrast",
    "equalise",
    "identity",
    "posterise",
    "rotate",
    "sharpness",
    "shear_x",
    "shear_y",
    "solarise",
    "translate_x",
    "translate_y",
)

Clock = tuple[float, float, float]


class Wide(nn.Module):
    """USB's WideResNet-28-2 as a backbone of ours."""

    def __init__(self) -> None:
        super().__init__()
        from semilearn.nets import wrn_28_2

        self.network = wrn_28_2(num_classes=1)
        self.network.classifier = nn.Identity()

    def spec(self, regions: int) -> FeatureSpec:
        return FeatureSpec(dim=self.network.num_features, regions=regions)

    def forward(self, images: Tensor) -> Features:
        maps = self.network.extract(images.flatten(0, 1))
        pooled = adaptive_avg_pool2d(maps, 1).reshape(*images.shape[:2], -1)
        return Features(pooled)


class Small(nn.Module):
    """Our small CNN as a network of USB's."""

    def __init__(self, num_classes: int, **_: object) -> None:
        super().__init__()
        self.backbone = make_small_cnn(SmallCnnParams(), Context())
        self.classifier = nn.Linear(self.backbone.spec(1).dim, num_classes)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        features = self.backbone(images[:, None]).pooled[:, 0]
        return {"logits": self.classifier(features), "feat": features}


def images(count: int, seed: int) -> tuple[Tensor, list[int]]:
    """(count, 3, SIDE, SIDE) uint8 smooth noise, and classes in turn."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randint(0, 256, (count, 3, SIDE, SIDE), generator=generator).float()
    return avg_pool2d(noise, 5, 1, 2).to(torch.uint8), [i % len(CLASSES) for i in range(count)]


def now() -> Clock:
    """CPU seconds of this process and those it started that have ended; of this one; the clock."""
    ended, own = resource.getrusage(resource.RUSAGE_CHILDREN), time.process_time()
    return own + ended.ru_utime + ended.ru_stime, own, time.perf_counter()


def ours(network: str, steps: int) -> tuple[Clock, Clock]:
    """Train an epoch of so many steps; when it began and ended."""

    def split(count: int, seed: int, *, labelled: bool) -> SplitData:
        pixels, classes = images(count, seed)
        clips = TensorClips(pixels[:, None, None])
        rows = [
            Sample(id=f"{seed}/{i}", label=k if labelled else -1) for i, k in enumerate(classes)
        ]
        return split_data(rows, [(clips, i) for i in range(count)], classes=len(CLASSES))

    def model() -> Any:
        backbone = Wide() if network == "wrn_28_2" else make_small_cnn(SmallCnnParams(), Context())
        made = tiny_model(len(CLASSES), backbone=backbone)
        made.set_normalisation(MEAN, STD)
        return made

    marks: list[Clock] = []

    class Watch(Silence):
        def phase_started(self, phase: str, epochs: int) -> None:
            marks.append(now())

        def epoch_finished(self, row: object) -> None:
            marks.append(now())

    training = TrainingSection(
        batch_size=BATCH,
        device="cpu",
        threads=1,
        optimiser=OptimiserSection(name="sgd", lr=0.03, weight_decay=5e-4),
        augmentation=AugmentationSection(flip=0.5, zoom=0, shift=0.125, rotation=0),
        strong=StrongSection(
            operations=OPERATIONS,
            count=(3, 3),
            cutout=0.5,
            weak_first=True,
        ),
    )
    with tempfile.TemporaryDirectory() as folder:
        job = tiny_job(
            make_fixmatch(FixMatchParams(epochs=1, steps=steps, ratio=RATIO), Context()),
            Path(folder),
            training=training,
            classes=CLASSES,
            labelled=split(LABELLED, 0, labelled=True),
            unlabelled=split(OTHERS, 1, labelled=False),
            unlabelled_policies=PolicyChain([HardTargets()], [ConfidenceWeighting(0.95)]),
            validation=None,
            build_model=model,
            image_size=SIDE,
        )
        train(replace(job, observer=Watch()))
    return marks[0], marks[-1]


def usb(network: str, steps: int, *, cat: bool, workers: int) -> tuple[Clock, Clock]:
    """The same by USB."""
    from semilearn import BasicDataset, get_data_loader
    from semilearn.datasets.augmentation import RandAugment
    from semilearn.nets import wrn_28_2
    from torchvision import transforms

    weak = [
        transforms.Resize(SIDE),
        transforms.RandomCrop(SIDE, padding=SIDE // 8, padding_mode="reflect"),
        transforms.RandomHorizontalFlip(),
    ]
    end = [transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
    views = transforms.Compose([*weak, *end]), transforms.Compose([*weak, RandAugment(3, 5), *end])
    algorithm = usb_algorithm(
        "fixmatch",
        wrn_28_2 if network == "wrn_28_2" else Small,
        num_classes=len(CLASSES),
        num_train_iter=steps,
        num_eval_iter=steps + 1,
        batch_size=BATCH,
        uratio=RATIO,
        num_workers=workers,
        use_cat=cat,
    )
    for name, count, seed, size, processes in (
        ("train_lb", LABELLED, 0, BATCH, workers),
        ("train_ulb", OTHERS, 1, BATCH * RATIO, 2 * workers),
    ):
        pixels, classes = images(count, seed)
        data = BasicDataset(
            "fixmatch",
            pixels.permute(0, 2, 3, 1).contiguous().numpy(),
            classes,
            len(CLASSES),
            views[0],
            name == "train_ulb",
            views[1],
            False,
        )
        algorithm.loader_dict = {
            **(algorithm.loader_dict or {}),
            name: get_data_loader(
                algorithm.args,
                data,
                size,
                data_sampler="RandomSampler",
                num_iters=steps,
                num_epochs=1,
                num_workers=processes,
            ),
        }
    begun = now()
    algorithm.train()
    return begun, now()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--usb", choices=["cat", "apart"])
    parser.add_argument("--workers", type=int, default=0)
    given = parser.parse_args()
    answers, sys.stdout = os.fdopen(os.dup(1), "w"), sys.stderr  # what USB prints is no answer
    torch.set_num_threads(1)
    load_usb()  # ours takes the wide network from there
    run: Callable[[str, int], tuple[Clock, Clock]] = ours
    if given.usb:

        def run(network: str, steps: int) -> tuple[Clock, Clock]:
            return usb(network, steps, cat=given.usb == "cat", workers=given.workers)

    for line in sys.stdin:
        begun, ended = run(**json.loads(line))
        answer = {
            name: end - begin
            for name, begin, end in zip(("cpu", "own", "wall"), begun, ended, strict=True)
        }
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
