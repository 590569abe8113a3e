"""RAF-DB, its basic emotions: 15339 photographs, each labelled by about forty people."""

from __future__ import annotations

from functools import partial

from ferkit.contracts.data import CLASSES
from ferkit.data.filed import FileDataset, Reading
from ferkit.plugin import Context
from ferkit_datasets.gathered import Gathered
from ferkit_datasets.params import RafDbParams

CODES = {
    "1": "surprise",
    "2": "fear",
    "3": "disgust",
    "4": "happy",
    "5": "sad",
    "6": "anger",
    "7": "neutral",
}
"""The numbers of its list of labels."""

LIST = ("EmoLabel", "list_patition_label.txt")
"""The list, with its spelling."""


def make_raf_db(params: RafDbParams, context: Context) -> FileDataset:
    """The data set `raf_db`."""
    return FileDataset(partial(read_raf_db, params))


def read_raf_db(params: RafDbParams) -> Reading:
    """Read the list of labels and look its images up.

    Raises: FerkitError: not the folder of RAF-DB, or nothing in it to use.
    """
    found = Gathered(params.path, CLASSES, access="RAF-DB (folder 'basic').")
    inside = ("basic",) if (found.root / "basic").is_dir() else ()
    table = found.below(*inside, *LIST)
    images = found.below(*inside, "Image", params.images)
    relative = table.relative_to(found.root).as_posix()
    listed = table.read_text(encoding="utf-8-sig", errors="replace")
    for line, text in enumerate(listed.splitlines(), start=1):
        if not text.strip():
            continue
        file, code = (*text.split(), "", "")[:2]
        if code not in CODES:
            found.problem("unknown label", relative, f"'{text}' has no label 1 to 7.", line=line)
            continue
        stem, _, suffix = file.rpartition(".")
        name = f"{stem}_aligned.{suffix}" if params.images == "aligned" else file
        part = stem.partition("_")[0]
        if part not in ("train", "test"):
            found.problem("bad split word", relative, f"'{file}' is of no split.", line=line)
            continue
        found.add(images / name, CODES[code], split=part, line=line)
    found.surplus(images)
    return found.reading()
