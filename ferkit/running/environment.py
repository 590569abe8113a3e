"""What a run was made with: versions, machine, device. All of it goes into run.json."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import torch

import ferkit

if TYPE_CHECKING:
    from ferkit.plugins import Loaded

PACKAGES = (
    "torch",
    "torchvision",
    "lightning-fabric",
    "kornia",
    "facenet-pytorch",
    "decord",
    "numpy",
    "pyarrow",
    "pydantic",
    "torchmetrics",
)


def versions() -> dict[str, str]:
    """Versions of Python, ferkit and the packages that decide numbers."""
    found = {"python": platform.python_version(), "ferkit": ferkit.__version__}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def plugin_versions(loaded: Loaded) -> dict[str, str]:
    """Version of every plugin that was loaded, by name."""
    return {plugin.name: plugin.version for plugin in loaded.plugins}


def device_name(device: str) -> str:
    """The device in words, for reports: the GPU's or the processor's name."""
    if device.startswith("cuda"):
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"{device} ({platform.machine()}, {platform.system()})"
