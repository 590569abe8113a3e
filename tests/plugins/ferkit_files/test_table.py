from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from ferkit_files.params import Columns, TableParams
from ferkit_files.table import make_table
from pydantic import ValidationError

from ferkit.contracts.data import Dataset
from ferkit.data.filed import FileDataset
from ferkit.errors import FerkitError
from ferkit.plugin import Context


@pytest.fixture
def table(touch):
    """Writes a table beside the images 1.png to 9.png and opens it."""
    root = touch(*(f"{i}.png" for i in range(1, 10)), "clip.mp4", "notes.txt")

    def make(content: str | bytes, name: str = "t.csv", **params: Any) -> FileDataset:
        data = content.encode() if isinstance(content, str) else content
        (root / name).write_bytes(data)
        return make_table(TableParams(path=str(root / name), **params), Context())

    return make


def named(dataset: FileDataset) -> dict[str, str]:
    return {
        sample.id: dataset.classes[sample.label] if sample.label >= 0 else ""
        for sample in dataset.samples()
    }


def places(dataset: FileDataset, kind: str) -> list[str]:
    return [Path(p.where).name for p in dataset.problems() if p.kind == kind]


def test_rows_in_the_order_of_the_table(table) -> None:
    dataset: Dataset = table(
        "path,label,split,subject,group,extra\n"
        "3.png,sad,train,A,g1,x\n"
        "clip.mp4,anger,Val,B,,\n"
        "./1.png,sad,TEST, A ,g2,\n"
        "2.png,happy,unlabeled,,,\n"
    )
    assert dataset.classes == ("anger", "happy", "sad")
    rows = [(s.id, s.label, s.split, s.subject, s.group, s.line) for s in dataset.samples()]
    assert rows == [
        ("3.png", 2, "train", "A", "g1", 2),
        ("clip.mp4", 0, "validation", "B", "", 3),
        ("1.png", 2, "test", "A", "g2", 4),
        ("2.png", 1, "unlabelled", "", "", 5),
    ]
    assert dataset.problems() == ()
    assert all(Path(sample.path).is_file() for sample in dataset.samples())


def test_each_thing_wrong_with_a_row_is_reported_with_its_line(table, kinds) -> None:
    dataset = table(
        "path,label,split\n"  # 1
        "1.png,happy,train\n"  # 2
        "gone.png,happy,train\n"  # 3
        "2.png,hapy,train\n"  # 4
        "3.png,sad\n"  # 5
        "4.png,sad,train,more\n"  # 6
        "\n"  # 7
        ",,\n"  # 8
        ",sad,train\n"  # 9
        "5.png,sad,trian\n"  # 10
        "notes.txt,sad,train\n"  # 11
        ".,sad,train\n"  # 12
        "6.png,,train\n"  # 13
        "7.png,sad,train,\n",  # 14: an empty cell too many does no harm
        classes=("sad", "happy", "fear"),
    )
    assert named(dataset) == {"1.png": "happy", "6.png": "", "7.png": "sad"}
    expected = {
        "missing file": ["t.csv:3", "t.csv:12"],
        "unknown label": ["t.csv:4"],
        "short row": ["t.csv:5"],
        "long row": ["t.csv:6"],
        "empty row": ["t.csv:8"],
        "no path": ["t.csv:9"],
        "bad split word": ["t.csv:10"],
        "not media": ["t.csv:11"],
        "no label": ["t.csv:13"],
        "empty class": ["t.csv"],
    }
    assert {kind: places(dataset, kind) for kind in expected} == expected
    assert sum(kinds(dataset.problems()).values()) == 11
    kept = {"no label", "empty class"}
    assert all(problem.dropped != (problem.kind in kept) for problem in dataset.problems())
    text = "\n".join(problem.what for problem in dataset.problems())
    assert "'hapy' is none of the classes. Did you mean 'happy'?" in text
    assert "'trian' is no split. Did you mean 'train'?" in text
    assert "class 'fear' has no sample" in text


def test_a_path_given_twice(table, kinds) -> None:
    dataset = table(
        "path,label,split\n"
        "1.png,happy,train\n"
        "2.png,happy,train\n"
        "./1.png,happy,train\n"
        "3.png,happy,train\n"
        "3.png,sad,train\n"
        "2.png,happy,train\n"
        "4.png,sad,train\n"
        "4.png,sad,test\n"
        "5.png,sad,\n"
    )
    assert named(dataset) == {"1.png": "happy", "2.png": "happy", "5.png": "sad"}
    assert places(dataset, "duplicate path") == ["t.csv:4", "t.csv:7"]
    assert places(dataset, "conflicting labels") == ["t.csv:5", "t.csv:6"]
    assert places(dataset, "conflicting splits") == ["t.csv:8", "t.csv:9"]
    what = next(p.what for p in dataset.problems() if p.kind == "conflicting labels")
    assert what == "'3.png' is given as happy and sad (lines 5, 6)."


def test_lines_are_those_of_the_file_also_after_quoted_line_breaks(table) -> None:
    dataset = table(
        'path,label,comment\r\n1.png,happy,"two\r\nlines, and ""quotes"""\r\n\r\n'
        '"2.png","sad",\r\ngone.png,sad,\r\n'
    )
    assert [(s.id, s.line) for s in dataset.samples()] == [("1.png", 2), ("2.png", 5)]
    assert places(dataset, "missing file") == ["t.csv:6"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_are_seen_in_the_header(table, separator: str) -> None:
    text = "label,path\nhappy,1.png\nsad,2.png\n".replace(",", separator)
    for name in ("t.csv", "t.tsv", "t.txt"):
        assert named(table(text, name)) == {"1.png": "happy", "2.png": "sad"}


def test_a_semicolon_table_with_commas_in_its_cells(table) -> None:
    dataset = table(
        "path;label;subject, name\n1.png;happy;Doe, J.\n", columns={"subject": "subject, name"}
    )
    assert dataset.samples()[0].subject == "Doe, J."
    excel = table("sep=;\npath;label\n1.png;happy\ngone.png;sad\n")
    assert named(excel) == {"1.png": "happy"}
    assert places(excel, "missing file") == ["t.csv:4"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-be"])
def test_byte_order_marks(table, encoding: str) -> None:
    text = "path,label,subject\n1.png,happy,Zoë\n"
    data = text.encode(encoding)
    if encoding == "utf-16-be":
        data = b"\xfe\xff" + data
    assert table(data).samples()[0].subject == "Zoë"


def test_rows_that_do_not_decode_are_reported_and_an_encoding_reads_them(table) -> None:
    data = "path,label,subject\n1.png,happy,Zoë\n2.png,sad,Ann\n".encode("latin-1")
    dataset = table(data)
    assert named(dataset) == {"2.png": "sad"}
    assert places(dataset, "undecodable text") == ["t.csv:2"]
    dataset = table(data, encoding="latin-1")
    assert [sample.subject for sample in dataset.samples()] == ["Zoë", "Ann"]
    with pytest.raises(ValidationError, match="no encoding 'utf-9'"):
        table(data, encoding="utf-9")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the table is empty"),
        ("\n\n", "the table is empty"),
        ("path,label\n", r"no row of the table can be used \(it has none\)"),
        ("path,label\ngone.png,sad\n", r"can be used \(missing file: 1\).*t.csv:2: there is no"),
        ("file,label\n1.png,sad\n", r"there is no column 'path'\. .*file"),
        ("pth,label\n1.png,sad\n", r"no column 'path'\. Did you mean 'pth'"),
        ("1.png,sad\n2.png,sad\n", "first line must hold the names"),
        ("path,label,label\n1.png,sad,sad\n", "columns named twice: 'label'"),
        ('path,label\n1.png,sad\n2.png,"sad\n3.png,sad\n', r"t.csv:3: the record that begins here"),
        (b"PK\x03\x04rest", "spreadsheet or an archive"),
        (b"path,label\n\x00\x01", "binary data"),
        (b"PAR1 and then nothing useful", "the Parquet file is broken"),
        ("path,label,left_eye_x\n1.png,sad,3\n", "there are 1; 'left_eye_y' is missing"),
    ],
)
def test_tables_that_cannot_be_used(table, content: str | bytes, message: str) -> None:
    with pytest.raises(FerkitError, match=message):
        table(content).samples()


def test_wrong_paths(table, touch) -> None:
    root = touch("labels.csv", "images/1.png")
    for params, message in [
        ({"path": "label.csv"}, r"does not exist\. Did you mean '.*/labels.csv'"),
        ({"path": "images"}, "is a folder, not a table.*use: folder"),
        ({"path": "labels.csv", "root": str(root / "image")}, r"Did you mean '.*/images'"),
    ]:
        params["path"] = str(root / params["path"])
        with pytest.raises(FerkitError, match=message):
            make_table(TableParams(**params), Context()).samples()


def test_columns_by_other_names(table) -> None:
    text = "file,emotion,person,split\n1.png,happy,A,nonsense\n"
    columns = {"path": "file", "label": "emotion", "subject": "person", "split": None}
    dataset = table(text, columns=columns)
    assert named(dataset) == {"1.png": "happy"}
    assert (dataset.samples()[0].subject, dataset.samples()[0].split) == ("A", "")
    with pytest.raises(FerkitError, match=r"no column 'emotoin'\. Did you mean 'emotion'"):
        table(text, columns={"path": "file", "label": "emotoin"}).samples()


def test_a_written_out_recipe_asks_for_no_more_columns(table) -> None:
    """Runs write all names, also those of columns that a table may lack."""
    dataset = table("path,label\n1.png,sad\n", columns=Columns().model_dump(mode="json"))
    assert named(dataset) == {"1.png": "sad"}


def test_paths_relative_to_a_root_absolute_and_from_windows(table, touch) -> None:
    root = touch("images/a/1.png", "images/2.png")
    text = f"path,label\na\\1.png,sad\n2.png,happy\n{root / '3.png'},fear\n"
    dataset = table(text, root=str(root / "images"))
    assert [sample.id for sample in dataset.samples()] == ["a/1.png", "2.png", str(root / "3.png")]
    assert dataset.problems() == ()


def test_labels_are_mapped_by_name(table, kinds) -> None:
    dataset = table(
        "path,label\n1.png,1\n2.png,2\n3.png,7\n4.png,happy\n",
        labels={1: "surprise", 2: "happy", 7: None},
    )
    assert dataset.classes == ("happy", "surprise")
    assert named(dataset) == {"1.png": "surprise", "2.png": "happy", "4.png": "happy"}
    assert kinds(dataset.problems()) == {"left out by labels": 1}


def test_without_a_label_column_all_is_unlabelled(table, kinds) -> None:
    dataset = table("path\n1.png\n2.png\n")
    assert (dataset.classes, named(dataset)) == ((), {"1.png": "", "2.png": ""})
    assert kinds(dataset.problems()) == {"no label column": 1}
    hidden = table("path,label\n1.png,sad\n", columns={"label": None}, classes=("sad",))
    assert named(hidden) == {"1.png": ""}


def test_classes_do_not_depend_on_which_files_are_there(table, kinds) -> None:
    dataset = table("path,label\n1.png,sad\ngone.png,fear\n")
    assert dataset.classes == ("fear", "sad")
    assert kinds(dataset.problems()) == {"missing file": 1, "empty class": 1}


NUMBERS = [30.5, 40, 70, 41, 50, 60, 35, 80, 66, 81]
POINTS = ((30.5, 40.0), (70.0, 41.0), (50.0, 60.0), (35.0, 80.0), (66.0, 81.0))


@pytest.mark.parametrize("form", ["{} " * 10, "[" + "{}, " * 10 + "]", "{};" * 9 + "{}"])
def test_landmarks_in_one_column(table, form: str) -> None:
    dataset = table(
        f'path,label,landmarks\n1.png,sad,"{form.format(*NUMBERS).strip()}"\n2.png,sad,\n',
    )
    assert [sample.landmarks for sample in dataset.samples()] == [POINTS, None]
    assert dataset.problems() == ()


def test_landmarks_in_ten_columns(table, kinds) -> None:
    names = ",".join(
        f"{point}_{axis}"
        for point in ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")
        for axis in "xy"
    )
    good = ",".join(map(str, NUMBERS))
    swapped = "70,41,30.5,40,50,60,66,81,35,80"
    dataset = table(
        f"path,label,{names}\n1.png,sad,{good}\n2.png,sad,{swapped}\n3.png,sad{',x' * 10}\n"
        f"4.png,sad{',' * 10}\n5.png,sad,{',' * 9}3\n6.png,sad,inf{good[4:]}\n"
    )
    assert [s.landmarks for s in dataset.samples()] == [POINTS, POINTS, None, None, None, None]
    assert places(dataset, "swapped landmarks") == ["t.csv:3"]
    assert places(dataset, "bad landmarks") == ["t.csv:4", "t.csv:6", "t.csv:7"]
    assert not any(problem.dropped for problem in dataset.problems())


def test_votes_give_the_label_where_no_column_does(table) -> None:
    dataset = table(
        "path,n,h\n1.png,1,9\n2.png,5,5\n3.png,,2\n4.png,0,0\n5.png,x,1\n",
        columns={"votes": {"neutral": "n", "happy": "h"}},
    )
    assert dataset.classes == ("happy", "neutral")
    assert [(s.label, s.votes) for s in dataset.samples()] == [
        (0, (9.0, 1.0)),
        (0, (5.0, 5.0)),
        (0, (2.0, 0.0)),
    ]
    assert places(dataset, "tied votes") == ["t.csv:3"]
    assert places(dataset, "bad votes") == ["t.csv:5", "t.csv:6"]


def test_votes_beside_labels(table) -> None:
    text = "path,label,n\n1.png,happy,3\n2.png,sad,-1\n"
    dataset = table(text, columns={"votes": {"neutral": "n"}})
    assert dataset.classes == ("happy", "neutral", "sad")
    assert [s.votes for s in dataset.samples()] == [(0.0, 3.0, 0.0), None]
    assert [p.dropped for p in dataset.problems() if p.kind == "bad votes"] == [False]
    with pytest.raises(FerkitError, match="votes for 'neutral', which is none"):
        table(text, columns={"votes": {"neutral": "n"}}, classes=("happy", "sad")).samples()
    with pytest.raises(FerkitError, match="no column 'm'"):
        table(text, columns={"votes": {"neutral": "m"}}).samples()


def test_parquet(table, tmp_path: Path) -> None:
    columns = {
        "path": ["1.png", "2.png", "gone.png", None],
        "label": pyarrow.array([3, None, 4, 4], pyarrow.int64()),
        "subject": pyarrow.array([1.0, 2.0, None, None], pyarrow.float64()),
        "landmarks": [NUMBERS, None, None, None],
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    params = TableParams(path=str(tmp_path / "t.parquet"), labels={3: "happy", 4: "sad"})
    dataset = make_table(params, Context())
    assert named(dataset) == {"1.png": "happy", "2.png": ""}
    first = dataset.samples()[0]
    assert (first.subject, first.landmarks, first.line) == ("1", POINTS, 1)
    assert [(p.kind, Path(p.where).name) for p in dataset.problems()] == [
        ("no label", "t.parquet: row 2"),
        ("missing file", "t.parquet: row 3"),
        ("no path", "t.parquet: row 4"),
        ("empty class", "t.parquet"),
    ]


def test_the_fingerprint_follows_rows_and_files(table, touch) -> None:
    text = "path,label\n1.png,happy\n2.png,sad\n"
    first = table(text).fingerprint()
    assert table(text.replace(",", ";"), "other.csv").fingerprint() == first
    assert table(text.replace("sad", "fear")).fingerprint() != first
    root = touch()
    os.utime(root / "1.png", ns=(0, 1_600_000_000_000_000_000))
    assert table(text).fingerprint() != first


def test_the_table_of_the_real_photographs(real_data: Path) -> None:
    dataset = make_table(TableParams(path=str(real_data / "london" / "labels.csv")), Context())
    assert dataset.classes == ("happy", "neutral")
    assert len(dataset.samples()) == 204
    assert {sample.subject for sample in dataset.samples()} >= {"001", "010"}
    assert dataset.problems() == ()


def test_parts_of_a_video_are_samples_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"x")
    (tmp_path / "b.png").write_bytes(b"x")
    lines = ["a.mp4,happy,0,9", "a.mp4,sad,10,19", "a.mp4,sad,,", "a.mp4,sad,9,3", "b.png,sad,0,1"]
    (tmp_path / "t.csv").write_text("path,label,first_frame,last_frame\n" + "\n".join(lines))
    read = make_table(TableParams(path=str(tmp_path / "t.csv")), Context())
    rows = [(sample.id, sample.span) for sample in read.samples()]
    assert rows == [("a.mp4[0-9]", (0, 9)), ("a.mp4[10-19]", (10, 19)), ("a.mp4", None)]
    bad = [(problem.kind, problem.what) for problem in read.problems()]
    assert bad == [
        (
            "bad frames",
            "first and last frame must be numbers from 0, the first not after the last.",
        ),
        ("bad frames", "first and last frame are for videos, not images."),
    ]


def test_a_folder_of_images_is_a_clip(touch) -> None:
    root = touch(
        "clip/f1.png", "clip/f2.png", "clip/notes.txt", "empty/notes.txt", "film.mp4/1.jpg"
    )
    lines = ["clip,happy,,", "clip/,sad,1,1", "empty,sad,,", "film.mp4,sad,0,0", "gone,sad,,"]
    lines.append("./clip,happy,,")
    (root / "t.csv").write_text("path,label,first_frame,last_frame\n" + "\n".join(lines))
    read = make_table(TableParams(path=str(root / "t.csv")), Context())
    rows = [(sample.id, sample.path, sample.span) for sample in read.samples()]
    assert rows == [
        ("clip", str(root / "clip"), None),
        ("clip[1-1]", str(root / "clip"), (1, 1)),
        ("film.mp4[0-0]", str(root / "film.mp4"), (0, 0)),
    ]
    assert [(problem.kind, problem.what) for problem in read.problems()] == [
        ("empty folder", "the folder 'empty' holds no image."),
        ("missing file", f"there is no file 'gone' in {root}."),
        ("duplicate path", "'clip' stands already in line 2."),
    ]
    before = read.fingerprint()
    touch("clip/f3.png")
    assert make_table(TableParams(path=str(root / "t.csv")), Context()).fingerprint() != before
