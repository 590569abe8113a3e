"""CK+ in its distributed layout."""

from __future__ import annotations

import pytest
from dataset_trees.ck_plus import NO_LABEL, frames, tree
from ferkit_datasets.ck_plus import read_ck_plus
from ferkit_datasets.params_lab import CkPlusParams

from ferkit.errors import FerkitError


def read(root, **params):
    return read_ck_plus(CkPlusParams(path=str(root), **params))


def labels(reading) -> dict[str, str]:
    return {
        s.id: reading.classes[s.label] if s.label >= 0 else "unlabelled" for s in reading.samples
    }


def told(reading) -> list[tuple[str, str, bool]]:
    return [(p.kind, p.where.partition("/data/")[2], p.dropped) for p in reading.problems]


SEQUENCES = {
    "S005/001": "disgust",
    "S010/002": "surprise",
    "S010/003": "fear",
    "S011/001": "anger",
    "S014/004": "happy",
    "S014/005": "sad",
    "S138/008": "contempt",
}


@pytest.mark.parametrize(
    ("images", "emotion"),
    [
        ("cohn-kanade-images", "Emotion"),
        ("extended-cohn-kanade-images/cohn-kanade-images", "Emotion_labels/Emotion"),
        ("cohn-kanade-images/cohn-kanade-images", "Emotion/Emotion"),
    ],
)
def test_every_number_is_its_class(grow, images, emotion) -> None:
    reading = read(grow(tree(images, emotion)))
    assert reading.classes == (
        "anger",
        "contempt",
        "disgust",
        "fear",
        "happy",
        "sad",
        "surprise",
    )
    assert labels(reading) == SEQUENCES
    assert told(reading) == [("no label", emotion, True)]
    assert "1 sequences have no label" in reading.problems[0].what


def test_a_sequence_is_its_folder(grow) -> None:
    first = read(grow(tree())).samples[0]
    assert first.path.endswith("/data/cohn-kanade-images/S005/001")
    assert (first.subject, first.group, first.split) == ("S005", "S005/001", "")
    assert first.landmarks is None


def test_without_contempt(grow) -> None:
    reading = read(grow(tree()), contempt=False)
    assert reading.classes == ("anger", "disgust", "fear", "happy", "sad", "surprise")
    assert labels(reading) == {k: v for k, v in SEQUENCES.items() if v != "contempt"}
    assert ("left out", "cohn-kanade-images/S138/008", True) in told(reading)


def test_unlabelled_sequences(grow) -> None:
    reading = read(grow(tree()), unlabelled=True)
    assert labels(reading) == {**SEQUENCES, NO_LABEL: "unlabelled"}
    assert [s.split for s in reading.samples if s.id == NO_LABEL] == ["unlabelled"]
    assert reading.problems == ()
    stills = read(grow(tree()), unlabelled=True, samples="stills")
    of_it = [s for s in stills.samples if s.group == NO_LABEL]
    assert [s.label for s in of_it] == [-1] * 4
    assert {s.split for s in of_it} == {"unlabelled"}


def test_stills_are_the_first_frame_and_the_last_three(grow) -> None:
    reading = read(grow(tree()), samples="stills", contempt=False)
    assert reading.classes == ("anger", "disgust", "fear", "happy", "neutral", "sad", "surprise")
    assert len(reading.samples) == 4 * 6
    of_one = [s for s in reading.samples if s.group == "S014/004"]
    assert [(s.id, reading.classes[s.label], s.attributes) for s in of_one] == [
        ("S014/004/S014_004_00000001.png", "neutral", {"frame": 0}),
        ("S014/004/S014_004_00000003.png", "happy", {"frame": 2}),
        ("S014/004/S014_004_00000004.png", "happy", {"frame": 3}),
        ("S014/004/S014_004_00000005.png", "happy", {"frame": 4}),
    ]
    assert {s.subject for s in of_one} == {"S014"}
    assert read(grow(tree()), samples="stills").classes[1] == "contempt"


def points(nose: float = 150.0) -> str:
    rows = [(0.0, 0.0)] * 36 + [(100.0, 100.0)] * 6 + [(200.0, 100.0)] * 6 + [(0.0, 0.0)] * 20
    rows[30], rows[48], rows[54] = (150.0, nose), (110.0, 200.0), (190.0, 200.0)
    return "".join(f"   {x:.7e}   {y:.7e}\n" for x, y in rows)


def test_stills_have_their_landmarks(grow) -> None:
    names = [name.replace(".png", "_landmarks.txt") for name in frames("S005/001")]
    files = {"cohn-kanade-images/S005/001/" + name: "frame" for name in frames("S005/001")} | {
        "Emotion/S005/001/S005_001_00000005_emotion.txt": "3.00000000e+00"
    }
    files |= {f"Landmarks/S005/001/{name}": points() for name in (names[0], names[3])}
    files[f"Landmarks/S005/001/{names[4]}"] = points(nose=20.0)
    root = grow(files)
    reading = read(root, samples="stills")
    five = ((100.0, 100.0), (200.0, 100.0), (150.0, 150.0), (110.0, 200.0), (190.0, 200.0))
    assert [s.landmarks for s in reading.samples] == [five, None, five, None]
    assert told(reading) == [
        ("missing landmarks", f"Landmarks/S005/001/{names[2]}", False),
        ("odd landmarks", f"Landmarks/S005/001/{names[4]}", False),
    ]
    without = read(root, samples="stills", landmarks=False)
    assert {s.landmarks for s in without.samples} == {None}
    assert without.problems == ()


def test_what_is_wrong_is_told(grow) -> None:
    files = tree()
    images, emotion = "cohn-kanade-images", "Emotion"
    for name in frames("S010/002"):
        del files[f"{images}/S010/002/{name}"]
    for name in frames("S010/003"):
        files[f"{images}/S010/003/{name}"] = ""
    del files[f"{images}/S011/001/S011_001_00000005.png"]
    files[f"{images}/S014/004/Resize_S014_004_00000001.png"] = "copy"
    files[f"{emotion}/S014/005/S014_005_00000005_emotion.txt"] = "8.0000000e+00\n"
    files[f"{emotion}/S138/008/S138_008_00000004_emotion.txt"] = "1.0000000e+00\n"
    files[f"{emotion}/S005/001/S005_001_00000005_emotion.txt"] = "0.0000000e+00\n"
    files[f"{images}/happy/001/a.png"] = "other"
    reading = read(grow(files))
    assert labels(reading) == {"S011/001": "anger"}
    assert told(reading) == [
        ("surplus folder", f"{images}/happy", True),
        ("left out", f"{images}/S005/001", True),
        ("missing file", f"{images}/S010/002", True),
        ("empty file", f"{images}/S010/003", True),
        ("other peak", f"{emotion}/S011/001/S011_001_00000005_emotion.txt", False),
        ("surplus file", f"{images}/S014/004/Resize_S014_004_00000001.png", True),
        ("unknown label", f"{emotion}/S014/005/S014_005_00000005_emotion.txt:1", True),
        ("repeated row", f"{emotion}/S138/008/S138_008_00000004_emotion.txt", True),
        ("no label", emotion, True),
    ]


def test_stills_of_short_and_of_absent_sequences(grow) -> None:
    files = tree()
    for name in frames("S010/002")[:2]:
        del files[f"cohn-kanade-images/S010/002/{name}"]
    for name in frames("S010/003"):
        del files[f"cohn-kanade-images/S010/003/{name}"]
    files["Emotion/S011/001/S011_001_00000005_emotion.txt"] = "anger"
    reading = read(grow(files), samples="stills")
    assert told(reading)[:4] == [
        ("missing folder", "Landmarks", False),
        ("few frames", "cohn-kanade-images/S010/002", True),
        ("missing file", "cohn-kanade-images/S010/003", True),
        ("unknown label", "Emotion/S011/001/S011_001_00000005_emotion.txt:1", True),
    ]


def test_another_folder(grow, tmp_path) -> None:
    hint = r"there is no 'cohn-kanade-images' in it.*'cohn-kanade-images/S005/001' and 'Emotion"
    with pytest.raises(FerkitError, match=hint):
        read(grow({"x/y.png": "x"}))
    with pytest.raises(FerkitError, match="no 'Emotion' in it"):
        read(grow({"cohn-kanade-images/S005/001/S005_001_00000001.png": "x"}))
    with pytest.raises(FerkitError, match="does not exist"):
        read(tmp_path / "nowhere")
