"""Runs every twin of the papers' tables by its one command: is there a page, in what time?

    OMP_NUM_THREADS=1 python tests/benchmarks/all_twins.py --out runs/twins --jobs 2
    OMP_NUM_THREADS=1 python tests/benchmarks/all_twins.py --out runs/twins-smoke --smoke

A twin whose page is there is not run again, and one that was stopped goes on. Ends with status 1
if one of them has no page or runs that failed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from machine import machine, table

TWINS = sorted((Path(__file__).parents[2] / "ferkit/recipes/tables").glob("*_rendered.yaml"))


def ran(name: str, folder: Path, options: list[str]) -> tuple[float, bool]:
    """Minutes by the clock, and whether the command ended well."""
    begin = time.monotonic()
    what = [f"tables/{name}", "--out", str(folder), *options]
    if (folder / "matrix.json").exists():
        what = ["--resume", str(folder), *options[:2]]
    ended = subprocess.run([sys.executable, "-m", "ferkit", "run", *what], check=False)
    return (time.monotonic() - begin) / 60, ended.returncode == 0


def runs_of(folder: Path) -> str:
    """How many runs of a matrix are done, of how many."""
    try:
        runs = json.loads((folder / "matrix.json").read_text(encoding="utf-8"))["runs"]
    except (OSError, ValueError, KeyError):
        return "-"
    return f"{sum(run['done'] for run in runs)} of {len(runs)}"


def main() -> int:
    """Run those that are not done, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for the twins' folders")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("--smoke", action="store_true", help="a step or two of each run")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    options = ["--jobs", str(given.jobs), *(["--smoke"] if given.smoke else [])]
    rows, all_well = [], True
    for path in TWINS:
        folder = given.out / path.stem
        if (folder / "report.html").exists():
            rows.append([path.stem, "before", runs_of(folder), "yes"])
            continue
        minutes, well = ran(path.stem, folder, options)
        well = well and (folder / "report.html").exists()
        all_well = all_well and well
        rows.append([path.stem, f"{minutes:.1f}", runs_of(folder), "yes" if well else "NO"])
    print(machine())
    table(["twin", "minutes", "runs", "page"], rows)
    return 0 if all_well else 1


if __name__ == "__main__":
    sys.exit(main())
