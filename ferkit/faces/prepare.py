"""Photographs and videos to a prepared store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ferkit.contracts.data import Problem, Sample
from ferkit.errors import FerkitError, RunError
from ferkit.faces.decode import is_video
from ferkit.faces.frame_folder import is_clip
from ferkit.faces.images import ImageRecord
from ferkit.faces.keys import FileState, content_key, file_state, folder_content, source_key
from ferkit.faces.pipeline import store_events
from ferkit.faces.prepared import Prepared, Progress, Quiet
from ferkit.faces.process import process
from ferkit.faces.steps import Steps
from ferkit.faces.store import Store, StoreWriter
from ferkit.faces.work import Engine, Work

UNREADABLE = "unreadable file"
"""Kind of a failure that is not the store's to remember: it may be over next time."""

_Read = dict[tuple[str, FileState], str]
"""Content keys of files that were looked at; a file may have many samples."""


def prepare(
    samples: Sequence[Sample],
    *,
    steps: Steps,
    settings: Mapping[str, Any],
    store: Path,
    progress: Progress | None = None,
    retry: bool = False,
    engine: Engine | None = None,
) -> Prepared:
    """Cut the crops of all samples that the store lacks.

    A file that cannot be used is a failure with its reason; the others go on.

    Args:
        samples: with paths.
        settings: names and parameters of everything in `steps` that changes the crops.
        store: folder of stores.
        progress: told of the files done.
        retry: try files again that failed before.
        engine: what does the work; None: this process. `steps` says what is done in any case.
    Returns: the crops; rows are tied to positions in `samples`, so labels cannot shift.
    Raises: FerkitError: crops of several regions are asked of images without detector or
        landmarks. RunError: the store can't be written.
    """
    progress = progress or Quiet()
    engine = engine or partial(process, steps=steps)
    _refuse_regions_without_landmarks(samples, steps)
    opened = open_store(store, settings, steps)
    images = ImageRecord(opened.folder)
    keyed = _identify_all(samples, opened, images, progress)
    images.save()
    work = _missing_work(keyed, opened, retry=retry)
    unknown_paths = [
        one
        for one in keyed
        if one.problem is None and one.key in opened.sources and not one.remembered
    ]
    passing: dict[str, Problem] = {}
    if work:
        with opened.writing(waiting=progress.say) as writer:
            _remember(unknown_paths, opened, writer)
            # Someone else may have prepared them while we waited for the lock.
            work = [one for one in work if _is_missing(one.key, opened, retry=retry)]
            if work:
                passing = store_events(engine(work), writer, progress, files=len(work))
    elif unknown_paths:
        # A store that can't be written serves as well: their content is only read again.
        with suppress(RunError), opened.writing(waiting=progress.say) as writer:
            _remember(unknown_paths, opened, writer)
    done_here = {one.key for one in work}
    prepared = _collect(samples, keyed, opened, passing, done_here, each_face=steps.keep == "all")
    contents = {one.content for one in keyed if one.folder}
    shown = {content: known for content in contents if (known := images.get(content)) is not None}
    return prepared._replace(images=shown)


def open_store(root: Path, settings: Mapping[str, Any], steps: Steps) -> Store:
    """The store of crops that `steps` make, within the folder of stores `root`."""
    return Store(
        root,
        settings,
        regions=steps.cropper.regions,
        image_size=steps.cropper.size,
        format=steps.format,
        jpeg_quality=steps.jpeg_quality,
    )


@dataclass(frozen=True)
class _Keyed:
    """A sample's file: its key, or why it has none. remembered: the store knew it by path.

    own: what of the sample matters to its crops besides its file. clip: whether it is one.
    folder: whether it is one of images.
    """

    path: str
    state: FileState
    key: str
    remembered: bool
    own: Mapping[str, Any]
    clip: bool
    folder: bool
    problem: Problem | None = None

    @property
    def content(self) -> str:
        """Key of the file's content."""
        return self.key.partition("-")[0]


def _identify(sample: Sample, store: Store, images: ImageRecord, read: _Read) -> _Keyed:
    path = str(Path(sample.path).absolute())
    folder = Path(path).is_dir()
    clip = folder or is_video(path)
    own = _own(sample, clip=clip, folder=folder)
    try:
        state = file_state(path)
        known = store.known_key(path, state)
        content = read.get((path, state)) if known is None else known.partition("-")[0]
        if content is None:
            content = _content(path, images, folder=folder)
        elif folder and images.get(content) is None:  # the store is of an older version
            with suppress(FerkitError):
                images.add(content, folder_content(path).images)
    except FerkitError as error:
        kind = "missing file" if error.what == "no such file." else UNREADABLE
        problem = Problem(kind, sample.path, error.what, True)
        return _Keyed(path, FileState(0, 0), "", False, own, clip, folder, problem)
    read[path, state] = content
    key = source_key(content, video=clip, **own)
    return _Keyed(path, state, key, known is not None, own, clip, folder)


def _content(path: str, images: ImageRecord, *, folder: bool) -> str:
    if not folder:
        return content_key(path)
    found = folder_content(path)
    images.add(found.key, found.images)
    return found.key


def _identify_all(
    samples: Sequence[Sample], store: Store, images: ImageRecord, progress: Progress
) -> list[_Keyed]:
    """Of new files the whole content is read, once, which takes a while."""
    progress.begin("looking at files", len(samples), "files")
    try:
        keyed: list[_Keyed] = []
        read: _Read = {}
        for sample in samples:
            keyed.append(_identify(sample, store, images, read))
            progress.advance(len(keyed))
        return keyed
    finally:
        progress.end()


def _remember(known: Sequence[_Keyed], store: Store, writer: StoreWriter) -> None:
    """That these files have the content of sources that are done."""
    for one in known:
        writer.also_known_as(store.sources[one.key], one.path, one.state)


def _is_missing(key: str, store: Store, *, retry: bool) -> bool:
    known = store.sources.get(key)
    return known is None or (retry and known.status == "failed")


def _own(sample: Sample, *, clip: bool, folder: bool) -> dict[str, Any]:
    """What of a sample matters to its crops besides its file."""
    if not clip:
        return {"landmarks": sample.landmarks}
    rate = {"frame_rate": sample.frame_rate} if folder else {}
    return {"span": sample.span, **rate}


def _missing_work(keyed: Sequence[_Keyed], store: Store, *, retry: bool) -> list[Work]:
    """Each key that the store lacks, once, in the order of the samples."""
    missing: dict[str, Work] = {}
    for one in keyed:
        if one.problem is not None or one.key in missing:
            continue
        if _is_missing(one.key, store, retry=retry):
            missing[one.key] = Work(one.key, one.path, one.state, **one.own)
    return list(missing.values())


def _collect(
    samples: Sequence[Sample],
    keyed: Sequence[_Keyed],
    store: Store,
    passing: Mapping[str, Problem],
    done_here: set[str],
    *,
    each_face: bool,
) -> Prepared:
    kept: list[int] = []
    keys: list[str] = []
    failures: list[Problem] = []
    for position, (sample, one) in enumerate(zip(samples, keyed, strict=True)):
        if one.problem is not None:
            failures.append(one.problem)
            continue
        if one.key in passing:  # also where an earlier failure is remembered
            failures.append(passing[one.key]._replace(where=sample.path))
            continue
        row = store.sources[one.key]
        if row.status == "failed":
            failures.append(Problem(row.kind, sample.path, row.reason, True))
        else:
            if row.status == "partial":
                failures.append(Problem(row.kind, sample.path, row.reason, False))
            if sample.landmarks is not None and one.clip:
                what = "landmarks of a clip are not used: faces move, so they are detected."
                failures.append(Problem("unused landmarks", sample.path, what, False))
            kept.append(position)
            keys.append(one.key)
    reused = sum(key not in done_here for key in keys)
    return gather(samples, kept, keys, store, failures, reused=reused, each_face=each_face)


def gather(
    samples: Sequence[Sample],
    kept: Sequence[int],
    keys: Sequence[str],
    store: Store,
    failures: Sequence[Problem],
    *,
    reused: int,
    each_face: bool,
) -> Prepared:
    """The answer of a preparation.

    Args:
        kept: positions of the samples that have crops. keys: of their sources.
        each_face: every face is a sample of its own.
    """
    clips = store.clips(keys, per_track=each_face)
    if not each_face:
        rows = tuple(samples[position] for position in kept)
        return Prepared(clips, tuple(kept), rows, tuple(failures), reused)
    # Rows of the clips come by asked key; one key may have been asked for by several samples.
    positions: list[int] = []
    asked, place = list(zip(kept, keys, strict=True)), -1
    for number, (key, track) in enumerate(zip(clips.keys, clips.tracks, strict=True)):
        fresh = number == 0 or clips.keys[number - 1] != key or clips.tracks[number - 1] >= track
        place += fresh
        positions.append(asked[place][0])
    faces = tuple(
        replace(
            samples[position],
            id=f"{samples[position].id}#{track}",
            group=samples[position].group or samples[position].id,
        )
        for position, track in zip(positions, clips.tracks, strict=True)
    )
    return Prepared(clips, tuple(positions), faces, tuple(failures), reused)


def _refuse_regions_without_landmarks(samples: Sequence[Sample], steps: Steps) -> None:
    regions = steps.cropper.regions
    if steps.detector is not None or len(regions) == 1:
        return
    bare = [sample for sample in samples if sample.landmarks is None or is_clip(sample.path)]
    if bare:
        raise FerkitError(
            f"{len(bare)} of {len(samples)} samples have no landmarks, and without a detector"
            f" the regions {', '.join(regions)} can't be found.",
            where=bare[0].path,
            hint="Name a detector, give landmarks in the table, or use a cropper of one region.",
        )
