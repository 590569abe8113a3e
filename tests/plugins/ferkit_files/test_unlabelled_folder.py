from __future__ import annotations

from pathlib import Path

import pytest
from ferkit_files.params import UnlabelledFolderParams
from ferkit_files.unlabelled_folder import make_unlabelled_folder

from ferkit.errors import FerkitError
from ferkit.plugin import Context


def test_all_media_at_any_depth_grouped_by_folder(touch, kinds) -> None:
    root = touch("b.png", "trip/2/a.mp4", "trip/1.jpeg", "trip/notes.txt", ".hidden.png")
    dataset = make_unlabelled_folder(
        UnlabelledFolderParams(path=str(root), subject=r"^(\w+)/"), Context()
    )
    assert [(s.id, s.group, s.subject, s.label) for s in dataset.samples()] == [
        ("b.png", "", "", -1),
        ("trip/1.jpeg", "trip", "trip", -1),
        ("trip/2/a.mp4", "trip/2", "trip", -1),
    ]
    assert dataset.classes == ()
    assert kinds(dataset.problems()) == {"not media": 1, "hidden file": 1, "no subject": 1}
    assert len(dataset.fingerprint()) == 64


def test_an_empty_folder_is_an_error(touch) -> None:
    root = touch("notes.txt")
    dataset = make_unlabelled_folder(UnlabelledFolderParams(path=str(root)), Context())
    with pytest.raises(FerkitError, match=r"holds no image and no video \(1 files"):
        dataset.samples()


def test_real_videos(real_data: Path) -> None:
    params = UnlabelledFolderParams(path=str(real_data / "videos"))
    assert len(make_unlabelled_folder(params, Context()).samples()) == 4
