"""CREMA-D: 7442 clips in which 91 actors speak a sentence in one of six emotions.

The layout is that of its repository: `VideoFlash/1001_DFA_ANG_XX.flv` (actor, sentence, emotion,
level), and the crowd's votes in `processedResults/tabulatedVotes.csv`. There is no surprise: it has
six classes. The repository keeps its videos in Git LFS; a plain download holds a note of some
hundred bytes in place of each, which is told.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from ferkit.contracts.data import CLASSES
from ferkit.data.filed import FileDataset, Reading
from ferkit.data.records import open_table
from ferkit.plugin import Context
from ferkit_datasets.clips import below_root, videos_in
from ferkit_datasets.gathered import Gathered
from ferkit_datasets.params_video import CremaDParams

CODES = {
    "ANG": "anger",
    "DIS": "disgust",
    "FEA": "fear",
    "HAP": "happy",
    "NEU": "neutral",
    "SAD": "sad",
}
"""The emotion in a file's name: what the actor was told to show."""

LETTERS = {"A": "anger", "D": "disgust", "F": "fear", "H": "happy", "N": "neutral", "S": "sad"}
"""The columns of the table of votes."""

LEVELS = {"LO": "low", "MD": "medium", "HI": "high", "XX": "unspecified"}

SIX = tuple(name for name in CLASSES if name != "surprise")

QUERIES = {"voice": "1", "face": "2", "audio_visual": "3"}
"""First digit of a row's number in the table of votes: what the raters heard or saw."""

NAME = re.compile(
    r"(?P<actor>\d{4})_(?P<sentence>[A-Z]{3})_(?P<emotion>[A-Z]{3})_(?P<level>[A-Z]+)"
)
TABLE = "processedResults/tabulatedVotes.csv"
POINTER = b"version https://git-lfs"
"""How a file begins whose content has not been fetched."""


def make_crema_d(params: CremaDParams, context: Context) -> FileDataset:
    """The data set `crema_d`."""
    return FileDataset(partial(read_crema_d, params))


def read_crema_d(params: CremaDParams) -> Reading:
    """List the videos and read the votes on them.

    Raises: FerkitError: not the folder of CREMA-D, or nothing in it to use.
    """
    access = "CREMA-D (folder 'VideoFlash', files such as '1001_DFA_ANG_XX.flv')."
    found = Gathered(params.path, SIX, access=access)
    videos = videos_in(found.below("VideoFlash"))
    votes = None if params.votes == "none" else _votes(found, params.votes)
    for video in videos:
        _add(found, video, votes)
    for name in sorted(set(votes or ()) - {video.stem for video in videos}):
        found.problem("missing file", f"VideoFlash/{name}.flv", "the table of votes names it.")
    return found.reading()


def _add(found: Gathered, video: Path, votes: dict[str, tuple[float, ...]] | None) -> None:
    relative = below_root(found, video)
    name = NAME.fullmatch(video.stem)
    if name is None or name["level"] not in LEVELS:
        found.problem("bad name", relative, "is no actor_sentence_emotion_level.")
    elif name["emotion"] not in CODES:
        found.problem("unknown label", relative, f"'{name['emotion']}' is none of the six.")
    elif _not_fetched(video):
        what = "only Git LFS's note of the file is here: fetch it by 'git lfs pull'."
        found.problem("not fetched", relative, what)
    else:
        given = (votes or {}).get(video.stem)
        if votes is not None and given is None:
            what = "the table of votes does not name it."
            found.problem("no votes", relative, what, dropped=False)
        found.add(
            video,
            CODES[name["emotion"]],
            id=video.stem,
            votes=given,
            subject=name["actor"],
            attributes={"level": LEVELS[name["level"]], "sentence": name["sentence"]},
        )


def _not_fetched(video: Path) -> bool:
    try:
        if video.stat().st_size > 1024:
            return False
        return video.read_bytes().startswith(POINTER)
    except OSError:  # told when it is added
        return False


def _votes(found: Gathered, of: str) -> dict[str, tuple[float, ...]] | None:
    """Votes over the six classes by clip; None, and a problem, where there is no table.

    A row's number, in the column without a name, is a digit for what was rated and five for the
    clip.
    """
    path = found.root / TABLE
    if not path.is_file():
        found.problem("missing file", TABLE, "the clips have no votes without it.", dropped=False)
        return None
    table = open_table(path, encoding="utf-8", expected="fileName")
    missing = [name for name in (*LETTERS, "fileName") if name not in table.columns]
    if missing:
        what = f"has no column {missing[0]}; the clips have no votes without it."
        found.problem("bad table", TABLE, what, dropped=False)
        return None
    file = table.columns.index("fileName")
    letters = {name: table.columns.index(letter) for letter, name in LETTERS.items()}
    votes: dict[str, tuple[float, ...]] = {}
    for record in table.records:
        cells = [str(cell).strip() for cell in record.cells]
        if not cells[0].startswith(QUERIES[of]):
            continue
        counts = [cells[letters[name]] if letters[name] < len(cells) else "" for name in SIX]
        if len(cells) <= file or not all(count.isdecimal() for count in counts):
            what = "the row has no number of votes for each class."
            found.problem("bad row", TABLE, what, line=record.line, dropped=False)
        elif cells[file] in votes:
            what = f"'{cells[file]}' is given twice."
            found.problem("repeated row", TABLE, what, line=record.line)
        else:
            votes[cells[file]] = tuple(float(count) for count in counts)
    return votes
