"""JAFFE: 213 photographs of ten Japanese women, seven posed expressions.

A file is named after the model, the expression with a counter, and its number, such as
`KA.AN1.39.tiff`. The read-me file (`README_FIRST.txt` of the release on Zenodo, in others
`A_README_FIRST.txt` or `README`) has a table of semantic ratings: how much of six emotions sixty
women saw in a picture, on average, from 1 to 5. These are given as attributes and not as votes,
since nobody was asked to choose, and none of the six is neutral. A second table there, of a study
without fear, is not read.

The table has 219 rows for the 213 pictures; six pictures are not in the set. Its row 53 is
spelled `YN-HA2` where the picture is `YM.HA2.53.tiff`, and there is no model YN.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ferkit.contracts.data import CLASSES
from ferkit.data.filed import FileDataset, Reading
from ferkit.plugin import Context
from ferkit_datasets.gathered import Gathered
from ferkit_datasets.lists import read_lines
from ferkit_datasets.params_lab import JaffeParams

CODES = {
    "AN": "anger",
    "DI": "disgust",
    "FE": "fear",
    "HA": "happy",
    "NE": "neutral",
    "SA": "sad",
    "SU": "surprise",
}
"""Expressions in the names of its files."""

COLUMNS = {
    "HAP": "happy",
    "SAD": "sad",
    "SUR": "surprise",
    "ANG": "anger",
    "DIS": "disgust",
    "FEA": "fear",
}
"""Columns of the table of ratings."""

READ_ME = ("README_FIRST.txt", "A_README_FIRST.txt", "README")
MISSPELT = {"YN-HA2": "YM-HA2"}
NUMBERS = frozenset(range(1, 220)) - {8, 12, 21, 76, 108, 183}
"""Of the pictures in the set."""

NAME = re.compile(
    r"(?P<model>KA|KL|KM|KR|MK|NA|NM|TM|UY|YM)\.(?P<code>[A-Z]{2})(?P<take>\d)"
    r"\.(?P<number>\d{1,3})\.tiff?",
    re.IGNORECASE,
)


class Rated(NamedTuple):
    """picture: such as "KA-AN1". means: class -> mean rating, 1 to 5. line: of the file."""

    picture: str
    means: dict[str, float]
    line: int


def make_jaffe(params: JaffeParams, context: Context) -> FileDataset:
    """The data set `jaffe`."""
    return FileDataset(partial(read_jaffe, params))


def read_jaffe(params: JaffeParams) -> Reading:
    """Read what the names of the files say, and the ratings where the read-me file is there.

    Raises: FerkitError: no picture of JAFFE, or none to use.
    """
    found = Gathered(params.path, CLASSES, access="JAFFE (files such as 'KA.AN1.39.tiff').")
    files = found.images()
    table = _table(found.root, files)
    rated = {} if table is None else _ratings(found, table)
    if table is None and files:
        what = "pictures have no ratings without it."
        found.problem("missing file", READ_ME[0], what, dropped=False)
    numbers: set[int] = set()
    for file in files:
        match = NAME.fullmatch(file.name)
        if match is None:
            found.problem(
                "surplus file", found.relative(file), "is no picture of JAFFE by its name."
            )
            continue
        model, code = match["model"].upper(), match["code"].upper()
        number = int(match["number"])
        numbers.add(number)
        if code not in CODES:
            found.problem("unknown label", found.relative(file), f"'{code}' is no expression.")
            continue
        row = rated.get(number)
        picture = f"{model}-{code}{match['take']}"
        if row is not None and row.picture != picture and table is not None:
            what = f"row {number} is '{row.picture}', the picture is '{file.name}'; not used."
            found.problem("odd rating", found.relative(table), what, line=row.line, dropped=False)
            row = None
        elif row is None and rated:
            found.problem("no rating", found.relative(file), "has no row.", dropped=False)
        means = {} if row is None else {f"rating_{name}": mean for name, mean in row.means.items()}
        found.add(file, CODES[code], id=file.name, subject=model, attributes=means)
    for number in sorted(NUMBERS - numbers) if numbers else ():
        found.problem("missing file", f"*.{number}.tiff", "is nowhere in the folder.")
    return found.reading()


def _table(root: Path, files: list[Path]) -> Path | None:
    """The read-me file, in the folder itself or beside the pictures."""
    for folder in sorted({root, *(file.parent for file in files)}):
        for name in READ_ME:
            if (folder / name).is_file():
                return folder / name
    return None


def _ratings(found: Gathered, file: Path) -> dict[int, Rated]:
    """Rows of the first table by their number; none, and a problem, if there is no such table."""
    rows: dict[int, Rated] = {}
    columns: list[str] = []
    for line, text in enumerate(read_lines(file), start=1):
        cells = text.split()
        if not columns:
            if cells[:1] == ["#"] and cells[-1] == "PIC" and set(cells[1:-1]) == set(COLUMNS):
                columns = [COLUMNS[word] for word in cells[1:-1]]
            continue
        if not cells:
            continue
        if not cells[0].isdigit():
            if rows:  # the table is over
                break
            continue  # a rule under its header
        means = _means(cells[1:-1], columns)
        if means is None:
            what = "a row needs six ratings from 1 to 5."
            found.problem("odd rating", found.relative(file), what, line=line, dropped=False)
            continue
        picture = MISSPELT.get(cells[-1], cells[-1])
        rows[int(cells[0])] = Rated(picture, means, line)
    if not rows:
        what = "has no table '# HAP SAD SUR ANG DIS FEA PIC'; pictures have no ratings."
        found.problem("no rating", found.relative(file), what, dropped=False)
    return rows


def _means(cells: list[str], columns: list[str]) -> dict[str, float] | None:
    try:
        means = dict(zip(columns, map(float, cells), strict=True))
    except ValueError:
        return None
    return means if all(1 <= mean <= 5 for mean in means.values()) else None
