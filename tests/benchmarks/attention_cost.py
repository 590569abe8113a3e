"""Measures what the three attentions add to a network's forward and backward pass.

    OMP_NUM_THREADS=1 python tests/benchmarks/attention_cost.py [BACKBONE ...]

Prints Markdown: CPU time with attention on the given axes over that with means on all three,
taken in turns, the median of the rounds and the middle half of them.
"""

from __future__ import annotations

import statistics
import sys
import time

import torch
from machine import machine, table
from torch import Tensor
from torch.nn.functional import cross_entropy

from ferkit.catalogue import Catalogue, catalogue
from ferkit.model.build import build_model
from ferkit.model.face_model import FaceModel
from ferkit.plugin import Context, Kind
from ferkit.plugins import load
from ferkit.recipe import validate

SIDE, SAMPLES, FRAMES, REGIONS, CLASSES, ROUNDS = 96, 2, 4, ("face", "eyes", "mouth"), 7, 11
LEVELS = {"space": "spatial_attention", "regions": "region_attention", "frames": "frame_attention"}
WITH = {"all three": tuple(LEVELS), **{name: (name,) for name in LEVELS}}
PENALTY = 0.1


def network(known: Catalogue, backbone: str, levels: tuple[str, ...]) -> FaceModel:
    """A network with attention on the given axes and means on the others."""
    aggregation = {name: LEVELS[name] for name in levels}
    document = {
        "data": {"train": "rendered"},
        "model": {"backbone": backbone, "aggregation": aggregation},
    }
    section = validate(document, catalogue=known).model
    torch.manual_seed(0)
    names = tuple(str(number) for number in range(CLASSES))
    context = Context(classes=names, regions=REGIONS, image_size=SIDE)
    return build_model(known.build, section, context).train()


def seconds(model: FaceModel, frames: Tensor, valid: Tensor, labels: Tensor) -> float:
    """CPU seconds of a forward and a backward pass."""
    begun = time.process_time()
    output = model(frames, valid)
    loss = cross_entropy(output.logits, labels) + PENALTY * output.penalty.mean()
    loss.backward()  # type: ignore[no-untyped-call]
    return time.process_time() - begun


def main() -> None:
    torch.set_num_threads(1)
    known = catalogue(load())
    chosen = sys.argv[1:] or ["small_cnn", "resnet"]
    if not sys.argv[1:] and "grouped_resnet" in known.names(Kind.BACKBONE):
        chosen.append("grouped_resnet")
    print(f"{machine()}. Crops of {SIDE} px, {SAMPLES} clips of {FRAMES} frames of 3 regions.")
    frames = torch.rand(SAMPLES, FRAMES, len(REGIONS), 3, SIDE, SIDE)
    given = (frames, torch.ones(frames.shape[:3], dtype=torch.bool), torch.arange(SAMPLES))
    rows = []
    for backbone in chosen:
        plain = network(known, backbone, ())
        models = {name: network(known, backbone, levels) for name, levels in WITH.items()}
        for model in (plain, *models.values()):
            seconds(model, *given)  # the first is slower
        ratios: dict[str, list[float]] = {name: [] for name in models}
        base = []
        for _ in range(ROUNDS):
            for name, model in models.items():
                base.append(seconds(plain, *given))
                ratios[name].append(seconds(model, *given) / base[-1])
        quarters = [statistics.quantiles(values, n=4) for values in ratios.values()]
        cells = [f"{mid:.3f} ({low:.3f} to {high:.3f})" for low, mid, high in quarters]
        rows.append([backbone, f"{1000 * statistics.median(base):.0f}", *cells])
    table(["backbone", "means, ms", *models], rows)


if __name__ == "__main__":
    main()
