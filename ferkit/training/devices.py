"""Where training runs: device, precision, determinism."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from lightning_fabric import Fabric

from ferkit.errors import FerkitError
from ferkit.sections import TrainingSection

WHERE = "training.device"


def choose_device(name: str) -> torch.device:
    """The device that `training.device` names.

    Args:
        name: auto (CUDA where there is one, else Apple's GPU, else the CPU), cpu, cuda, cuda:N
            or mps.
    Raises: FerkitError: there is no such device here.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", 0)
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    kind, _, number = name.partition(":")
    if kind not in ("cpu", "cuda", "mps") or (number and (kind != "cuda" or not number.isdigit())):
        raise FerkitError(
            f"no device '{name}'.", where=WHERE, hint="Write auto, cpu, cuda, cuda:N or mps."
        )
    if kind == "cuda":
        there = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if int(number or 0) >= there:
            have = f"only {there} of them" if there else "no CUDA device"
            raise FerkitError(
                f"'{name}' asks for a CUDA device, and this machine has {have}.",
                where=WHERE,
                hint="Write auto or cpu, or install a PyTorch with CUDA (see its site).",
            )
        return torch.device("cuda", int(number or 0))
    if kind == "mps" and not torch.backends.mps.is_available():
        raise FerkitError(
            "'mps' asks for an Apple GPU, and there is none.",
            where=WHERE,
            hint="Write auto or cpu.",
        )
    return torch.device(kind)


def make_fabric(section: TrainingSection) -> Fabric:
    """Lightning Fabric on the chosen device, one process.

    Raises: FerkitError: no such device, or a precision it does not have.
    """
    device = choose_device(section.device)
    if section.precision == "16-mixed" and device.type == "cpu":
        raise FerkitError(
            "'16-mixed' needs a GPU.",
            where="training.precision",
            hint="Write bf16-mixed or 32-true on a CPU.",
        )
    devices = [device.index] if device.type == "cuda" else 1
    return Fabric(accelerator=device.type, devices=devices, precision=section.precision)


def seed_device(seed: int, device: torch.device) -> None:
    """Set the generators that networks on `device` draw from.

    Not `torch.manual_seed`: on a machine without CUDA that one notes the stack at every call,
    which takes a millisecond, and keeps it.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)


@contextmanager
def reproducible(device: torch.device, threads: int | None) -> Iterator[None]:
    """Deterministic kernels where the device has them, so many CPU threads, and the caller's
    random numbers left as they were."""
    had_threads = torch.get_num_threads()
    had = torch.are_deterministic_algorithms_enabled()
    had_warn = torch.is_deterministic_algorithms_warn_only_enabled()
    devices = [device.index or 0] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        try:
            if threads is not None:
                torch.set_num_threads(threads)
            if device.type == "cuda":
                os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
                torch.use_deterministic_algorithms(True, warn_only=True)
            yield
        finally:
            torch.use_deterministic_algorithms(had, warn_only=had_warn)
            torch.set_num_threads(had_threads)
