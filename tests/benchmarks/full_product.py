"""Trains every mix of components that recipes may name, in random order, and resumes some of them.

    OMP_NUM_THREADS=1 python tests/benchmarks/full_product.py --minutes 30 --log mixes.txt

The whole product is some millions of mixes; a line of the log for each that was trained says how
it went, and a second call with the same log goes on with others. Ends with status 1 if one failed.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import warnings
from collections import Counter
from itertools import count
from math import prod
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from mix_checks import check_resumed, check_trained
from mixing import pieces, refusals

RESUMED = 4
"""Every so manieth mix is also stopped in its middle and resumed."""


def train_one(mix: dict[str, Any], *, resume: bool) -> str:
    """How a mix went: "trained", "refused: ..." or "failed: ..."."""
    if why := refusals(mix):
        return f"refused: {why[0]}"
    try:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("error")
            whole = check_trained(mix, Path(folder) / "whole")
            if resume:
                check_resumed(mix, whole, Path(folder) / "stopped")
    except Exception as error:  # whatever it is, the others are to be trained, too
        return f"failed: {type(error).__name__}: {' '.join(str(error).split())}"
    return "trained and resumed" if resume else "trained"


def main() -> int:
    """Train mixes until the time is up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    values = pieces()
    done = given.log.read_text(encoding="utf-8").splitlines() if given.log.exists() else []
    draw = random.Random(f"{given.seed} {len(done)}")
    end, found = time.monotonic() + 60 * given.minutes, Counter[str]()
    with given.log.open("a", encoding="utf-8") as log:
        for number in count():
            if time.monotonic() > end:
                break
            mix = {piece: draw.choice(choices) for piece, choices in values.items()}
            said = train_one(mix, resume=number % RESUMED == 0)
            found[said.split(":")[0]] += 1
            named = " ".join(f"{piece}={value}" for piece, value in mix.items())
            log.write(f"{named}\t{said}\n")
            log.flush()
            if said.startswith("failed"):
                print(f"{named}\n    {said}", flush=True)
    everything = prod(len(choices) for choices in values.values())
    print(
        f"{sum(found.values())} of {everything} mixes: "
        + ", ".join(f"{number} {what}" for what, number in found.most_common())
    )
    return 1 if found["failed"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
