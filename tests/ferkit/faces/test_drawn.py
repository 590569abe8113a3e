"""Drawn data sets: straight at the crops' view, the same pixels whatever the processes."""

from __future__ import annotations

import importlib
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from ferkit.errors import FerkitError, RunError
from ferkit.faces import drawing as drawing_module
from ferkit.faces import drawn as drawn_module
from ferkit.faces.drawing import Blueprint
from ferkit.faces.drawn import prepare_drawn
from ferkit.faces.plans import Plan, StepsPlan
from ferkit.faces.prepared import Prepared, Quiet
from ferkit.faces.steps import Steps
from ferkit.plugin import Context

TOY = '''
import os
import torch
from ferkit.contracts.data import Sample
from ferkit.contracts.faces import Faces
from ferkit.plugin import Params

class ToyParams(Params):
    count: int = 10
    aligned: bool = True
    clip_length: int = 2
    die: bool = False

class ToyDrawn:
    """Sample i at frame t: grey level 10 i + t around a landmark at (20 + i, 20)."""
    classes = ("a", "b")
    frame_size = (40, 60)

    def __init__(self, params, context):
        self.params = params
        self.aligned = params.aligned
        self.clip_length = params.clip_length
        self.drawn = []

    def samples(self):
        return [Sample(id=f"row{i}", label=i % 2) for i in range(self.params.count)]

    def problems(self):
        return []

    def fingerprint(self):
        return f"toy{self.params.model_dump(exclude={'die'})}"

    def landmarks(self, index):
        points = torch.zeros(len(index), self.clip_length, 5, 2)
        for place, i in enumerate(index):
            points[place, ..., 0] = 20 + i % 9
            points[place, ..., 1] = 20
            if i == 7:
                points[place] = torch.nan
        return points

    def draw(self, index, transforms=None, size=None):
        if self.params.die:
            os._exit(9)
        self.drawn.append(len(index))
        times = range(self.clip_length)
        level = torch.tensor([(10 * i + t) % 200 for i in index for t in times])
        level = level.reshape(len(index), self.clip_length, 1, 1, 1, 1)
        if transforms is None:
            frames = level.repeat(1, 1, 1, 3, 40, 60)
            for place, i in enumerate(index):
                if i % 4 != 3:
                    frames[place, ..., 10:30, 10 + i % 9 : 30 + i % 9] = 255
            return frames.to(torch.uint8)
        shift = transforms[..., 2].mean(-1)[..., None, None, None]
        return (level + shift).repeat(1, 1, 1, 3, size, size).clamp(0, 255).to(torch.uint8)

class ToyCropper:
    regions = ("face",)

    def __init__(self, params, context):
        self.size = 8

    def transforms(self, faces):
        shift = 4 - faces.landmarks[:, 0]
        return torch.cat([torch.eye(2).expand(len(shift), 2, 2), shift[..., None]], 2)[:, None]

class ToyDetector:
    def __init__(self, params, context):
        pass

    def detect(self, frames):
        found = []
        for frame in frames:
            y, x = (frame[0] > 200).nonzero(as_tuple=True)
            n = 1 if len(y) else 0
            x0 = float(x.min()) if n else 0.0
            found.append(Faces(
                torch.tensor([[x0, 10.0, x0 + 20, 30.0]])[:n],
                torch.tensor([[[x0 + 10, 20.0]] * 5])[:n],
                torch.ones(n),
            ))
        return found
'''


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A module that other processes can import too."""
    (tmp_path / "ferkit_toy_drawn.py").write_text(TOY)
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield importlib.import_module("ferkit_toy_drawn")
    del sys.modules["ferkit_toy_drawn"]


def draw(
    toy: ModuleType,
    store: Path,
    *,
    rows: list[int] | None = None,
    jobs: int | None = 1,
    **params: Any,
) -> tuple[Prepared, Any]:
    chosen, context = toy.ToyParams(**params), Context()
    dataset = toy.ToyDrawn(chosen, context)
    samples = dataset.samples()
    detect = not dataset.aligned
    steps = Steps(
        cropper=toy.ToyCropper(None, context),
        detector=toy.ToyDetector(None, context) if detect else None,
        batch_size=3,
    )
    blueprint = Blueprint(
        dataset=Plan("ferkit_toy_drawn:ToyDrawn", chosen, context),
        steps=StepsPlan(
            cropper=Plan("ferkit_toy_drawn:ToyCropper", chosen, context),
            detector=Plan("ferkit_toy_drawn:ToyDetector", chosen, context) if detect else None,
            batch_size=3,
        ),
    )
    prepared = prepare_drawn(
        dataset,
        samples if rows is None else [samples[row] for row in rows],
        steps=steps,
        blueprint=blueprint,
        settings={"drawn": dataset.fingerprint()},
        store=store,
        jobs=jobs,
    )
    return prepared, dataset


def test_aligned_samples_are_drawn_at_the_croppers_view(toy: ModuleType, tmp_path: Path) -> None:
    prepared, _ = draw(toy, tmp_path)
    assert prepared.kept == (0, 1, 2, 3, 4, 5, 6, 8, 9)
    (failure,) = prepared.failures
    assert (failure.where, failure.kind) == ("row7", "degenerate landmarks")
    clips = prepared.source.read([2, 7])
    assert clips.frames.shape == (2, 2, 1, 3, 8, 8)
    # level 10 i + t, and the mean of the shift: (4 - 20 - i, 4 - 20) / 2 summed
    shift = [(4 - 22 + 4 - 20) / 2, (4 - 28 + 4 - 20) / 2]
    expected = [[max(0, int(20 + t + shift[0])) for t in (0, 1)], [80 - 20, 81 - 20]]
    assert clips.frames[:, :, 0, 0, 0, 0].tolist() == expected
    assert clips.valid.all()


def test_drawn_once_and_only_what_is_asked(toy: ModuleType, tmp_path: Path) -> None:
    prepared, dataset = draw(toy, tmp_path, rows=[8, 2, 2])
    assert prepared.kept == (0, 1, 2)
    assert dataset.drawn == [2]
    prepared, dataset = draw(toy, tmp_path, rows=[2, 3, 8])
    assert prepared.reused == 2
    assert dataset.drawn == [1]
    prepared, dataset = draw(toy, tmp_path, count=11, rows=[2])  # another fingerprint
    assert prepared.reused == 0


def test_raw_frames_go_through_the_detector(toy: ModuleType, tmp_path: Path) -> None:
    prepared, _ = draw(toy, tmp_path, aligned=False)
    assert prepared.kept == (0, 1, 2, 4, 5, 6, 8, 9)
    assert [problem.where for problem in prepared.failures] == ["row3", "row7"]
    assert prepared.failures[0].what == (
        "none of the 2 sampled frames shows a usable face (no face)."
    )
    assert (prepared.source.read(range(8)).frames == 255).all()


def test_several_processes_draw_the_same(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, _ = draw(toy, tmp_path / "one", count=30)
    monkeypatch.setattr(drawn_module, "POOL_FRAMES", 10)
    several, dataset = draw(toy, tmp_path / "two", count=30, jobs=2)
    assert dataset.drawn == []  # not in this process
    assert alone.kept == several.kept
    assert alone.failures == several.failures
    rows = range(len(alone.kept))
    one, two = alone.source.read(rows), several.source.read(rows)
    assert torch.equal(one.frames, two.frames)
    assert torch.equal(one.valid, two.valid)


def test_a_process_that_dies_is_a_run_error(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawn_module, "POOL_FRAMES", 1)
    with pytest.raises(RunError, match="ended unexpectedly"):
        draw(toy, tmp_path, rows=[1], jobs=2, die=True)


def test_nothing_is_drawn_after_an_interruption(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C once the first part is there, and twice more while the others end."""

    class Slow(toy.ToyDrawn):  # type: ignore[misc,name-defined]
        def draw(self, *arguments: Any) -> Any:
            time.sleep(0.05)
            return super().draw(*arguments)

    class Pool(ThreadPoolExecutor):
        """Threads for processes."""

        def __init__(self, workers: int, context: Any, start: Any, given: Any) -> None:
            _, enough = given
            made = Slow(toy.ToyParams(count=30), Context()), Steps(toy.ToyCropper(None, None))
            monkeypatch.setattr(drawing_module, "_made", [(*made, enough)])
            super().__init__(workers)

        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            signal.raise_signal(signal.SIGINT)
            super().shutdown(wait=wait, cancel_futures=cancel_futures)
            signal.raise_signal(signal.SIGINT)

    class Pressed(Quiet):
        def advance(self, done: float, detail: str = "") -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(drawn_module, "POOL_FRAMES", 1)
    monkeypatch.setattr(drawn_module, "PART_SAMPLES", 3)
    monkeypatch.setattr(drawn_module, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(drawn_module, "Quiet", Pressed)
    with pytest.raises(KeyboardInterrupt):
        draw(toy, tmp_path, count=30, jobs=2)
    (folder,) = tmp_path.glob("*/sources")
    parts = sorted(folder.iterdir())
    assert 1 <= len(parts) < 10
    time.sleep(0.1)
    assert sorted(folder.iterdir()) == parts
    monkeypatch.undo()
    prepared, _ = draw(toy, tmp_path, count=30)
    assert prepared.reused in {3 * len(parts), 3 * len(parts) - 1}  # one sample always fails
    assert len(prepared.kept) == 29


def test_a_worker_stops_when_there_is_enough(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = toy.ToyDrawn(toy.ToyParams(), Context()), Steps(toy.ToyCropper(None, None))
    enough = threading.Event()
    enough.set()
    monkeypatch.setattr(drawing_module, "_made", [(*made, enough)])
    with pytest.raises(CancelledError):
        drawing_module.draw_part_elsewhere([0], tmp_path, 0)
    assert not list(tmp_path.glob("sources/*"))


def test_few_frames_need_no_pool(toy: ModuleType, tmp_path: Path) -> None:
    _, dataset = draw(toy, tmp_path, jobs=None)
    assert dataset.drawn == [10]


def test_a_sample_of_another_data_set_is_refused(toy: ModuleType, tmp_path: Path) -> None:
    dataset = toy.ToyDrawn(toy.ToyParams(), Context())
    stranger = replace(dataset.samples()[0], id="stranger")
    unused = Plan("", toy.ToyParams(), Context())
    with pytest.raises(FerkitError, match="no sample 'stranger'"):
        prepare_drawn(
            dataset,
            [stranger],
            steps=Steps(cropper=toy.ToyCropper(None, Context())),
            blueprint=Blueprint(unused, StepsPlan(unused)),
            settings={},
            store=tmp_path,
        )
