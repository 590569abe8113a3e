"""Holds a step of each method to the public package USB's (`semilearn` 0.3.2), on the same outputs.

    OMP_NUM_THREADS=1 python tests/benchmarks/usb_steps.py [--as-published]

Prints Markdown: over a sequence of steps the largest difference in mask, target, loss, gradient and
state, and beside it the mean of the mask. USB's side is its `train_step` with its own hooks on a
network that looks its answers up, ours is the loop's step with its policies. Where USB does
otherwise than was published, ours is made to do so too, in this script alone, and the row says how;
with `--as-published` there is a second row with ours as it is, which says how far that is away.
Exits with 1 if a difference is above the bar where both are to do the same.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys

import torch
from machine import machine, table
from torch import Tensor
from usb import load_usb, usb_algorithm
from usb_cases import Case, both_sides
from usb_mixmatch import mixmatch_steps, moving_average
from usb_outputs import CLASSES, TOTAL, Looked, Watched, our_step, sequence, usb_step

from ferkit.contracts.policies import Progress
from ferkit.training.job import PolicyChain

BAR = 1e-6
COLUMNS = ("mask", "target", "loss", "gradient", "state")
USED = "counted"  # mean of the mask, no difference


def compared(case: Case, steps: int) -> dict[str, float]:
    """The largest difference of each quantity over a sequence of steps."""
    name, settings = case.usb
    fields = {"num_train_iter": steps, "num_classes": CLASSES, "ulb_dest_len": TOTAL, **settings}
    theirs = usb_algorithm(name, Looked, **fields)
    if case.align is not None:
        from semilearn.algorithms.hooks import DistAlignEMAHook

        with contextlib.redirect_stdout(io.StringIO()):
            hook = DistAlignEMAHook(CLASSES, momentum=0.99, p_target_type="gt", p_target=case.align)
        theirs.register_hook(hook, "DistAlignHook")
    if name == "meanteacher":
        from semilearn.core.utils import EMA

        theirs.ema = EMA(theirs.model, 0.999)
    watched = None if case.weightings is None else Watched(case.weightings)
    policies = [*case.updates, *(case.weightings or ())]
    worst: dict[str, float] = {}
    used = 0.0

    def differ(column: str, one: Tensor, other: Tensor) -> None:
        gap = float((one.double() - other.double()).abs().max())
        worst[column] = max(worst.get(column, 0.0), gap)

    for step, said in enumerate(sequence(steps)):
        a = usb_step(theirs, step, said)
        b = our_step(
            case.loop,
            Progress("phase", 0, 0, 1, step, steps, ()),
            said,
            views=case.views,
            updates=case.updates,
            watched=watched,
            labelled=PolicyChain((), case.labelled),
        )
        used += 0.0 if b.mask is None else float(b.mask.mean()) / steps
        for column, one, other in zip(COLUMNS, a, b, strict=False):
            if one is not None and other is not None:
                differ(column, one, other)
        for one, other in case.state(theirs, policies):
            differ("state", one, other)
    return worst if watched is None else {**worst, USED: used}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--as-published", action="store_true")
    given = parser.parse_args()
    load_usb()
    torch.set_num_threads(1)
    print(f"{machine()}\n\nLargest differences over {given.steps} steps; the bar is {BAR:.0e}.")
    rows, worst = [], 0.0
    found = [
        (case.name, case.slip, case.published, lambda case=case: compared(case, given.steps))
        for case in both_sides()
    ]
    found += [
        (name, slip, published, lambda ask=ask: ask(given.steps))
        for name, slip, published, ask in (*mixmatch_steps(), *moving_average())
    ]
    for name, slip, published, ask in found:
        if published and not given.as_published:
            continue
        gaps = ask()
        if not published:
            worst = max(worst, *(gap for column, gap in gaps.items() if column != USED))
        cells = [f"{gaps[column]:.1e}" if column in gaps else "" for column in COLUMNS]
        rows.append(
            [
                name,
                f"{gaps[USED]:.1%}" if USED in gaps else "",
                *cells,
                "ours as published" if published else slip,
            ]
        )
    table(["method", USED, *COLUMNS, "ours made to do as USB"], rows)
    print(f"\nLargest where both are to do the same: {worst:.1e}.")
    if worst > BAR:
        sys.exit(1)


if __name__ == "__main__":
    main()
