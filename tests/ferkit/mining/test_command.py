"""`ferkit mine` as a user calls it, and what reads its answer."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from click.testing import CliRunner, Result

from ferkit.commands.mine import mine
from ferkit.commands.prepare import prepare
from ferkit.errors import FerkitError, FerkitErrors

HOOKS = """
from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_face_detectors():
    return [Component(name="toy", summary="a toy", factory="toy_mining_parts:Detector")]
"""

Run = Callable[..., Result]


@pytest.fixture
def run(toy: Path, install_plugin: Any) -> Run:
    install_plugin("toymining", HOOKS)

    def call(*arguments: str | Path, detector: str = "toy") -> Result:
        given = [str(argument) for argument in arguments]
        given += ["--detector", detector, "--device", "cpu", "--jobs", "0"]
        return CliRunner().invoke(mine, given)

    return call


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def counts(result: Result) -> dict[str, str]:
    """Rows of the table."""
    rows = [line.strip("│ ").split("│") for line in result.output.splitlines() if "│" in line]
    return {name.strip(): number.strip() for name, number in rows}


def table_of(output: str) -> dict[str, int]:
    rows = [line.strip("│ ").split("│") for line in output.splitlines() if "│" in line]
    return {name.strip(): int(number) for name, number in rows}


PIECES = [("one", 40), ("none", 3), ("one", 10), ("two", 4), ("small", 31), ("one", 30)]


def test_the_help_says_which_failures_count() -> None:
    said = " ".join(CliRunner().invoke(mine, ["--help"]).output.split())
    assert 'if a program failed at a video ("unexpected error" and "process ended"' in said
    assert "videos that can't be read are only listed" in said


def test_defaults_and_what_is_told(run: Run, write_video: Any, tmp_path: Path) -> None:
    path = write_video("film.mp4", PIECES)
    (path.parent / "empty.mp4").write_bytes(b"")
    out = tmp_path / "out"
    result = run(path.parent, "--out", out)
    assert result.exit_code == 0, result.output
    told = counts(result)
    assert told["videos"] == "1"
    assert told["frames"] == "118"
    assert told["runs of one face"] == "4"
    assert (told["dropped: too short"], told["dropped: face too small"]) == ("1", "1")
    assert (told["kept"], told["clips written now"]) == ("2", "2")
    assert (told["stream copies"], told["encoded anew"]) == ("1", "1")
    assert told["left out: unreadable video"] == "1"
    assert float(told["hours of video in"]) == pytest.approx(118 / 25 / 3600, rel=0.05)
    assert float(told["hours of video out"]) == pytest.approx(70 / 25 / 3600, rel=0.05)
    assert str(out / "manifest.csv") in result.output
    assert str(out / "failures.csv") in result.output
    spans = [(row["source_first"], row["source_last"]) for row in rows_of(out / "manifest.csv")]
    assert spans == [("0", "39"), ("88", "117")]
    again = run(path, "--out", out, "--min-frames", "10", "--min-area", "0.005")
    told = counts(again)
    assert (told["looked at now"], told["looked at before"], told["kept"]) == ("0", "1", "4")
    assert (told["clips written now"], told["clips there already"]) == ("2", "2")


def test_nothing_found_is_status_1(run: Run, write_video: Any, tmp_path: Path) -> None:
    path = write_video("film.mp4", [("two", 40)])
    result = run(path, "--out", tmp_path / "out", "--min-frames", "5")
    assert result.exit_code == 1
    assert counts(result)["runs of one face"] == "0"
    assert rows_of(tmp_path / "out" / "manifest.csv") == []


def test_a_failure_is_told_and_is_status_1(
    run: Run, write_video: Any, tmp_path: Path, toy: Path
) -> None:
    (toy / "raise").write_text("ValueError")
    path = write_video("a.mp4", [("none", 9, "blue")])
    write_video("b.mp4", [("one", 40)])
    result = run(path.parent, "--out", tmp_path / "out")
    assert result.exit_code == 1
    told = counts(result)
    assert (told["videos that failed"], told["left out: unexpected error"]) == ("1", "1")
    assert (told["videos"], told["kept"]) == ("1", "1")
    assert f"{path}: ValueError: what nobody foresaw (while looking for faces, " in result.output
    assert "toy_mining_parts.py line" in result.output
    assert "tries them again" in result.output


def test_prepare_reads_the_manifest(run: Run, write_video: Any, tmp_path: Path) -> None:
    path = write_video("film.mp4", PIECES)
    write_video("more.mp4", [("none", 2), ("one", 33)])
    for number, arguments in enumerate([(), ("--no-clips",)]):
        out = tmp_path / f"out{number}"
        assert run(path.parent, "--out", out, *arguments).exit_code == 0
        result = CliRunner().invoke(
            prepare,
            [
                *(str(out / "manifest.csv"), "--out", str(tmp_path / f"store{number}")),
                *("--detector", "toy", "--size", "16", "--set", "faces.sampling.mode=all"),
            ],
        )
        assert result.exit_code == 0, result.output
        assert table_of(result.output)["prepared now"] == 3
    from ferkit_files.params import TableParams
    from ferkit_files.table import make_table

    from ferkit.plugin import Context

    for number in range(2):
        table = str(tmp_path / f"out{number}" / "manifest.csv")
        samples = make_table(TableParams(path=table), Context()).samples()
        assert [Path(sample.group).name for sample in samples] == [
            "film.mp4",
            "film.mp4",
            "more.mp4",
        ]
        spans = [None] * 3 if number == 0 else [(0, 39), (88, 117), (2, 34)]
        assert [sample.span for sample in samples] == spans


def test_prepare_reads_the_folder_of_clips(run: Run, write_video: Any, tmp_path: Path) -> None:
    path = write_video("film.mp4", PIECES)
    out = tmp_path / "out"
    run(path, "--out", out)
    arguments = [str(out / "clips"), "--out", str(tmp_path / "store"), "--detector", "toy"]
    result = CliRunner().invoke(prepare, [*arguments, "--size", "16"])
    assert result.exit_code == 0, result.output
    assert table_of(result.output) == {"prepared now": 2, "there already": 0}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--set", "faces.sampling.mode=even"), "looks at every frame"),
        (("--set", "faces.min_scor=1"), "ferkit mine.*min_scor"),
        (("--reader", "decor"), "no video reader 'decor'.*Did you mean 'decord'"),
        (("--recipe", "quickstrt"), "quickstrt"),
    ],
)
def test_wrong_choices(
    run: Run, write_video: Any, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    path = write_video("film.mp4", [("one", 5)])
    result = run(path, "--out", tmp_path / "out", *arguments)
    assert isinstance(result.exception, FerkitError | FerkitErrors), result.output
    with pytest.raises(FerkitError, match=message):
        raise result.exception
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("detector", ["none", "toi"])
def test_wrong_detectors(run: Run, write_video: Any, tmp_path: Path, detector: str) -> None:
    path = write_video("film.mp4", [("one", 5)])
    result = run(path, "--out", tmp_path / "out", detector=detector)
    message = {"none": "needs a face detector", "toi": "no face detector 'toi'.*'toy'"}
    assert isinstance(result.exception, FerkitError)
    with pytest.raises(FerkitError, match=message[detector]):
        raise result.exception


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((), "no video found"),
        (("missing",), "no such file or folder"),
        (("missing.mp4",), "no such file or folder"),
        (("notes.txt",), r"not a video by its ending.*\.mp4"),
    ],
)
def test_wrong_paths(run: Run, tmp_path: Path, given: Sequence[str], message: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "notes.txt").write_text("")
    paths = [folder / name for name in given] or [folder]
    result = run(*paths, "--out", tmp_path / "out")
    assert isinstance(result.exception, FerkitError)
    assert result.exception.status == 2
    with pytest.raises(FerkitError, match=message):
        raise result.exception
    assert not (tmp_path / "out").exists()


def test_a_recipe_says_how_faces_are_found(run: Run, write_video: Any, tmp_path: Path) -> None:
    path = write_video("film.mp4", PIECES)
    recipe = tmp_path / "own.yaml"
    recipe.write_text(
        "data: {train: {use: rendered}}\n"
        "faces: {detector: {use: toy}, min_score: 0.999, sampling: {mode: even, value: 4}}\n"
    )
    out = tmp_path / "out"
    result = CliRunner().invoke(mine, [str(path), "--out", str(out), "--recipe", str(recipe)])
    assert result.exit_code == 1, result.output  # no face is as bright as that
    arguments = [str(path), "--out", str(out), "--recipe", str(recipe), "--min-score", "0.9"]
    result = CliRunner().invoke(mine, arguments)
    assert (counts(result)["looked at now"], counts(result)["kept"]) == ("0", "2")


def test_real_faces(real_data: Path, tmp_path: Path) -> None:
    # No face, one, one again after a cut, two, one: every fourth frame of real videos, small.
    pieces = [
        ("no_face.mp4", 0, 24),
        ("single_face.mp4", 0, 40),
        ("WolfgangLanger_Pexels.mp4", 0, 48),
        ("two_people_1080p.mp4", 0, 24),
        ("single_face.mp4", 40, 56),
    ]
    source = tmp_path / "joined.mp4"
    with av.open(str(source), "w") as target:
        stream = target.add_stream("libx264", rate=25, options={"crf": "16"})
        stream.height, stream.width, stream.pix_fmt = 180, 320, "yuv420p"
        count = 0
        for name, first, last in pieces:
            with av.open(str(real_data / "videos" / name)) as given:
                for number, frame in enumerate(given.decode(video=0)):
                    if first <= number < last and number % 4 == 0:
                        small = frame.reformat(width=320, height=180, format="yuv420p")
                        small.pts, small.time_base = count, Fraction(1, 25)
                        count += 1
                        target.mux(stream.encode(small))
        target.mux(stream.encode(None))
    out = tmp_path / "out"
    arguments = [str(source), "--out", str(out), "--min-frames", "6", "--min-area", "0.02"]
    result = CliRunner().invoke(mine, [*arguments, "--device", "cpu"])
    assert result.exit_code == 0, result.output
    spans = [
        (int(row["source_first"]), int(row["source_last"])) for row in rows_of(out / "manifest.csv")
    ]
    assert spans == [(6, 15), (16, 27)]
    assert counts(result)["dropped: too short"] == "1"
