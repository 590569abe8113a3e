"""What machines of a cluster must have in common, without a cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferkit.errors import FerkitError
from ferkit.running.ray_nodes import Node, Share, marked, paths_of, refuse_unfit, share_of
from ferkit.running.ray_task import Found, look_around
from ferkit.running.under_way import EngineChoice

ROOT = Path("/shared/grid")
HERE = Found("here", "1.0", {"basics": "1.0"}, {"torch": "2.5"}, (), ())
SMALL = Node("a", "small (10.0.0.1)", {"CPU": 4.0})
BIG = Node("b", "big (10.0.0.2)", {"CPU": 16.0, "GPU": 2.0})


def refused(**differs: object) -> FerkitError:
    answers = {"one (10.0.0.1)": HERE, "two (10.0.0.2)": HERE._replace(**differs)}  # type: ignore[arg-type]
    with pytest.raises(FerkitError) as caught:
        refuse_unfit(answers, HERE, folder=ROOT)
    return caught.value


def test_machines_that_do_not_see_the_folder_are_named() -> None:
    error = refused(unseen=("/shared/grid/.plan/.seen-1",))
    assert error.what == (
        "1 of the 2 machines of the Ray cluster does not see this folder: two (10.0.0.2)."
    )
    assert error.where == "/shared/grid"


def test_another_ferkit_is_named() -> None:
    assert refused(ferkit="0.9").what == "two (10.0.0.2) has ferkit 0.9, this machine 1.0."


def test_plugins_that_differ_are_named() -> None:
    told = refused(plugins={"extra": "2.0"}).what
    assert "two (10.0.0.2) has no plugin basics, this machine 1.0" in told
    assert "two (10.0.0.2) has plugin extra 2.0, this machine has none" in told


def test_data_and_stores_that_are_not_there_are_named() -> None:
    assert refused(missing=("/data/faces",)).what == "two (10.0.0.2) has not /data/faces."
    error = refused(unseen=("/cache/stores/.seen-1",))
    assert error.what == "two (10.0.0.2) does not see /cache/stores."
    assert "FERKIT_CACHE" in str(error.hint)


def test_a_machine_without_ferkit_is_named() -> None:
    with pytest.raises(FerkitError, match=r"far can't run ferkit \(ModuleNotFoundError"):
        refuse_unfit({"far": "can't run ferkit (ModuleNotFoundError: ...)"}, HERE, folder=ROOT)


def test_other_packages_are_a_warning() -> None:
    other = HERE._replace(versions={"torch": "2.4"})
    assert refuse_unfit({"one": HERE, "two": other}, HERE, folder=ROOT) == [
        "two has torch 2.4, this machine 2.5: its numbers may differ"
    ]


def test_markers_are_seen_here_and_taken_away(tmp_path: Path) -> None:
    with marked([tmp_path / "grid", tmp_path / "store"]) as markers:
        assert len(markers) == 2
        found = look_around({**markers, str(tmp_path / "gone"): "x"}, [str(tmp_path / "no")], {})
    assert found.unseen == (str(tmp_path / "gone"),)
    assert found.missing == (str(tmp_path / "no"),)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_paths_that_runs_may_need(tmp_path: Path) -> None:
    document = {"data": {"path": str(tmp_path), "gone": "/no/such"}, "list": ["relative", 3, None]}
    assert list(paths_of(document)) == [str(tmp_path)]


def test_places_of_a_machine() -> None:
    assert SMALL.places(Share(1, 0)) == 4
    assert SMALL.places(Share(3, 0)) == 1
    assert SMALL.places(Share(1, 1)) == 0
    assert BIG.places(Share(1, 0.5)) == 4
    assert BIG.places(Share(1, 0.4)) == 4  # a run never takes parts of two GPUs
    assert BIG.places(Share(10, 0.5)) == 1


def test_share_of_a_run() -> None:
    choice = EngineChoice("ray")
    assert share_of(choice, {"cpu"}, [SMALL, BIG], threads=2) == Share(2, 0)
    assert share_of(choice, {"auto"}, [SMALL, BIG], threads=8) == Share(1, 1)
    assert share_of(choice, {"auto"}, [SMALL], threads=None) == Share(1, 0)
    assert share_of(EngineChoice("ray", gpus=0.5, cpus=4), {"auto"}, [BIG], threads=1) == (4, 0.5)
    assert str(Share(2, 0.5)) == "2 CPUs and 0.5 GPU"


def test_a_share_that_no_machine_has_is_refused() -> None:
    with pytest.raises(FerkitError, match=r"has 32 CPUs for a run; small .* has 4 CPUs"):
        share_of(EngineChoice("ray", cpus=32), {"cpu"}, [SMALL], threads=1)
    with pytest.raises(FerkitError, match="the Ray cluster has no GPU"):
        share_of(EngineChoice("ray"), {"cuda"}, [SMALL], threads=1)
