"""Measures what FAN, the temporal transformer and GeM add to a network's two passes.

    OMP_NUM_THREADS=1 python tests/benchmarks/aggregation_cost.py [BACKBONE ...]

Prints Markdown: CPU time of a forward and a backward pass over that with means on all three axes,
taken in turns, the median of the rounds and the middle half of them.
"""

from __future__ import annotations

import statistics
import sys
from typing import Any

import torch
from attention_cost import seconds
from machine import machine, table

from ferkit.catalogue import Catalogue, catalogue
from ferkit.model.build import build_model
from ferkit.model.face_model import FaceModel
from ferkit.plugin import Context
from ferkit.plugins import load
from ferkit.recipe import validate

SIDE, SAMPLES, FRAMES, CLASSES, ROUNDS = 96, 4, 8, 7, 11
CHOSEN: dict[str, dict[str, Any]] = {
    "fan, self": {"frames": {"use": "fan", "attention": "self"}},
    "fan": {"frames": "fan"},
    "transformer": {"frames": "temporal_transformer"},
    "gem": {"space": "gem"},
}


def network(known: Catalogue, backbone: str, aggregation: dict[str, Any]) -> FaceModel:
    """A network with means on the axes that are not named."""
    document = {
        "data": {"train": "rendered"},
        "model": {"backbone": backbone, "aggregation": aggregation},
    }
    section = validate(document, catalogue=known).model
    torch.manual_seed(0)
    names = tuple(str(number) for number in range(CLASSES))
    context = Context(classes=names, regions=("face",), image_size=SIDE)
    return build_model(known.build, section, context).train()


def main() -> None:
    torch.set_num_threads(1)
    known = catalogue(load())
    print(f"{machine()}. Crops of {SIDE} px, {SAMPLES} clips of {FRAMES} frames.")
    frames = torch.rand(SAMPLES, FRAMES, 1, 3, SIDE, SIDE)
    given = (frames, torch.ones(frames.shape[:3], dtype=torch.bool), torch.arange(SAMPLES))
    rows = []
    for backbone in sys.argv[1:] or ["small_cnn", "resnet"]:
        plain = network(known, backbone, {})
        models = {name: network(known, backbone, chosen) for name, chosen in CHOSEN.items()}
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
