"""Which videos are meant, and what each is called whatever its name: by its content."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from ferkit.contracts.data import Problem
from ferkit.errors import FerkitError
from ferkit.faces.decode import VIDEO_SUFFIXES, is_video
from ferkit.faces.keys import FileState, content_key, file_state
from ferkit.faces.prepared import Progress
from ferkit.mining.manifest import CLIPS
from ferkit.mining.written import clips_of

READERS = 4
"""Files read at a time to know their content."""


class Video(NamedTuple):
    """path: absolute. content: key of what the file holds. state: size and time of change."""

    path: Path
    content: str
    state: FileState


def find_videos(
    given: Sequence[Path], *, leave_out: Path | None = None
) -> tuple[list[Path], list[Problem]]:
    """All videos among files and folders, folders searched at any depth, sorted by path.

    Hidden files and folders are left out, and so are what is not a video by its ending, and clips
    that mining wrote: their videos may be there, too, and no part is to be used twice. Clips that
    are given by name, or whose folder is, are videos like any other.

    Args:
        leave_out: the folder that clips are written to; nothing is said of those in it.
    Returns: absolute paths, each file once; folders that can't be searched or hold clips.
    Raises: FerkitError: a path is not there or is no video, or there is none at all.
    """
    found: dict[str, Path] = {}
    problems: list[Problem] = []
    own_clips = os.path.realpath(leave_out / CLIPS) if leave_out is not None else ""
    for path in given:
        if path.is_dir():
            entered = {os.path.realpath(path)}
            own = list(_below(path.absolute(), entered, problems, own_clips=own_clips))
        elif not path.exists():
            raise FerkitError("no such file or folder.", where=str(path))
        elif not is_video(path):
            endings = " ".join(sorted(VIDEO_SUFFIXES))
            raise FerkitError(
                "not a video by its ending.", where=str(path), hint=f"Videos end in {endings}."
            )
        else:
            own = [path.absolute()]
        for video in own:
            if not _is_text(str(video)):
                what = "the name is not valid text, and no table could hold it."
                problems.append(Problem("bad file name", ascii(str(video)), what, True))
            else:
                found.setdefault(os.path.realpath(video), video)
    if not found:
        named = ", ".join(str(path) for path in given)
        first = f" {problems[0].where}: {problems[0].what}" if problems else ""
        raise FerkitError(f"no video found.{first}", where=named)
    return sorted(found.values(), key=str), problems


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _below(
    folder: Path, entered: set[str], problems: list[Problem], *, own_clips: str
) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        what = f"the folder can't be read: {error.strerror or error}."
        problems.append(Problem("unreadable folder", str(folder), what, True))
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            real = os.path.realpath(entry)
            if real not in entered:
                entered.add(real)
                found = _below(entry, entered, problems, own_clips=own_clips)
                mined = clips_of(entry)
                count = 0
                for video in found:
                    if video.parent == entry and video.name in mined:
                        count += 1
                    else:
                        yield video
                if count and real != own_clips:
                    what = f"{count} clips that an earlier mining wrote here; give the folder"
                    what += " itself to mine them."
                    problems.append(Problem("clips of mining", str(entry), what, True))
        elif is_video(entry):
            if entry.is_file():
                yield entry
            else:
                what = "a link to nothing, or not a plain file."
                problems.append(Problem("missing file", str(entry), what, True))


def identify(
    paths: Sequence[Path], *, known: Mapping[str, Video], progress: Progress
) -> tuple[list[Video], list[Problem]]:
    """Read the files, so that a video is known wherever it lies.

    Args:
        known: by path, from an earlier call; files of the same size and time of change are not
            read again.
    Returns: videos in the order of `paths`, each content once; what is left out and why.
    """
    videos: list[Video] = []
    problems: list[Problem] = []
    first_with: dict[str, Path] = {}
    states = [_state(path) for path in paths]
    unread = [
        (path, state)
        for path, state in zip(paths, states, strict=True)
        if isinstance(state, FileState) and not _is_known(known.get(str(path)), state)
    ]
    contents = _contents(unread, progress)
    for path, state in zip(paths, states, strict=True):
        content = known[str(path)].content if str(path) in known else ""
        answer = state if isinstance(state, Problem) else contents.get(path, content)
        if isinstance(answer, Problem):
            problems.append(answer)
            continue
        assert isinstance(state, FileState)
        if answer in first_with:
            what = f"has the same content as {first_with[answer]}, and is mined there."
            problems.append(Problem("same content", str(path), what, True))
            continue
        first_with[answer] = path
        videos.append(Video(path, answer, state))
    return videos, problems


def _is_known(video: Video | None, state: FileState) -> bool:
    return video is not None and video.state == state


def _state(path: Path) -> FileState | Problem:
    try:
        return file_state(path)
    except FerkitError as error:
        return Problem("unreadable file", str(path), error.what, True)


def _contents(
    unread: Sequence[tuple[Path, FileState]], progress: Progress
) -> dict[Path, str | Problem]:
    def content(path: Path) -> str | Problem:
        try:
            return content_key(path)
        except FerkitError as error:
            return Problem("unreadable file", str(path), error.what, True)

    contents: dict[Path, str | Problem] = {}
    if not unread:
        return contents
    progress.begin("reading", round(sum(state.size for _, state in unread) / 1e6), "MB")
    try:
        with ThreadPoolExecutor(READERS) as pool:
            done = 0
            answers = pool.map(content, [path for path, _ in unread])
            for (path, state), answer in zip(unread, answers, strict=True):
                contents[path] = answer
                done += state.size
                progress.advance(done / 1e6)
    finally:
        progress.end()
    return contents


def known_videos(text: str) -> dict[str, Video]:
    """What `described` wrote; nothing of text that it did not write."""
    try:
        rows = json.loads(text)
        return {
            path: Video(Path(path), str(content), FileState(int(size), int(mtime_ns)))
            for path, (content, size, mtime_ns) in rows.items()
        }
    except (ValueError, TypeError, AttributeError):
        return {}


def described(videos: Mapping[str, Video]) -> str:
    """Videos by path as text: their content, size and time of change."""
    rows = {path: [video.content, *video.state] for path, video in sorted(videos.items())}
    return json.dumps(rows, indent=0) + "\n"
