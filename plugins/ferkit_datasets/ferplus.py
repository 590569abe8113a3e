"""FER+: ten people's votes on each image of FER2013.

Facts of its repository, https://github.com/microsoft/FERPlus, read at commit ae2128a:

* A row of `fer2013new.csv` belongs to the row at the same place of `fer2013.csv`. The number in an
  image's name is not that place, whatever its page says: the two part at row 60. 173 rows of
  images without a face have no name. Four names are given twice, to rows of their own; of the
  images that its programme writes by these names, the last one is left.
* `label.csv`, in the folders of the images, gives other votes than `fer2013new.csv` for 1602 of
  35710 images. Which are meant to be right it does not say; its programme trains on the former.
* Its programme always tests by the majority, whatever it trains on; so does this reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ferkit.data.filed import FileDataset, Reading
from ferkit.errors import FerkitError
from ferkit.plugin import Context
from ferkit_datasets.fer2013 import USAGES
from ferkit_datasets.ferplus_targets import COLUMNS, EXPRESSIONS, distribution, drawn, majority
from ferkit_datasets.gathered import Gathered
from ferkit_datasets.lists import read_list
from ferkit_datasets.names import kept_classes
from ferkit_datasets.params_wild import FerPlusParams
from ferkit_datasets.pixel_table import Unpacked, find_table, unpack
from ferkit_datasets.places import within

FOLDERS = {
    "Training": "FER2013Train",
    "PublicTest": "FER2013Valid",
    "PrivateTest": "FER2013Test",
}
"""Where its programme writes the images of each split."""

LIST = "fer2013new.csv"
VOTES = (*COLUMNS, "unknown", "NF")
NAMES = tuple(COLUMNS.values())
ACCESS = f"FER+ ({LIST} beside fer2013.csv, or the folders {', '.join(FOLDERS.values())})."


class Voted(NamedTuple):
    """A row of votes. where, line: of the list. place: in `fer2013new.csv`, from 0."""

    where: str
    line: int
    usage: str
    image: str
    votes: tuple[str, ...]
    place: int


def make_ferplus(params: FerPlusParams, context: Context) -> FileDataset:
    """The data set `ferplus`."""
    return FileDataset(partial(read_ferplus, params))


def read_ferplus(params: FerPlusParams) -> Reading:
    """Read the votes, look the images up and turn votes into labels.

    Raises: FerkitError: not FER+, no images, or tables that do not belong together. RunError: the
        cache, into which the images of `fer2013.csv` go, can't be written.
    """
    found = Gathered(params.path, kept_classes(contempt=params.contempt), access=ACCESS)
    folders = _folders(found)
    drawings = _has_images(folders)
    rows = list(_voted(found, folders, params))
    pixels = None if drawings else _pixels(found, params, rows)
    last = {(row.usage, row.image): row.place for row in rows}
    met: set[tuple[str, str]] = set()
    for row in rows:
        name = row.usage, row.image
        again = name in met
        met.add(name)
        if row.usage not in USAGES:
            what = f"'{row.usage}' is none of {', '.join(USAGES)}."
            found.problem("bad split word", row.where, what, line=row.line)
            continue
        file = folders[row.usage] / row.image if pixels is None else pixels[row.place].file
        if row.image:
            found.pass_over(file)
        why = _unfit(row, pixels)
        if why is None and drawings and row.place != last[name]:
            what = f"'{row.image}' is the image of a later row with this name."
            why = "repeated row", row.where, what
        if why is None:
            _add(found, row, file, params, again=again and not drawings)
        else:
            found.problem(*why, line=row.line)
    if drawings:
        for folder in folders.values():
            if folder.is_dir():
                found.surplus(folder)
    return found.reading()


def _add(found: Gathered, row: Voted, file: Path, params: FerPlusParams, *, again: bool) -> None:
    counts = [int(vote) for vote in row.votes]
    split = USAGES[row.usage]
    shares = None
    if split == "train" and params.target != "majority":
        shares = distribution(counts)
        place = None if shares is None else shares.index(max(shares))
        if shares is not None and params.target == "probability":
            place, shares = drawn(shares, seed=params.seed, image=row.image), None
    else:
        place = majority(counts)
    if place is None or place >= EXPRESSIONS or NAMES[place] not in found.classes:
        outcome = _outcome(majority(counts) if place is None else place)
        what = f"'{row.image}': {outcome}."
        found.problem("left out", row.where, what, line=row.line)
        return
    by_name = None if shares is None else dict(zip(NAMES, shares, strict=True))
    found.add(
        file,
        NAMES[place],
        id=f"{row.usage}/{row.image}" + (f"#{row.place}" if again else ""),
        votes=None if by_name is None else tuple(by_name[name] for name in found.classes),
        split=split,
        line=row.line,
    )


def _outcome(place: int | None) -> str:
    """Why votes give no label."""
    if place is None:
        return "its votes are too divided"
    return f"the votes are for {VOTES[place].replace('NF', 'no face')}"


def _unfit(row: Voted, pixels: list[Unpacked] | None) -> tuple[str, str, str] | None:
    """(kind, where, what) of the problem for which a row can't be used."""
    if not row.image:
        return "left out", row.where, "names no image: it shows no face."
    if within(Path(), row.image) is None:
        return "bad path", row.where, f"'{row.image}' is no file in the folder."
    if not all(vote.isdecimal() for vote in row.votes):
        return "bad votes", row.where, f"'{row.image}' has votes that are no numbers."
    if pixels is None:
        return None
    other = pixels[row.place]
    if other.usage != row.usage:
        what = f"'{row.image}' is of {row.usage}, the row of its pixels of {other.usage}."
        return "bad split word", row.where, what
    return ("bad pixels", row.where, f"'{row.image}': {other.why}") if other.why else None


def _folders(found: Gathered) -> dict[str, Path]:
    """Usage -> its folder, which need not be there."""
    inside = found.root / "data" if (found.root / "data").is_dir() else found.root
    return {usage: inside / name for usage, name in FOLDERS.items()}


def _has_images(folders: dict[str, Path]) -> bool:
    return any(next(folder.glob("*.png"), None) is not None for folder in folders.values())


def _voted(found: Gathered, folders: dict[str, Path], params: FerPlusParams) -> Iterator[Voted]:
    if params.votes == "fer2013new":
        table = found.below(LIST)
        named = read_list(table, ("Usage", "Image name", *VOTES))
        for place, (line, (usage, image, *votes)) in enumerate(named):
            yield Voted(found.relative(table), line, usage, image, tuple(votes), place)
        return
    places = _places(found)
    for usage, folder in folders.items():
        table = found.below(found.relative(folder), "label.csv")
        for line, (image, *votes) in read_list(
            table, ("image", *VOTES), unnamed=("image", "box", *VOTES)
        ):
            place = places.get((usage, image), -1)
            yield Voted(found.relative(table), line, usage, image, tuple(votes), place)


def _places(found: Gathered) -> dict[tuple[str, str], int]:
    """(usage, image) -> its first place in `fer2013new.csv`, which alone says it; else {}."""
    table = found.root / LIST
    if not table.is_file():
        return {}
    rows = read_list(table, ("Usage", "Image name"))
    places: dict[tuple[str, str], int] = {}
    for place, (_, (usage, image)) in enumerate(rows):
        places.setdefault((usage, image), place)
    return places


def _pixels(found: Gathered, params: FerPlusParams, rows: list[Voted]) -> list[Unpacked]:
    """The images of `fer2013.csv`, one for each row of the votes."""
    given = None if params.fer2013 is None else Path(params.fer2013)
    table = given if given and given.is_file() else find_table(given or found.root)
    if table is None:
        raise FerkitError(
            "there are no images: neither PNG files in "
            f"{', '.join(FOLDERS.values())} nor fer2013.csv.",
            where=str(given or found.root),
            hint="Put Kaggle's fer2013.csv there, or say by 'fer2013: PATH' where it is.",
        )
    pixels = unpack(table)
    if params.votes == "fer2013new" and len(pixels) != len(rows):
        raise FerkitError(
            f"has {len(pixels)} rows and {LIST} has {len(rows)}; they do not belong together.",
            where=str(table),
        )
    if any(not 0 <= row.place < len(pixels) for row in rows):
        raise FerkitError(
            f"which row of {table.name} an image of label.csv has can't be told without {LIST}.",
            where=str(found.root),
        )
    return pixels
