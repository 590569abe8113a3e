"""What benchmarks share: the machine's name, peak memory, tables, and the test media."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import torch

REAL = Path(__file__).resolve().parents[2] / ".." / "shared" / "real"


def machine() -> str:
    """One line: processor, cores, torch, GPU."""
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return f"{model}, {os.cpu_count()} cores, {gpu}; torch {torch.__version__}"


def peak_memory() -> int:
    """Bytes that the process held at most since `forget_peak`, or, where it can't forget, ever."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024
    except (OSError, StopIteration):
        import resource  # not on Windows

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def forget_peak() -> None:
    """Count the peak anew, on Linux."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def table(head: list[str], rows: list[list[str]]) -> None:
    """Print a Markdown table."""
    print("\n| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)


def media(*names: str, folder: str = "") -> list[Path]:
    """Those of the test media that are there; says which are not."""
    found = []
    for name in names:
        paths = sorted((REAL / folder).glob(name))
        if not paths:
            print(f"\nLeft out: there is no ../shared/real/{folder}/{name} beside the repository.")
        found += paths
    return found
