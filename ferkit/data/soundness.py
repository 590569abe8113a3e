"""Whether the files of a data set can be read, and whether some are the same file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar

from ferkit.contracts.data import Problem, Sample
from ferkit.contracts.faces import Sampling, VideoReader
from ferkit.errors import FerkitError
from ferkit.faces.decode import check_photo, is_video
from ferkit.faces.frame_folder import images_in
from ferkit.faces.keys import content_key, file_state
from ferkit.faces.prepared import Progress
from ferkit.faces.unexpected import UNEXPECTED, refused, said_of

AT_A_TIME = 1024
"""Files that wait for a thread."""
DUPLICATED = "duplicated"

_Result = TypeVar("_Result")


class Opened(NamedTuple):
    """images, videos: how many were opened. problems: of those that can't be read."""

    images: int
    videos: int
    problems: tuple[Problem, ...]


def open_all(
    samples: Sequence[Sample], *, reader: VideoReader | None, progress: Progress
) -> Opened:
    """Decode every image, those in folders of clips too, and the first frame of every video.

    Args:
        reader: of videos; None: they are not opened.
    """
    images: list[str] = []
    videos: list[str] = []
    problems: list[Problem] = []
    for path in paths_of(samples):
        if Path(path).is_dir():
            try:
                images += [f"{path}{os.sep}{name}" for name in images_in(path)]
            except OSError as error:
                problems.append(Problem("unreadable folder", path, refused(error, path), False))
        else:
            (videos if is_video(path) else images).append(path)

    def look(path: str) -> Problem | None:
        return _looked_at(path, reader if is_video(path) else None)

    if reader is None:
        videos = []
    found = _in_threads(look, [*images, *videos], progress, task="opening")
    problems += [problem for problem in found if problem is not None]
    return Opened(len(images), len(videos), tuple(problems))


def duplicates(
    samples: Sequence[Sample], classes: Sequence[str], *, progress: Progress
) -> list[Problem]:
    """Files, or clips in folders, that have the same bytes as one before; names do not matter.

    Only files of one size are read. Samples that are parts of one file are not told.
    """
    first_of: dict[str, Sample] = {}
    for sample in samples:
        first_of.setdefault(sample.path, sample)
    by_size: dict[int, list[str]] = {}
    for path in paths_of(samples):
        try:
            by_size.setdefault(file_state(path).size, []).append(path)
        except FerkitError:  # not there any more: `open_all` tells
            continue
    alike = [path for paths in by_size.values() if len(paths) > 1 for path in paths]
    contents = _in_threads(_content, alike, progress, task="comparing")
    first_with: dict[str, str] = {}
    problems = []
    for path, content in sorted(zip(alike, contents, strict=True)):
        if content is None:
            continue
        first = first_with.setdefault(content, path)
        if first != path:
            problems.append(_same(first_of[first], first_of[path], classes))
    return problems


def paths_of(samples: Sequence[Sample]) -> list[str]:
    """Each file or folder once, in order."""
    return list(dict.fromkeys(sample.path for sample in samples if sample.path))


def _looked_at(path: str, reader: VideoReader | None) -> Problem | None:
    kind = "unreadable video" if reader is not None else "unreadable image"
    try:
        if reader is None:
            check_photo(path)
        else:
            for _ in reader.read(Path(path), Sampling("all", first=0, last=0)):
                pass
    except FerkitError as error:
        return Problem(kind, path, error.advice, False)
    except OSError as error:
        return Problem("unreadable file", path, refused(error, path), False)
    except Exception as error:  # a reader's; one file does not end the check
        return Problem(UNEXPECTED, path, said_of(error, during="decoding"), False)
    return None


def _content(path: str) -> str | None:
    """A digest of the bytes; of a clip in a folder those of its images in order. None: unread."""
    try:
        if not Path(path).is_dir():
            return content_key(path)
        images = [content_key(Path(path) / name) for name in images_in(path)]
    except (FerkitError, OSError):
        return None
    return "clip " + hashlib.sha256(" ".join(images).encode()).hexdigest()


def _same(first: Sample, other: Sample, classes: Sequence[str]) -> Problem:
    kind, more = DUPLICATED, ""
    if first.split != other.split:
        kind = f"{DUPLICATED} in another split"
        more += f"; one is in {first.split or 'no split'}, one in {other.split or 'no split'}"
    if first.label != other.label:
        kind = f"{DUPLICATED} with another label"
        one, two = (classes[s.label] if s.label >= 0 else "no label" for s in (first, other))
        more += f"; one is given as {one}, one as {two}"
    return Problem(kind, other.path, f"has the same bytes as {first.path}{more}.", False)


def _in_threads(
    do: Callable[[str], _Result], paths: Sequence[str], progress: Progress, *, task: str
) -> list[_Result]:
    """`do` for each of the paths, in their order."""
    results: list[_Result] = []
    if not paths:
        return results
    progress.begin(task, len(paths), "files")
    try:
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            for some in _pieces(paths):
                for result in pool.map(do, some):
                    results.append(result)
                    progress.advance(len(results))
    finally:
        progress.end()
    return results


def _pieces(paths: Sequence[str]) -> Iterator[list[str]]:
    left = iter(paths)
    while some := list(islice(left, AT_A_TIME)):
        yield some
