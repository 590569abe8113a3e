"""FER+ beside FER2013's table, and with the images that its programme writes."""

from __future__ import annotations

import pytest
from dataset_trees.fer2013 import GREY
from dataset_trees.ferplus import PLAIN, images, lists, row, tree
from ferkit_datasets.ferplus import read_ferplus
from ferkit_datasets.params_wild import FerPlusParams

from ferkit.errors import FerkitError

CLASS_OF = ("neutral", "happy", "surprise", "sad", "anger", "disgust", "fear", "contempt")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FERKIT_CACHE", str(tmp_path / "cache"))


EDGES = [
    row("Training", "", NF=10),
    row("Training", "fer0000008.png", unknown=8, fear=2),
    row("Training", "fer0000009.png", neutral=5, sadness=5),
    row("PublicTest", "fer0000010.png", surprise=6, fear=4),
    row("PrivateTest", "fer0000011.png", anger=7, contempt=3),
    row("PrivateTest", "fer0000012.png", anger=4, contempt=3, neutral=3),
]


def read(folder, **params):
    return read_ferplus(FerPlusParams(path=str(folder), **params))


def told(reading, folder):
    return [(p.kind, p.where.removeprefix(f"{folder}/")) for p in reading.problems]


def test_every_column_is_its_class(grow) -> None:
    reading = read(grow(tree()))
    assert tuple(reading.classes[s.label] for s in reading.samples) == CLASS_OF
    assert all(s.split == "train" and s.votes is None for s in reading.samples)
    assert reading.problems == ()


@pytest.mark.parametrize("target", ["majority", "cross_entropy"])
def test_who_is_left_out(grow, target) -> None:
    folder = grow(lists([*PLAIN, *EDGES]))
    reading = read(folder, target=target)
    last = {s.id: (reading.classes[s.label], s.split, s.votes) for s in reading.samples[8:]}
    expected = {
        "PublicTest/fer0000010.png": ("surprise", "validation", None),
        "PrivateTest/fer0000011.png": ("anger", "test", None),
    }
    left = ["fer2013new.csv:10", "fer2013new.csv:11", "fer2013new.csv:12", "fer2013new.csv:15"]
    if target == "cross_entropy":  # a draw in training is a distribution
        votes = (0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.5, 0.0)
        expected["Training/fer0000009.png"] = ("neutral", "train", votes)
        left.remove("fer2013new.csv:12")
    assert last == expected
    assert told(reading, folder) == [("left out", where) for where in left]
    assert all(problem.dropped for problem in reading.problems)
    assert "it shows no face" in reading.problems[0].what
    assert "'fer0000008.png': the votes are for unknown." in reading.problems[1].what


def test_votes_are_in_the_order_of_the_classes(grow) -> None:
    rows = [row("Training", "fer0000000.png", anger=6, contempt=4), *PLAIN[:1]]
    reading = read(grow(lists(rows)), target="cross_entropy")
    assert reading.classes[:2] == ("anger", "contempt")
    assert reading.samples[0].votes == (0.6, 0.4, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def test_without_contempt(grow) -> None:
    rows = [*PLAIN, row("Training", "fer0000008.png", anger=6, contempt=4)]
    folder = grow(lists(rows))
    reading = read(folder, contempt=False, target="cross_entropy")
    assert "contempt" not in reading.classes
    assert told(reading, folder) == [("left out", "fer2013new.csv:9")]
    assert reading.samples[-1].votes == (0.6, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def test_a_drawn_label_depends_on_the_seed_alone(grow) -> None:
    rows = [row("Training", f"fer{at:07}.png", fear=5, surprise=5) for at in range(40)]
    folder = grow(lists(rows))

    def labels(seed):
        reading = read(folder, target="probability", seed=seed)
        assert all(s.votes is None for s in reading.samples)
        return [reading.classes[s.label] for s in reading.samples]

    assert set(labels(0)) == {"fear", "surprise"}
    assert labels(0) == labels(0)
    assert labels(0) != labels(1)


def test_pixels_go_by_the_place_of_a_row(grow) -> None:
    # The second row has no name, so the third is called as if it were the second.
    rows = [row("Training", "fer0000000.png", fear=10), row("Training", "", NF=10)]
    rows += [row("Training", "fer0000001.png", anger=10)]
    reading = read(grow(lists(rows)))
    assert [s.path.rsplit("/", 1)[1] for s in reading.samples] == [
        "fer0000000.pgm",
        "fer0000002.pgm",
    ]


@pytest.mark.parametrize("inside", ["", "data/"])
def test_images_in_folders(grow, inside) -> None:
    rows = [*PLAIN, *EDGES]
    files = {"fer2013new.csv": lists(rows)["fer2013new.csv"], **images(rows, inside=inside)}
    files[f"{inside}FER2013Train/fer0009999.png"] = "face"
    del files[f"{inside}FER2013Train/fer0000003.png"]
    folder = grow(files)
    reading = read(folder)
    assert reading.samples[0].path == str(folder / f"{inside}FER2013Train/fer0000000.png")
    assert told(reading, folder)[0] == ("missing file", f"{inside}FER2013Train/fer0000003.png")
    assert told(reading, folder)[-1] == ("surplus file", f"{inside}FER2013Train/fer0009999.png")


def test_the_lists_of_the_folders(grow) -> None:
    def listed(image, name):
        cells = row("", image, **{name: 10}).split(",")[2:]
        return f'{image},"(0, 0, 48, 48)",{",".join(cells)}\n'

    files = {
        "FER2013Train/label.csv": listed("fer0000000.png", "fear"),
        "FER2013Valid/label.csv": listed("fer0000001.png", "anger"),
        "FER2013Test/label.csv": listed("fer0000002.png", "disgust"),
    }
    rows = [
        row(usage, f"fer000000{at}.png", neutral=10)
        for at, usage in enumerate(["Training", "PublicTest", "PrivateTest"])
    ]
    folder = grow({**files, **images(rows)})
    reading = read(folder, votes="label")
    expected = [("fear", "train"), ("anger", "validation"), ("disgust", "test")]
    assert [(reading.classes[s.label], s.split) for s in reading.samples] == expected
    for name in images(rows):
        (folder / name).unlink()
    grow({"fer2013.csv": lists(rows)["fer2013.csv"]})
    with pytest.raises(FerkitError, match=r"can't be told without fer2013new\.csv"):
        read(folder, votes="label")
    grow(lists(rows))
    again = read(folder, votes="label")
    assert [(again.classes[s.label], s.split) for s in again.samples] == expected


def test_what_is_wrong_is_told(grow) -> None:
    rows = [*PLAIN, row("Test", "fer0000008.png", fear=10), row("Training", PLAIN_NAME, fear=10)]
    rows += ["Training,fer0000010.png,many", row("PublicTest", "fer0000011.png", fear=9)]
    files = lists(rows)
    lines = files["fer2013.csv"].splitlines()
    files["fer2013.csv"] = "\n".join([*lines[:-1], f"0,{GREY},PrivateTest"])
    folder = grow(files)
    assert [kind for kind, _ in told(read(folder), folder)] == [
        "bad split word",
        "bad votes",
        "bad split word",
    ]


PLAIN_NAME = "fer0000000.png"


def test_rows_of_one_name_are_rows_of_their_own_pixels(grow) -> None:
    rows = [*PLAIN, row("Training", PLAIN_NAME, fear=10), row("Training", PLAIN_NAME, NF=10)]
    folder = grow(lists(rows))
    reading = read(folder)
    ids = [(s.id, reading.classes[s.label]) for s in reading.samples]
    assert ids[0] == (f"Training/{PLAIN_NAME}", "neutral")
    assert ids[8:] == [(f"Training/{PLAIN_NAME}#8", "fear")]
    assert reading.samples[0].path != reading.samples[8].path
    assert told(reading, folder) == [("left out", "fer2013new.csv:11")]


def test_of_drawn_images_of_one_name_the_last_is_there(grow) -> None:
    rows = [*PLAIN, row("Training", PLAIN_NAME, fear=10)]
    files = {"fer2013new.csv": lists(rows)["fer2013new.csv"]} | images(rows)
    folder = grow(files)
    reading = read(folder)
    of = {s.id: reading.classes[s.label] for s in reading.samples}
    assert of[f"Training/{PLAIN_NAME}"] == "fear"
    assert told(reading, folder) == [("repeated row", "fer2013new.csv:2")]


def test_another_folder(grow) -> None:
    with pytest.raises(FerkitError, match=r"no 'fer2013new\.csv' in it.*FER2013Train"):
        read(grow({"readme": "x"}))
    folder = grow({"fer2013new.csv": lists(PLAIN)["fer2013new.csv"]})
    with pytest.raises(FerkitError, match=r"there are no images.*'fer2013: PATH'"):
        read(folder)
    elsewhere = grow({"kaggle/fer2013.csv": lists(PLAIN[:3])["fer2013.csv"]}) / "kaggle"
    with pytest.raises(FerkitError, match=r"has 3 rows and fer2013new\.csv has 8"):
        read(folder, fer2013=str(elsewhere))
    grow({"kaggle/fer2013.csv": lists(PLAIN)["fer2013.csv"]})
    assert len(read(folder, fer2013=str(elsewhere / "fer2013.csv")).samples) == 8
