"""Print pip constraints that hold every dependency to the lower bound pyproject.toml names.

python tests/lower_bounds.py > /tmp/lowest.txt
python3.11 -m venv /tmp/lowest && /tmp/lowest/bin/pip install -e ".[test]" -c /tmp/lowest.txt
/tmp/lowest/bin/pytest -n auto
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path


def lowest(requirements: list[str]) -> list[str]:
    """`name==version` for every `name>=version`; others as they stand."""
    pinned = []
    for requirement in requirements:
        match = re.fullmatch(r"([A-Za-z0-9._-]+)>=([A-Za-z0-9.]+)", requirement)
        pinned.append(f"{match[1]}=={match[2]}" if match else requirement)
    return pinned


if __name__ == "__main__":
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    sys.stdout.write("\n".join(lowest(project["dependencies"])) + "\n")
