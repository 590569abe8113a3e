"""The `faces:` section with the installed components, on drawn data and on real files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from ferkit.cache import cache_folder
from ferkit.catalogue import Catalogue, catalogue
from ferkit.contracts.faces import Faces
from ferkit.faces.from_recipe import (
    crop_settings,
    fingerprints,
    make_steps,
    plan_steps,
    prepare_for_recipe,
    store_folder,
    store_settings,
)
from ferkit.faces.prepared import Prepared
from ferkit.faces.steps import Steps
from ferkit.plugin import Context, Kind
from ferkit.plugins import load
from ferkit.recipe import validate
from ferkit.sections import Recipe

Prepare = Callable[..., tuple[Prepared, Any]]


@pytest.fixture(scope="module")
def components() -> Catalogue:
    return catalogue(load())


def read(components: Catalogue, train: dict[str, Any], **faces: Any) -> Recipe:
    return validate({"data": {"train": train}, "faces": faces}, catalogue=components)


@pytest.fixture
def prepare(components: Catalogue, tmp_path: Path) -> Prepare:
    def go(train: dict[str, Any], **faces: Any) -> tuple[Prepared, Any]:
        faces.setdefault("store", str(tmp_path / "store"))
        recipe = read(components, train, **faces)
        dataset = components.build(Kind.DATASET, recipe.data.train, Context())
        samples = dataset.samples()
        prepared = prepare_for_recipe(
            dataset,
            samples,
            faces=recipe.faces,
            chosen=recipe.data.train,
            catalogue=components,
            context=Context(),
        )
        return prepared, samples

    return go


def folder_of(path: Path) -> dict[str, Any]:
    return {"use": "unlabelled_folder", "path": str(path)}


def names(prepared: Prepared) -> dict[str, str]:
    return {Path(problem.where).name: problem.kind for problem in prepared.failures}


def test_default_store_is_the_users_cache(components: Catalogue, tmp_path: Path) -> None:
    train = folder_of(tmp_path)
    recipe = read(components, train)
    assert store_folder(recipe.faces, Context()) == cache_folder("stores")
    own = read(components, train, store=str(tmp_path / "own"))
    assert store_folder(own.faces, Context()) == tmp_path / "own"


def test_settings_hold_what_changes_crops(components: Catalogue, tmp_path: Path) -> None:
    train = folder_of(tmp_path)
    usual = crop_settings(read(components, train).faces, components)
    assert usual["detector"]["use"] == "mtcnn"
    assert usual["cropper"]["size"] == 224
    assert crop_settings(read(components, train, batch_size=3).faces, components) == usual
    for change in (
        {"min_score": 0.5},
        {"cropper": {"use": "face", "size": 96}},
        {"detector": {"use": "mtcnn", "min_face_px": 20}},
        {"enhancer": {"use": "clahe"}},
        {"sampling": {"mode": "all"}},
        {"detector": None},
    ):
        assert crop_settings(read(components, train, **change).faces, components) != usual


def test_a_strangers_component_is_told_apart_by_version(
    components: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faces = read(components, folder_of(tmp_path)).faces
    assert "from" not in crop_settings(faces, components)["detector"]
    own = components.get(Kind.FACE_DETECTOR, "mtcnn")
    stranger = replace(own, distribution="their-detector", version="2.1")
    monkeypatch.setitem(components._entries, (Kind.FACE_DETECTOR, "mtcnn"), stranger)
    assert crop_settings(faces, components)["detector"]["from"] == "their-detector 2.1"


PRECISE = """
    from ferkit.plugin import Component, hookimpl


    @hookimpl
    def ferkit_face_detectors():
        part = "fake_precise.detector:Detector"
        return [Component("precise", "", part, params="fake_precise.detector:Precision")]
"""
PRECISE_DETECTOR = """
    from pydantic import Field

    from ferkit.plugin import Params


    class Precision(Params):
        half: bool | None = Field(None, json_schema_extra={"crops": False})


    class Detector:
        certain_score = 0.5

        def __init__(self, params, context):
            half = context.device != "cpu" if params.half is None else params.half
            if half:
                self.fingerprint = "float16"
"""


def test_the_precision_in_force_counts_and_not_the_device(install_plugin: Any) -> None:
    install_plugin("precise", PRECISE, files={"detector.py": PRECISE_DETECTOR})
    components = catalogue(load())

    def settings(device: str, **params: Any) -> dict[str, Any]:
        detector = {"use": "precise", **params}
        faces = read(components, {"use": "rendered"}, detector=detector).faces
        steps = make_steps(faces, components, Context(device=device))
        return store_settings(faces, components, steps)

    full, half = settings("cpu"), settings("cuda:0")
    assert half == full | {"detector_files": "float16"}
    assert settings("cpu", half=False) == settings("cuda:1", half=False) == full
    assert settings("cuda:1") == settings("cuda:0", half=True) == half


ALIASED = """
    from ferkit.plugin import Component, hookimpl


    @hookimpl
    def ferkit_face_detectors():
        part = "fake_aliased.detector:Detector"
        return [Component("aliased", "", part, params="fake_aliased.detector:Aliased")]
"""
ALIASED_DETECTOR = """
    from pydantic import Field

    from ferkit.plugin import Params


    class Aliased(Params):
        a: int = Field(1, alias="b")
        hidden: float = Field(2, exclude=True)


    class Detector:
        certain_score = 0.5

        def __init__(self, params, context):
            self.values = (params.a, params.hidden)
"""


def test_parameters_with_an_alias_or_left_out_when_written_count(install_plugin: Any) -> None:
    install_plugin("aliased", ALIASED, files={"detector.py": ALIASED_DETECTOR})
    components = catalogue(load())

    def chosen(**params: Any) -> tuple[dict[str, Any], tuple[int, float]]:
        detector = {"use": "aliased", **params}
        faces = read(components, {"use": "rendered"}, detector=detector).faces
        plan = plan_steps(faces, components, Context())
        assert plan.detector is not None
        detector = crop_settings(faces, components)["detector"]
        return {name: detector[name] for name in ("a", "hidden")}, plan.detector.build().values

    assert chosen() == ({"a": 1, "hidden": 2.0}, (1, 2))
    assert chosen(b=7) == ({"a": 7, "hidden": 2.0}, (7, 2))
    assert chosen(hidden=3) == ({"a": 1, "hidden": 3.0}, (1, 3.0))


def test_rendered_faces_are_drawn_where_the_cropper_says(prepare: Prepare) -> None:
    train = {"use": "rendered", "count": 4}
    cropper = {"use": "face_eyes_mouth", "size": 32}
    prepared, samples = prepare(train, cropper=cropper)
    assert prepared.kept == tuple(range(len(samples)))
    assert prepared.source.regions == ("face", "eyes", "mouth")
    clips = prepared.source.read([0, 1])
    assert clips.frames.shape[2:] == (3, 3, 32, 32)
    assert clips.valid.all()
    assert clips.frames.float().std() > 10
    assert prepare(train, cropper=cropper)[0].reused == 4


def test_photographs(prepare: Prepare, real_data: Path) -> None:
    prepared, samples = prepare(folder_of(real_data / "photos"))
    assert len(prepared.kept) == len(samples) - 2
    assert names(prepared) == {
        "BWPictureHuman.jpg": "no face",
        "free-mountain-vector-01.jpg": "no face",
    }
    assert prepared.source.read([0]).frames.shape == (1, 1, 1, 3, 224, 224)


def test_poses_with_three_regions_and_enhancer(prepare: Prepare, real_data: Path) -> None:
    cropper = {"use": "face_eyes_mouth", "size": 64}
    plain, samples = prepare(folder_of(real_data / "poses"), cropper=cropper)
    assert len(plain.kept) == len(samples) == 8
    even, _ = prepare(folder_of(real_data / "poses"), cropper=cropper, enhancer={"use": "clahe"})
    rows = range(8)
    assert even.reused == 0
    assert even.source.read(rows).frames.shape == (8, 1, 3, 3, 64, 64)
    assert not torch.equal(even.source.read(rows).frames, plain.source.read(rows).frames)


def test_a_table_keeps_labels_with_their_photographs(
    prepare: Prepare, real_data: Path, tmp_path: Path
) -> None:
    london = real_data / "london"
    lines = ["path,label,subject"]
    for subject in ("001", "002", "003"):
        lines.append(f"{london}/neutral/{subject}.jpg,neutral,{subject}")
        lines.append(f"{london}/happy/{subject}.jpg,happy,{subject}")
        lines.append(f"{real_data}/photos/free-mountain-vector-01.jpg,happy,none")
    del lines[6], lines[8]  # the drawing once
    (tmp_path / "table.csv").write_text("\n".join(lines) + "\n")
    prepared, samples = prepare(
        {"use": "table", "path": str(tmp_path / "table.csv")}, cropper={"use": "face", "size": 48}
    )
    assert len(samples) == 7
    assert [samples[position].subject for position in prepared.kept] == [
        "001",
        "001",
        "002",
        "002",
        "003",
        "003",
    ]
    assert len(prepared.failures) == 1
    assert len(prepared.source) == 6


def test_videos(prepare: Prepare, real_data: Path, tmp_path: Path) -> None:
    for name in ("single_face.mp4", "no_face.mp4"):
        (tmp_path / "videos").mkdir(exist_ok=True)
        (tmp_path / "videos" / name).symlink_to(real_data / "videos" / name)
    prepared, samples = prepare(
        folder_of(tmp_path / "videos"),
        sampling={"mode": "even", "value": 8},
        cropper={"use": "face", "size": 64},
    )
    assert [Path(samples[position].path).name for position in prepared.kept] == ["single_face.mp4"]
    clips = prepared.source.read([0])
    assert clips.frames.shape == (1, 8, 1, 3, 64, 64)
    assert clips.valid.all()
    (failure,) = prepared.failures
    assert failure.what == "none of the 8 sampled frames shows a usable face (no face)."


def test_files_that_a_part_reads_tell_stores_apart() -> None:
    class Weighted:
        fingerprint = "abc"

        def __call__(self, images: torch.Tensor) -> torch.Tensor:
            return images

    class Cropper:
        regions, size = ("face",), 8

        def transforms(self, faces: Faces) -> torch.Tensor:
            return torch.zeros(0, 1, 2, 3)

    assert fingerprints(Steps(Cropper())) == {}
    assert fingerprints(Steps(Cropper(), enhancer=Weighted())) == {"enhancer_files": "abc"}
