"""How long `ferkit --help` takes, beside an empty interpreter and beside what it must not import.

    python tests/benchmarks/startup.py [runs]

Prints the wall time of `runs` (default 15) processes of each, and the ratio of the medians to
Python itself. The bar is 0.15 s for the median of `ferkit --help`, on a machine that is idle.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

BAR = 0.15

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "ferkit --help": ["-m", "ferkit", "--help"],
    "ferkit --version": ["-m", "ferkit", "--version"],
    "ferkit recipes": ["-m", "ferkit", "recipes"],
    "ferkit check quickstart": ["-m", "ferkit", "check", "quickstart"],
    "import pydantic": ["-c", "import pydantic"],
    "import torch": ["-c", "import torch"],
}


def seconds(arguments: list[str]) -> float:
    """Wall time of one process."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
    return time.perf_counter() - started


def main() -> int:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    medians = {}
    for name, arguments in COMMANDS.items():
        seconds(arguments)  # the first run reads files from disk and writes bytecode
        times = [seconds(arguments) for _ in range(runs)]
        medians[name] = statistics.median(times)
        ratio = medians[name] / medians["python -c pass"]
        print(
            f"{name:<26} median {medians[name]:6.3f} s, best {min(times):6.3f} s, "
            f"{ratio:6.1f} x an empty interpreter"
        )
    reached = medians["ferkit --help"] <= BAR
    print(f"bar {BAR} s for ferkit --help: {'reached' if reached else 'MISSED'}")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
