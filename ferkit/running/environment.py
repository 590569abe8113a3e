"""What a run was made with: versions, machine, device. All of it goes into run.json."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import torch

import ferkit
from ferkit.errors import FerkitError

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


def choose_device(wanted: str) -> str:
    """The device a run uses: "cpu", "cuda:N" or "mps".

    Args:
        wanted: auto, cpu, cuda, cuda:N or mps.
    Raises: FerkitError: the name is unknown or this machine has no such device.
    """
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if wanted == "auto":
        return "cuda:0" if cuda else "mps" if mps else "cpu"
    if wanted == "cpu" or (wanted == "mps" and mps):
        return wanted
    name, _, number = wanted.partition(":")
    if name == "cuda" and (number == "" or number.isdigit()):
        index = int(number or 0)
        if cuda and index < torch.cuda.device_count():
            return f"cuda:{index}"
        count = torch.cuda.device_count() if cuda else 0
        raise FerkitError(
            f"no device '{wanted}' here: torch sees {count} CUDA devices.",
            where="training.device",
            hint="Use auto or cpu.",
        )
    if wanted == "mps":
        raise FerkitError("torch sees no 'mps' device here.", where="training.device")
    raise FerkitError(
        f"unknown device '{wanted}'.",
        where="training.device",
        hint="Use auto, cpu, cuda, cuda:N or mps.",
    )


def device_name(device: str) -> str:
    """The device in words, for reports: the GPU's or the processor's name."""
    if device.startswith("cuda"):
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"{device} ({platform.machine()}, {platform.system()})"
