"""`unlabelled_folder`: whatever images and videos lie below a folder."""

from __future__ import annotations

from functools import partial

from ferkit.contracts.data import Problem, Sample
from ferkit.data.filed import FileDataset, Reading
from ferkit.data.walk import media_below, require_folder
from ferkit.errors import FerkitError
from ferkit.plugin import Context
from ferkit_files.clips import clips_among
from ferkit_files.params import UnlabelledFolderParams
from ferkit_files.rows import matched


def make_unlabelled_folder(params: UnlabelledFolderParams, context: Context) -> FileDataset:
    """The data set `unlabelled_folder`."""
    return FileDataset(partial(read_unlabelled_folder, params))


def read_unlabelled_folder(params: UnlabelledFolderParams) -> Reading:
    """Find images, videos and clips; their group is the folder they lie in, "" for the top one.

    Raises: FerkitError: no such folder, or nothing in it.
    """
    problems: list[Problem] = []
    root = require_folder(params.path)
    files = media_below(root, problems)
    if params.clips == "folders":
        files = clips_among(files, root, problems)
    if not files:
        left_out = f" ({len(problems)} files or folders are left out)" if problems else ""
        raise FerkitError(f"holds no image and no video{left_out}.", where=params.path)
    samples = []
    for file in files:
        subject = matched(params.subject, file.relative)
        if subject is None:
            what = f"the pattern for the subject does not match {file.relative!r}."
            problems.append(Problem("no subject", file.path, what, dropped=False))
        samples.append(
            Sample(
                id=file.relative,
                path=file.path,
                subject=subject or "",
                group=file.relative.rpartition("/")[0],
            )
        )
    stamps = tuple(file.stamp for file in files)
    return Reading((), tuple(samples), tuple(problems), stamps)
