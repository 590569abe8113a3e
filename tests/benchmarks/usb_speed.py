"""Measures FixMatch here against the public package USB's (`semilearn` 0.3.2), with all of a step.

    OMP_NUM_THREADS=1 python tests/benchmarks/usb_speed.py

Prints Markdown: images per second, reading and augmentation included, of three processes that take
turns: ours, USB's with its default `use_cat: true`, and USB's with `use_cat: false`. Each trains
the same network (the same module class) on the same 32 x 32 crops with SGD, a moving average of the
weights, and 8 labelled and 56 unlabelled samples in a step: 120 images, as a weak and a strong view
of an unlabelled sample count as two. Ours is the whole trainer; USB's its `train()` with its data
set, loaders and RandAugment (weak: mirrored and shifted by an eighth; strong: the same, then three
of fourteen operations, then cutout, on both sides), without evaluation and saving, which ours does
not do within an epoch either. One torch thread each.

Time is CPU time of a process and of all loader processes that it started, as other work on the
machine disturbs the clock. Beside it the ratio of the processes that train alone, which is that of
the clock where loaders have cores of their own, and the clock's ratio.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Mapping

from machine import machine, table
from usb import need_usb

SIDES = {"ours": [], "USB": ["--usb", "cat"], "USB, use_cat: false": ["--usb", "apart"]}
STEPS = {"small_cnn": 30, "wrn_28_2": 2}
IMAGES = 8 + 2 * 56  # of a step
BARS = {"wrn_28_2": 1.0, "small_cnn": 1.2}


def child(side: list[str], workers: int) -> subprocess.Popen[str]:
    """A process that trains when told to."""
    script = str(__file__).replace("usb_speed.py", "usb_speed_side.py")
    return subprocess.Popen(
        [sys.executable, script, *side, "--workers", str(workers)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def asked(process: subprocess.Popen[str], network: str, steps: int) -> dict[str, float]:
    """Let it train, and wait: seconds of CPU, without loaders ("own"), and of the clock.

    Raises: SystemExit: it ended; it has said why.
    """
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps({"network": network, "steps": steps}) + "\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        sys.exit(process.wait() or 1)
    found: dict[str, float] = json.loads(answer)
    return found


def rows_of(
    network: str, times: Mapping[str, list[dict[str, float]]], steps: int
) -> list[list[str]]:
    """A row for each side; ratios are of turns side by side."""
    rows = []
    for name, mine in times.items():
        rate = IMAGES * steps / statistics.median(turn["cpu"] for turn in mine)
        cells = [network, name, f"{rate:.0f}"]
        for clock in ("cpu", "own", "wall"):
            pairs = zip(mine, times["ours"], strict=True)
            ratios = [turn[clock] / ours[clock] for turn, ours in pairs]
            spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
            cells.append("" if name == "ours" else spread)
        rows.append(cells)
    return rows


def misses(network: str, times: Mapping[str, list[dict[str, float]]]) -> list[str]:
    """What ours is not as many times as fast as its bar says."""
    found = []
    for name in set(times) - {"ours"}:
        pairs = zip(times[name], times["ours"], strict=True)
        median = statistics.median(theirs["cpu"] / ours["cpu"] for theirs, ours in pairs)
        if median < BARS[network]:
            found.append(f"Missed: {network}, {median:.2f} times as fast as {name}.")
    return found


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, nargs="+", default=[0])
    parser.add_argument("--networks", nargs="+", default=list(STEPS), choices=list(STEPS))
    given = parser.parse_args()
    need_usb()
    print(machine(), flush=True)
    missed: list[str] = []
    head = ["network", "side", "images/s of CPU", "ours so many times as fast"]
    head += ["without loader processes", "by the clock"]
    for workers in given.workers:
        children = {name: child(side, workers) for name, side in SIDES.items()}
        said = f"{workers} and {2 * workers} loader processes" if workers else "no loader process"
        print(f"\nUSB with {said}; ours reads in a thread. Medians of {given.rounds} turns.")
        for network in given.networks:
            steps = STEPS[network]
            for process in children.values():
                asked(process, network, 1)  # the first is slower
            times: dict[str, list[dict[str, float]]] = {name: [] for name in SIDES}
            for _ in range(given.rounds):
                for name, process in children.items():
                    times[name].append(asked(process, network, steps))
            table(head, rows_of(network, times, steps))
            missed += misses(network, times)
        for process in children.values():
            process.communicate()
    print("\nBars, of processor time: " + ", ".join(f"{name} {bar}" for name, bar in BARS.items()))
    print("\n".join(missed) if missed else "All are met.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
