"""Measures the road from photographs and videos to crops; each section is a script of its own.

    OMP_NUM_THREADS=1 python tests/benchmarks/faces.py
    OMP_NUM_THREADS=1 python tests/benchmarks/faces.py --section detection --section end_to_end

Prints Markdown tables; docs/benchmarks.md has what they say. Ratios are of times taken in turns in
one run. Most sections need the test media in `../shared/real` beside the repository, and leave out
what is absent.
"""

from __future__ import annotations

import argparse
import runpy
import sys
from pathlib import Path

SECTIONS = {
    "detection": "faces_detection",
    "tracking": "faces_tracking",
    "end_to_end": "faces_end_to_end",
    "warp": "faces_warp",
    "readers": "faces_readers",
    "second_detector": "faces_second_detector",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--section", action="append", choices=list(SECTIONS), default=[])
    chosen = parser.parse_args().section or list(SECTIONS)
    folder = Path(__file__).parent
    for name in chosen:
        path = folder / f"{SECTIONS[name]}.py"
        print(f"\n## {path.name}\n", flush=True)
        sys.argv = [str(path)]
        runpy.run_path(str(path), run_name="__main__")


if __name__ == "__main__":
    main()
