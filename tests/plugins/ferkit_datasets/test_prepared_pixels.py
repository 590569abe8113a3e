"""From a distributed copy to crops, where faces need no detector."""

from __future__ import annotations

import io

import numpy as np
import pytest
from click.testing import CliRunner
from dataset_trees import write
from dataset_trees.affectnet import IMAGES, lists
from ferkit_datasets.affectnet import read_affectnet
from ferkit_datasets.params_wild import AffectNetParams
from PIL import Image

from ferkit.catalogue import catalogue
from ferkit.commands.prepare import prepare
from ferkit.faces.from_recipe import prepare_for_recipe
from ferkit.plugin import Context, Kind
from ferkit.plugins import load
from ferkit.recipe import read_recipe


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FERKIT_CACHE", str(tmp_path / "cache"))


def crops(folder, train: str, faces: str):
    """(samples, their pixels as (N, S, S) of red) of a recipe."""
    components = catalogue(load())
    path = folder / "recipe.yaml"
    path.write_text(f"data: {{train: {{{train}, path: .}}}}\nfaces: {{{faces}}}\n")
    recipe = read_recipe(str(path), catalogue=components).recipe
    context = Context(folder=folder)
    dataset = components.build(Kind.DATASET, recipe.data.train, context)
    prepared = prepare_for_recipe(
        dataset,
        dataset.samples(),
        faces=recipe.faces,
        chosen=recipe.data.train,
        catalogue=components,
        context=context,
    )
    assert prepared.failures == ()
    frames = prepared.source.read(range(len(prepared.samples))).frames
    return prepared.samples, frames[:, 0, 0, 0]


FACES = "detector: null, cropper: {use: face, size: 48}"


def test_the_pixels_of_the_table_are_the_crops(grow) -> None:
    values = np.random.default_rng(0).integers(0, 256, (4, 48 * 48))
    usages = ["Training", "Training", "PublicTest", "PrivateTest"]
    rows = [
        f"{code},{' '.join(map(str, pixels))},{usage}"
        for code, (pixels, usage) in enumerate(zip(values, usages, strict=True))
    ]
    folder = grow({"fer2013.csv": "\n".join(["emotion,pixels,Usage", *rows])})
    samples, pixels = crops(folder, "use: fer2013", FACES)
    assert [s.split for s in samples] == ["train", "train", "validation", "test"]
    assert np.array_equal(pixels.numpy(), values.reshape(4, 48, 48))


def test_prepare_by_the_command(grow) -> None:
    row = f"3,{' '.join(['7'] * 2304)},Training"
    folder = grow({"fer2013.csv": f"emotion,pixels,Usage\n{row}\n{row}\n"})
    options = ["--dataset", "fer2013", "--detector", "none", "--size", "48"]
    result = CliRunner().invoke(prepare, [str(folder), *options])
    assert result.exit_code == 0, result.output
    assert "prepared now" in result.output


def test_landmarks_of_affectnet_place_the_eyes(tmp_path) -> None:
    """Eyes of its landmarks at (33, 40) and (63, 42): white dots there are where they belong."""
    picture = np.zeros((100, 100, 3), np.uint8)
    for x, y in ((33, 40), (63, 42)):
        picture[y - 1 : y + 2, x - 1 : x + 2] = 255
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "png")
    files = {
        name: content.getvalue() if name.startswith(IMAGES) else text
        for name, text in lists().items()
    }
    folder = write(files, tmp_path / "data")
    assert read_affectnet(AffectNetParams(path=str(folder))).problems == ()
    _, pixels = crops(folder, "use: affectnet", FACES)
    left, right = (pixels[0, :, half].float() for half in (slice(0, 24), slice(24, 48)))
    columns, rows = np.meshgrid(np.arange(24), np.arange(48))
    # 0.32 of the side apart and 0.37 down it; the middle of the first pixel is at half a pixel.
    for half, x in ((left, 0.34 * 48 - 0.5), (right, 0.66 * 48 - 0.5 - 24)):
        weight = half.numpy() / half.sum().item()
        assert (weight * columns).sum() == pytest.approx(x, abs=0.15)
        assert (weight * rows).sum() == pytest.approx(0.37 * 48 - 0.5, abs=0.15)
