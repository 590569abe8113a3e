"""A checkpoint of the public layout, written here: the real one is not to be had in tests."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

CONVOLUTIONS = {
    "conv1_1": (32, 4, 3),
    "conv1_2": (32, 32, 3),
    "conv2_1": (64, 32, 3),
    "conv2_2": (64, 64, 3),
    "conv3_1": (128, 64, 3),
    "conv3_2": (128, 128, 3),
    "conv4_1": (256, 128, 3),
    "conv4_2": (256, 256, 3),
    "conv5_1": (512, 256, 3),
    "conv5_2": (512, 512, 3),
    "deconv5": (256, 512, 3),
    "conv6_1": (256, 512, 3),
    "conv6_2": (256, 256, 3),
    "deconv6": (128, 256, 3),
    "conv7_1": (128, 256, 3),
    "conv7_2": (128, 128, 3),
    "deconv7": (64, 128, 3),
    "conv8_1": (64, 128, 3),
    "conv8_2": (64, 64, 3),
    "deconv8": (32, 64, 3),
    "conv9_1": (32, 64, 3),
    "conv9_2": (32, 32, 3),
    "conv10": (3, 32, 1),
}
"""Channels out, channels in and side of the kernel, as the public network has them."""

NORMS = {
    f"bn{level}_{which}": CONVOLUTIONS[f"conv{level}_{which}"][0]
    for level in range(1, 10)
    for which in (1, 2)
    if (level, which) != (9, 2)  # the last one has none
}


def layout() -> dict[str, tuple[int, ...]]:
    """Every name of the checkpoint with its shape."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name, (out, into, side) in CONVOLUTIONS.items():
        shapes |= {f"{name}.weight": (out, into, side, side), f"{name}.bias": (out,)}
    for name, channels in NORMS.items():
        for tensor in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.{tensor}"] = (channels,)
        shapes[f"{name}.num_batches_tracked"] = ()
    return shapes


@pytest.fixture(scope="session")
def public_layout() -> dict[str, tuple[int, ...]]:
    return layout()


@pytest.fixture(scope="session")
def public_tensors() -> dict[str, torch.Tensor]:
    """Random weights under the public names, of a size that lets nothing grow."""
    generator = torch.Generator().manual_seed(0)
    tensors = {}
    for name, shape in layout().items():
        values = torch.randn(shape, generator=generator)
        if name.endswith("num_batches_tracked"):
            values = torch.tensor(7)
        elif name.endswith("running_var") or (name.startswith("bn") and name.endswith("weight")):
            values = 0.5 + values.abs()
        elif name.endswith("weight"):
            values = values / values[0].numel() ** 0.5
        else:
            values = 0.2 * values
        tensors[name] = values
    return tensors


@pytest.fixture(scope="session")
def checkpoint(
    public_tensors: dict[str, torch.Tensor], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The file as the public code saves it: `DataParallel` puts `module.` before every name."""
    path = tmp_path_factory.mktemp("weights") / "200_net_G_A.pth"
    torch.save({f"module.{name}": value for name, value in public_tensors.items()}, path)
    return path
