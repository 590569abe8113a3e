"""Models before a run, and whether they have seen what it is tested on."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ferkit.cli import main
from ferkit.contracts.data import Sample
from ferkit.data.members import Rows
from ferkit.data.pictures import UNKNOWN, Shows
from ferkit.data.splits import Splits, make_splits
from ferkit.errors import FerkitError
from ferkit.running.about_data import about_data, refuse_other_data
from ferkit.running.ancestry import Ancestry, Seen, as_recorded, look_back
from ferkit.running.assemble import RunData
from ferkit.running.folder import read_json, write_json
from ferkit.running.progress import SilentDisplay
from ferkit.running.seen_pictures import write_samples
from ferkit.running.start import begin_one
from ferkit.sections import DataSection

RECIPE = """\
data:
  train: {use: folder, path: photos}
  split: {validation: 0.2, test: 0.25, seed: SEED}
faces: {detector: null, cropper: {use: face, size: 32}}
model: {backbone: {use: small_cnn, width: 4}}
training: {batch_size: 4, threads: 1}
loop: {use: supervised, epochs: 1, keep: last}
evaluation: {bootstrap: 0, figures: false}
"""


@dataclass(frozen=True)
class Data:
    """What of a run's data is looked at."""

    splits: Splits
    pictures: Mapping[str, Sequence[Shows]]
    fingerprints: dict[str, str] = field(default_factory=lambda: {"train": "x"})
    problems: tuple[Any, ...] = ()
    regions: tuple[str, ...] = ("face",)
    image_size: int = 32
    sizes = RunData.sizes


def divided(*, copies: Mapping[int, int] | None = None, **data: Any) -> RunData:
    """A hundred pictures, divided.

    Args:
        copies: pictures that are another one's.
    """
    rows = [Sample(f"{i:03}", label=i % 2) for i in range(100)]
    section = DataSection.model_validate({"train": {"use": "x"}, **data})
    splits = make_splits(Rows(rows, ("a", "b")), section=section)
    copied = copies or {}
    names = [f"picture{copied.get(i, i)}" for i in range(100)]
    pictures = {
        name: [Shows(names[m.position], (names[m.position],)) for m in members]
        for name, members in splits.parts().items()
    }
    return cast(RunData, Data(splits, pictures))


def seen(data: RunData, *before: Path) -> list[tuple[int, dict[str, int]]]:
    found = look_back(data, before)
    assert found.notes == ()
    return [(one.n, dict(one.counts)) for one in found.seen]


def run(folder: Path, data: RunData, *, starts: Sequence[Path] = ()) -> Path:
    folder.mkdir()
    write_samples(folder, data)
    write_json(folder / "run.json", {"starts_from": as_recorded(folder, starts)})
    return folder


def places(data: RunData, part: str) -> set[int]:
    return {member.position for member in data.splits.parts()[part]}


def test_each_use_of_each_test_sample_is_counted_once(tmp_path: Path) -> None:
    data = divided(split={"folds": 5, "fold": 1})
    assert seen(data, run(tmp_path / "same", data)) == []
    other = divided(split={"folds": 5, "fold": 0}, labels=40)
    tested = places(data, "test")
    expected = {
        name: len(tested & places(other, name)) for name in ("labelled", "validation", "unlabelled")
    }
    assert all(expected.values())
    (one,) = look_back(data, [run(tmp_path / "other", other)]).seen
    assert (one.n, one.of, dict(one.counts)) == (20, 20, expected)
    assert one.example == data.splits.test[0].sample.id
    assert one.what().startswith(
        f"20 of 20 test samples, such as {one.example}, were trained on or validated on or trained"
        " on, without labels, by the model in "
    )


def test_what_a_run_does_with_its_test_split_itself_is_not_counted(tmp_path: Path) -> None:
    plain = divided(split={"folds": 5, "fold": 1})
    reported = divided(split={"folds": 5, "fold": 1}, selection="reported")
    transductive = divided(split={"folds": 5, "fold": 1}, transductive=True)
    chosen, taught = run(tmp_path / "c", reported), run(tmp_path / "t", transductive)
    assert seen(reported, chosen) == []
    assert seen(transductive, taught) == []
    assert seen(plain, chosen) == [(20, {"validation": 20})]
    assert seen(plain, taught) == [(20, {"unlabelled": 20})]
    assert seen(transductive, chosen) == [(20, {"validation": 20})]
    everything = run(tmp_path / "all", divided(split={"test": 0, "validation": 0}))
    assert seen(transductive, everything) == [(20, {"labelled": 20})]


def test_pictures_that_a_data_set_has_twice_are_told_with_the_data(tmp_path: Path) -> None:
    split = {"folds": 5, "fold": 1}
    plain = divided(split=split)
    one = min(places(plain, "test"))
    copies = {one: min(places(plain, "labelled"))}
    before = run(tmp_path / "before", divided(split=split, copies=copies))
    assert seen(divided(split=split, copies=copies), before) == []


def test_those_before_those_before_are_asked_once_wherever_all_was_moved(tmp_path: Path) -> None:
    root = tmp_path / "there"
    root.mkdir()
    data = divided(split={"folds": 5, "fold": 1})
    first = run(root / "first", divided(split={"folds": 5, "fold": 2}))
    second = run(root / "second", data, starts=[first])
    third = run(root / "third", data, starts=[second, first])
    write_json(first / "run.json", {"starts_from": ["../third"]})  # round
    assert len(seen(data, third)) == 1
    moved = root.rename(tmp_path / "here")
    (one,) = look_back(data, [moved / "third"]).seen
    assert one.folder == moved / "first"


def test_what_starts_from_nothing_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferkit.running.ancestry.ask", lambda data: pytest.fail("asked"))
    assert look_back(divided(), []) == Ancestry()


def test_what_does_not_say_is_named_once(tmp_path: Path) -> None:
    data = divided()
    old = tmp_path / "old"
    old.mkdir()
    write_json(old / "run.json", {"status": "done"})
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(b"")
    damaged = run(tmp_path / "damaged", data)
    (damaged / "samples.parquet").write_bytes(b"PAR1")
    found = look_back(data, [old, weights, damaged, old, tmp_path / "gone"])
    assert found.seen == ()
    assert [note.split(": ", 1)[1] for note in found.notes] == [
        "there is no readable samples.parquet in it; older versions wrote none.",
        "a file of weights does not say what it was trained on.",
        "there is no readable samples.parquet in it; older versions wrote none.",
        "it is not there any more.",
    ]
    nameless = replace(data, pictures={n: [UNKNOWN] * len(p) for n, p in data.pictures.items()})
    (note,) = look_back(nameless, [run(tmp_path / "known", data)]).notes
    assert "it is not known which pictures are tested on" in note


def showing(data: RunData, shows: Mapping[int, Shows]) -> RunData:
    """The same data; what is not in `shows` stays as it is."""
    changed = {
        name: [
            shows.get(member.position, before)
            for member, before in zip(data.splits.parts()[name], known, strict=True)
        ]
        for name, known in data.pictures.items()
    }
    return replace(data, pictures=changed)


def test_one_picture_of_a_clip_suffices(tmp_path: Path) -> None:
    split = {"folds": 5, "fold": 1}
    data, other = divided(split=split), divided(split={"folds": 5, "fold": 2})
    first, second, third, *_ = sorted(places(data, "test") & places(other, "labelled"))
    learned = min(places(data, "labelled"))
    plain = showing(data, {one: Shows(f"own{one}", (f"own{one}",)) for one in range(100)})
    clips = {
        first: Shows("clip", ("still", "b", "c")),
        second: Shows("part", ("video:10-19",)),
        third: Shows("later", ("video:40-49",)),
    }
    tested = showing(plain, clips)

    def asked(*shown: str, **more: Shows) -> int:
        """Of test samples, how many a model has seen that was trained on these."""
        stills = {first: Shows("x", shown)}
        before = showing(other, stills)
        folder = run(tmp_path / f"{len(list(tmp_path.iterdir()))}", before)
        run_on = showing(tested, {learned: more["learned"]}) if more else tested
        found = look_back(run_on, [folder]).seen
        if found:
            assert ", or pictures in them, were trained on by" in found[0].what()
        return sum(one.n for one in found)

    assert asked("z") == 0
    assert asked("c") == 1
    assert asked("z", "video:0-10") == 1
    assert asked("video:20-39") == 0
    assert asked("video") == 2
    assert asked("c", "video:19-45") == 3
    # What the run itself learns from besides is not counted, but the rest is.
    assert asked("c", learned=Shows("own", ("c",))) == 0
    assert asked("b", learned=Shows("own", ("c",))) == 1
    assert asked("video:0-12", learned=Shows("own", ("video:8-14",))) == 0
    assert asked("video:0-12", learned=Shows("own", ("video:12-14",))) == 1


def test_a_run_of_an_older_version_named_its_samples_as_wholes(tmp_path: Path) -> None:
    data = divided(split={"folds": 5, "fold": 1})
    first, second, third, *_ = sorted(places(data, "test"))
    tested = showing(
        data,
        {
            first: Shows("clip", ("a", "b")),
            second: Shows("part", ("video:1-2",)),
            third: Shows("c", ("c",)),
        },
    )

    def old(*names: str) -> list[tuple[int, dict[str, int]]]:
        folder = tmp_path / names[0]
        folder.mkdir()
        columns = {"split": ["labelled"] * len(names), "id": names, "picture": names}
        pq.write_table(pa.table(columns), folder / "samples.parquet")
        return seen(tested, folder)

    assert old("x", "clip", "part") == [(2, {"labelled": 2})]
    assert old("video", "b", "c") == [(3, {"labelled": 3})]
    assert old("y", "z") == []


def test_what_is_written_of_a_sample(tmp_path: Path) -> None:
    data = divided(split={"folds": 5, "fold": 1})
    one = min(places(data, "test"))
    folder = run(tmp_path / "run", showing(data, {one: Shows("clip", ("a", "b"))}))
    rows = {row["id"]: row for row in pq.read_table(folder / "samples.parquet").to_pylist()}
    assert rows[f"{one:03}"] == {
        "split": "test",
        "id": f"{one:03}",
        "picture": "clip",
        "pictures": ["a", "b"],
    }
    other = min(places(data, "labelled"))
    assert rows[f"{other:03}"]["pictures"] == [rows[f"{other:03}"]["picture"]]


def test_a_resumed_run_is_divided_as_it_was(tmp_path: Path) -> None:
    data = divided()
    before = about_data(data)
    refuse_other_data(None, data, tmp_path)
    refuse_other_data(before, data, tmp_path)
    old = {key: value for key, value in before.items() if key != "division"}
    refuse_other_data(old, data, tmp_path)  # of an older version, divided alike
    for other in (divided(split={"seed": 1}), divided(split={"test": 0.3})):
        with pytest.raises(FerkitError, match="divided otherwise than when this run started"):
            refuse_other_data(before, other, tmp_path)
    with pytest.raises(FerkitError, match="divided otherwise"):
        refuse_other_data(old, divided(split={"test": 0.3}), tmp_path)


def trained(photos: Path, name: str, *, seed: int, init: str | None = None) -> Path:
    """A run by hand. Returns: its folder."""
    recipe = photos.parent / f"{name}.yaml"
    recipe.write_text(RECIPE.replace("SEED", str(seed)) + (f"init: {init}\n" if init else ""))
    out = photos.parent / name
    assert main(["run", str(recipe), "--out", str(out), "--progress=lines"]) == 0
    return out


def test_a_run_by_hand_declares_it(
    write_photos: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write_photos.parent)
    first = trained(write_photos, "first", seed=0)
    assert "test samples" not in capsys.readouterr().out
    weights = read_json(first / "run.json")["weights"]
    second = trained(write_photos, "second", seed=1, init=f"{first}/{weights}")
    said = " ".join(capsys.readouterr().out.split())
    assert "warning: " in said
    (entry,) = read_json(second / "results.json")["seen_before"]
    assert entry["run"] == str(first)
    assert 0 < entry["n"] <= entry["of"] == 4
    assert f"warning: {entry['n']} of 4 test samples, such as {entry['example']}, were" in said
    assert read_json(second / "run.json")["starts_from"] == ["../first"]
    page = (second / "report.html").read_text()
    assert f"Protocol: {entry['n']} of 4 test samples" in page
    # The same split as the second; but that one started from the first.
    third = trained(write_photos, "third", seed=1, init=str(second))
    assert [one["run"] for one in read_json(third / "results.json")["seen_before"]] == [str(first)]
    # In a matrix the same is refused before anything is learned.
    with pytest.raises(
        FerkitError, match=r"^init: \d of 4 test samples, .*Give matrix.first the data"
    ):
        begin_one(
            second.with_suffix(".yaml"), Path("of_matrix"), display=SilentDisplay(), smoke=False
        )
    assert read_json(Path("of_matrix/run.json"))["status"] == "failed"
    assert not list(Path("of_matrix").rglob("*.safetensors"))
    for suffix in (".safetensors", ".json"):
        shutil.copy((first / weights).with_suffix(suffix), Path("bare").with_suffix(suffix))
    capsys.readouterr()
    unknown = trained(write_photos, "unknown", seed=1, init="bare.safetensors")
    said = " ".join(capsys.readouterr().out.split())
    assert said.count("could not be checked: a file of weights") == 1
    assert "could not be checked" in read_json(unknown / "run.json")["notes"][0]


def test_stills_of_clips_that_are_tested_on(
    write_clips: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of every clip one image is a still of another data set."""
    monkeypatch.chdir(write_clips.parent)
    stills = RECIPE.replace("SEED", "0").replace("photos", "stills").replace("0.25", "0")
    Path("stills.yaml").write_text(stills)
    assert main(["run", "stills.yaml", "--out", "first", "--progress=none"]) == 0
    mine = RECIPE.replace("SEED", "0").replace("path: photos", "path: clips, clips: folders")
    Path("clips.yaml").write_text(mine + "init: first\n")
    assert main(["run", "clips.yaml", "--out", "second", "--progress=lines"]) == 0
    expected = "4 of 4 test samples, such as happy/"
    assert f"warning: {expected}" in " ".join(capsys.readouterr().out.split())
    # The chain is followed, and in a matrix it is refused.
    Path("clips.yaml").write_text(mine + "init: second\n")
    with pytest.raises(
        FerkitError, match=f"^init: {expected}.*, or pictures in them, were .*/first"
    ):
        begin_one(Path("clips.yaml"), Path("matrix"), display=SilentDisplay(), smoke=False)
    assert not list(Path("matrix").rglob("*.safetensors"))
    # Within one run it is told with the data.
    Path("both.yaml").write_text(
        stills.replace("train: ", "test: {use: folder, path: clips, clips: folders}\n  train: ")
    )
    assert main(["run", "both.yaml", "--out", "third", "--progress=none"]) == 0
    problems = read_json(Path("third/run.json"))["data"]["problems"]
    (told,) = [one["examples"] for one in problems if one["kind"] == "pictures across splits"]
    told = [one.split(" show ")[0] for one in told]
    assert told == [
        "labelled, test: 13 of 16 test samples",
        "validation, test: 3 of 16 test samples",
    ]


def test_a_sentence() -> None:
    one = Seen(Path("a/b"), {"validation": 3}, 3, 8, "x.png")
    assert one.what() == (
        "3 of 8 test samples, such as x.png, were validated on by the model in a/b, which this run"
        " starts from."
    )
