"""KDEF, the Karolinska Directed Emotional Faces: 70 people, 7 expressions, twice, from 5 sides.

`KDEF/AF01/AF01ANS.JPG` is session A, female 01, angry, straight. The codes are those of
https://www.kdef.se/ (AKDEF, averaged faces, lies beside it and is not read).

Two files of the release have other names: `AF31V.JPG` is AF31SAHL and `AM31H.JPG` is AM31SUHR (two
public loaders agree, and these two are lacking otherwise). Ten pictures are black, none of them a
straight one. One public list has these ten; another has nine, with AM20DIHL in place of AF20DIHL
and without BF13NEHR; a third source counts four among the half profiles, as the first does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import NamedTuple

from ferkit.contracts.data import CLASSES
from ferkit.data.filed import FileDataset, Reading
from ferkit.plugin import Context
from ferkit_datasets.gathered import Gathered
from ferkit_datasets.params_lab import KdefParams

CODES = {
    "AF": "fear",
    "AN": "anger",
    "DI": "disgust",
    "HA": "happy",
    "NE": "neutral",
    "SA": "sad",
    "SU": "surprise",
}
"""Expressions in the names of its files; AF is afraid."""

MISNAMED = {"AF31V": "AF31SAHL", "AM31H": "AM31SUHR"}
BLACK = frozenset(
    [
        *("AF01SUFR", "AF10AFFR", "AF11NEHL", "AF20DIHL", "AM25DIFL"),
        *("AM34DIFR", "BF13NEHR", "BM21DIFL", "BM22DIHL", "BM24DIFL"),
    ]
)
STEM = re.compile(
    r"(?P<session>[AB])(?P<who>[FM]\d{2})(?P<code>AF|AN|DI|HA|NE|SA|SU)(?P<angle>FL|HL|S|HR|FR)"
)


class Shot(NamedTuple):
    """What a name says: session A or B, person ("F01"), expression, angle."""

    session: str
    who: str
    code: str
    angle: str

    @property
    def name(self) -> str:
        return "".join(self)


def make_kdef(params: KdefParams, context: Context) -> FileDataset:
    """The data set `kdef`."""
    return FileDataset(partial(read_kdef, params))


def read_kdef(params: KdefParams) -> Reading:
    """Read what the names of the files say.

    Pictures that are not there are noted, for the views that are asked for: one by one, or at once
    for a person of whom a session is lacking.

    Raises: FerkitError: no picture of KDEF, or none to use.
    """
    found = Gathered(params.path, CLASSES, access="KDEF (files such as 'KDEF/AF01/AF01ANS.JPG').")
    seen: set[Shot] = set()
    for file in _files(found):
        stem = file.stem.upper()
        match = STEM.fullmatch(MISNAMED.get(stem, stem))
        if match is None:
            found.problem(
                "surplus file", found.relative(file), "is no picture of KDEF by its name."
            )
            continue
        shot = Shot(match["session"], match["who"], match["code"], match["angle"])
        seen.add(shot)
        if shot.angle not in params.angles:
            continue
        if shot.name in BLACK:
            found.problem("left out", found.relative(file), "is black in the release.")
            continue
        found.add(
            file,
            CODES[shot.code],
            id=file.name,
            subject=shot.who,
            group=f"{shot.session}{shot.who}{shot.code}",
            attributes={"session": shot.session, "angle": shot.angle, "sex": shot.who[0]},
        )
    if seen:
        _note_missing(found, seen, params)
    return found.reading()


def _files(found: Gathered) -> Iterator[Path]:
    inside = [found.root / name for name in ("KDEF_and_AKDEF/KDEF", "KDEF")]
    folder = next((path for path in inside if path.is_dir()), found.root)
    return (file for file in found.images() if file.is_relative_to(folder))


def _note_missing(found: Gathered, seen: set[Shot], params: KdefParams) -> None:
    sessions = {(shot.session, shot.who) for shot in seen}
    for session, sex, number in product("AB", "FM", range(1, 36)):
        who = f"{sex}{number:02}"
        folder = f"{session}{who}"
        if (session, who) not in sessions:
            found.problem("missing folder", folder, "there is no picture of this session.")
            continue
        for code, angle in product(CODES, params.angles):
            shot = Shot(session, who, code, angle)
            if shot not in seen:
                found.problem("missing file", f"{folder}/{shot.name}.JPG", "is not there.")
