"""Reading recipes: validation against the catalogue, every error at once with its place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ferkit.errors import FerkitError, FerkitErrors
from ferkit.recipe import dump_recipe, read_recipe, recipe_document, recipe_hash, validate
from ferkit.sections import Pick, Recipe

GOOD = "data:\n  train: {use: things, path: here}\n"


@pytest.fixture
def recipe_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Writes a recipe as r.yaml into the current folder."""
    monkeypatch.chdir(tmp_path)

    def write(text: str, name: str = "r.yaml") -> str:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return name

    return write


@pytest.fixture
def wrong(recipe_file, parts):
    """Reads a recipe that is wrong and gives its messages, a line each."""

    def read(text: str, *overrides: str) -> list[str]:
        with pytest.raises(FerkitError) as caught:
            read_recipe(recipe_file(text), overrides=overrides, catalogue=parts)
        return str(caught.value).splitlines()

    return read


def test_a_recipe_is_resolved(recipe_file, parts, tmp_path):
    text = GOOD + "model: {backbone: resnet}\nlabelled: {label_updates: [fixed, {use: fixed}]}\n"
    read = read_recipe(recipe_file(text, "my recipe.yaml"), catalogue=parts)
    assert isinstance(read.recipe, Recipe)
    assert (read.name, read.recipe.name) == ("my-recipe", "my-recipe")
    assert read.recipe.data.train.use == "things"
    assert read.recipe.data.train.path == str(tmp_path / "here")
    assert isinstance(read.recipe.model.backbone, Pick)
    assert (read.recipe.model.backbone.use, read.recipe.model.backbone.depth) == ("resnet", 18)
    assert read.recipe.faces.detector.use == "mtcnn"
    assert read.recipe.loop.use == "supervised"
    assert [update.eps for update in read.recipe.labelled.label_updates] == [0.05, 0.05]
    assert read.matrix is None
    assert read.folder == tmp_path
    assert read.path == tmp_path / "my recipe.yaml"
    assert read.document["data"] == {"train": {"use": "things", "path": "here"}}
    assert read.plugins_used == {"parts": "1.2"}


def test_parameters_are_those_of_the_plugins_own_model(recipe_file, parts):
    from ferkit.plugin import Kind

    read = read_recipe(recipe_file(GOOD), catalogue=parts)
    assert isinstance(read.recipe.data.train, parts.params_model(Kind.DATASET, "things"))


def test_neither_torch_nor_a_factory_is_imported_by_reading_a_recipe(repository, tmp_path):
    (tmp_path / "r.yaml").write_text("data: {train: rendered}\n")
    code = (
        "import sys\n"
        "sys.modules['torch'] = None\n"  # importing it would now raise
        "from ferkit.cli import main\n"
        "assert main(['check', 'r.yaml']) == 0\n"
        "assert main(['schema']) == 0\n"
        "assert main(['plugins']) == 0\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "r.yaml is right." in done.stdout


def test_all_errors_come_at_once_in_the_order_of_the_file(wrong):
    assert wrong(
        """\
seed: "3"
lr: 0.1
data:
  train: {use: things, path: 7, cuont: 3}
  labels: 0
  split: {by: subjct, validation: yes}
model:
  backbone: resnett
  dropout: 1.5
training:
  class_weights: no
  batch_size: 3.0
  optimiser: {betas: [0.9], lr: 1e-4}
labelled:
  label_updates:
  - fixed
  - use: fixed
    epsilon: 1
  weightings: uniform
"""
    ) == [
        "r.yaml:1:7: seed must be a whole number, not '3'. Leave out the quotes.",
        "r.yaml:2:1: unknown key 'lr'. It belongs in training.optimiser.",
        "r.yaml:4:30: data.train.path must be text, not 7. Put it in quotes: '7'.",
        "r.yaml:4:33: unknown key 'cuont' in data.train. Did you mean 'count'?",
        "r.yaml:5:11: data.labels must be at least 1, not 0.",
        "r.yaml:6:15: data.split.by must be one of auto, subject, stratified, not 'subjct'. "
        "Did you mean 'subject'?",
        "r.yaml:6:35: data.split.validation must be a number, not 'yes'.",
        "r.yaml:8:13: no backbone 'resnett'. Did you mean 'resnet'? See 'ferkit plugins'.",
        "r.yaml:9:12: model.dropout must be less than 1, not 1.5.",
        "r.yaml:11:18: training.class_weights must be true or false, not 'no'. 'no' is a word "
        "here, not a truth value: write false.",
        "r.yaml:12:15: training.batch_size must be a whole number, not 3.0. Write 3.",
        "r.yaml:13:22: training.optimiser.betas.1 is missing.",
        "r.yaml:18:5: unknown key 'epsilon' in labelled.label_updates.1. Did you mean 'eps'?",
        "r.yaml:19:15: labelled.weightings must be a list, not 'uniform'. Write [uniform].",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed: 1\n", "r.yaml:1:1: data is missing."),
        ("data: {}\n", "r.yaml:1:7: data.train is missing (labelled samples)."),
        ("data:\n", "r.yaml:1:6: data must be a mapping (key: value), not null. Fill it in"),
        (
            "data: {train: {use: things}}",
            "r.yaml:1:15: data.train.path is missing (where they lie)",
        ),
        ("data: {train: things}", "r.yaml:1:15: data.train.path is missing (where they lie)."),
        ("data: {train: {path: x}}", "r.yaml:1:15: data.train names no dataset: 'use' is missing."),
        ("data: {train: 3}", "r.yaml:1:15: data.train must be the name of a dataset, or a mapping"),
        ("data: {train: {use: 3}}", "r.yaml:1:21: data.train.use must be text, not 3."),
        ("data: {train: null}", "r.yaml:1:15: data.train must be the name of a dataset"),
        (
            "data: {train: {use: thing}}",
            "r.yaml:1:21: no dataset 'thing'. Did you mean 'things'?",
        ),
        (
            "data: {train: {use: resnet}}",
            "r.yaml:1:21: no dataset 'resnet'. 'resnet' is a backbone.",
        ),
        (GOOD + "faces: {cropper: {use: face, face: -1}}", "faces.cropper.face must be at least 0"),
        (GOOD + "model: {backbone: {use: resnet, width: true}}", "must be a number, not true."),
        (GOOD + "seed: true", "r.yaml:3:7: seed must be a whole number, not true."),
        (GOOD + "name: 5", "r.yaml:3:7: name must be text, not 5. Put it in quotes: '5'."),
        (GOOD + "name: a/b", "name must be a name of letters, digits, '.', '_' and '-' that"),
        (
            GOOD + "model: {backbone: {use: resnet, depth: 50}}",
            "depth must be one of 18, 34, not 50",
        ),
        (
            GOOD + "model: {seed: 1}",
            "'seed' in model. It belongs at the top level or in data.split or in data.noise",
        ),
        (GOOD + "data2: 1", "unknown key 'data2'. Did you mean 'data'?"),
        (GOOD + "schema_version: 2", "this recipe has format 2, this ferkit reads 1. A newer"),
        (GOOD + "model: {aggregation: {space: null}}", "must be the name of an aggregation"),
        ("- 1\n", "r.yaml:1:1: a recipe must be a mapping (key: value)."),
        ("hello", "r.yaml:1:1: a recipe must be a mapping (key: value)."),
        ("", "r.yaml: is empty. 'ferkit recipes' lists examples."),
        ("# nothing\n", "r.yaml: is empty."),
        (
            "data: {train: {use: things, path: x, odd: 4, size: big, speed: fats, share: .inf}}",
            "data.train.odd is wrong: 4 is even.",
        ),
        (
            "data: {train: {use: things, path: x, size: big}}",
            "r.yaml:1:44: data.train.size must be a whole number or auto, not 'big'.",
        ),
        (
            "data: {train: {use: things, path: x, speed: fats}}",
            "data.train.speed must be one of fast, slow, not 'fats'. Did you mean 'fast'?",
        ),
        (
            "data: {train: {use: things, path: x, share: .inf}}",
            "data.train.share must be a finite number, not .inf.",
        ),
        (
            "data: {train: {use: things, path: x, names: {a: 1}}}",
            "r.yaml:1:49: data.train.names.a must be text, not 1.",
        ),
        (
            GOOD + "matrix: {variants: {a: {}}, seeds: []}",
            "matrix.seeds needs at least 1 entry, it",
        ),
    ],
)
def test_each_error_is_in_plain_words(wrong, text, message):
    assert message in "\n".join(wrong(text))


def test_the_same_check_holds_for_overrides(wrong):
    assert wrong(GOOD, "model.backbone.use=resnett", "training.lr=1", "seed=x") == [
        "--set seed: seed must be a whole number, not 'x'.",
        "--set model.backbone.use: no backbone 'resnett'. Did you mean 'resnet'? See "
        "'ferkit plugins'.",
        "--set training.lr: unknown key 'lr' in training. It belongs in training.optimiser.",
    ]


def test_overrides_are_applied(recipe_file, parts):
    read = read_recipe(
        recipe_file(GOOD), overrides=["training.batch_size=8", "name=other"], catalogue=parts
    )
    assert read.recipe.training.batch_size == 8
    assert read.name == "other"


def test_a_default_component_that_is_not_installed(recipe_file, install_plugin):
    from ferkit.catalogue import catalogue
    from ferkit.plugins import load

    install_plugin(
        "lone",
        "from ferkit.plugin import Component, hookimpl\n@hookimpl\ndef ferkit_datasets():\n"
        "    return [Component('things', 's', 'm:F')]",
    )
    with pytest.raises(FerkitErrors, match=r"faces.detector, by default: no face detector 'mtcnn'"):
        read_recipe(recipe_file("data: {train: things}"), catalogue=catalogue(load(["lone"])))


def test_a_broken_parameter_module_harms_only_recipes_that_use_it(
    recipe_file, install_plugin, parts
):
    from ferkit.catalogue import catalogue
    from ferkit.plugins import load

    install_plugin(
        "torn",
        "from ferkit.plugin import Component, hookimpl\n@hookimpl\ndef ferkit_backbones():\n"
        "    return [Component('torn', 's', 'm:F', params='fake_torn.params:P')]",
        files={"params.py": "raise RuntimeError('torn module')"},
    )
    both = catalogue(load(["parts", "torn"]))
    assert read_recipe(recipe_file(GOOD), catalogue=both).recipe.model.backbone.use == "small_cnn"
    with pytest.raises(
        FerkitErrors, match=r"r.yaml:3:19: the parameters of backbone 'torn' of plugin"
    ):
        read_recipe(recipe_file(GOOD + "model: {backbone: torn}"), catalogue=both)


def test_what_is_written_reads_back_to_an_equal_recipe(recipe_file, parts, tmp_path):
    text = (
        "data:\n  train: {use: things, path: here, names: {no: 'yes', '1': '1e5'}, share: 1e-7}\n"
        "  classes: ['no', 'null', '1', '0o7', 'a: b', 'é']\n"
        "faces: {store: ../store, enhancer: clahe, detector: null}\n"
        "training: {augmentation: null, optimiser: {lr: 1e-5}}\n"
        "labelled: {weightings: [uniform]}\n"
    )
    first = read_recipe(recipe_file(text), catalogue=parts)
    dumped = dump_recipe(first.recipe)
    elsewhere = tmp_path / "runs" / "one"
    elsewhere.mkdir(parents=True)
    (elsewhere / "recipe.yaml").write_text(dumped, encoding="utf-8")
    second = read_recipe(str(elsewhere / "recipe.yaml"), catalogue=parts)
    assert second.recipe == first.recipe
    assert second.recipe.name == "r"
    assert second.recipe.data.train.path == str(tmp_path / "here")
    assert second.recipe.faces.store == str(tmp_path.parent / "store")
    assert dump_recipe(second.recipe) == dumped
    assert recipe_document(first.recipe)["faces"]["enhancer"] == {"use": "clahe"}
    assert next(iter(recipe_document(first.recipe)["data"]["train"])) == "use"


def test_recipes_of_other_content_are_not_equal(recipe_file, parts):
    first = read_recipe(recipe_file(GOOD), catalogue=parts).recipe
    other = read_recipe(recipe_file(GOOD), overrides=["seed=1"], catalogue=parts).recipe
    assert first != other
    assert first != "a recipe"


def test_validate_takes_a_plain_document(parts, tmp_path):
    document = {"data": {"train": {"use": "things", "path": "x"}}}
    recipe = validate(document, catalogue=parts, name="v", folder=tmp_path)
    assert (recipe.name, recipe.data.train.path) == ("v", str(tmp_path / "x"))
    with pytest.raises(FerkitErrors, match=r"^variant a: seed must be a whole number, not 'x'"):
        validate({**document, "seed": "x"}, catalogue=parts, source="variant a")


def test_the_hash_is_of_the_content():
    assert recipe_hash({"a": 1, "b": [2]}) == recipe_hash({"b": [2], "a": 1})
    assert recipe_hash({"a": 1}) != recipe_hash({"a": 2})
    assert len(recipe_hash({})) == 64


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda", "cuda:1", "mps"])
def test_devices(recipe_file, parts, device):
    read = read_recipe(recipe_file(GOOD), overrides=[f"training.device={device}"], catalogue=parts)
    assert read.recipe.training.device == device


@pytest.mark.parametrize("device", ["banana", "cuda:", "cuda:x", "CPU"])
def test_what_is_no_device(wrong, device):
    assert wrong(GOOD + f"training: {{device: '{device}'}}\n") == [
        "r.yaml:3:20: training.device must be auto, cpu, cuda, cuda:N (N: a number) or mps, not "
        f"'{device}'."
    ]


@pytest.mark.parametrize("number", [".inf", "-.inf", ".nan"])
def test_numbers_are_finite_in_sections_and_parameters(wrong, number):
    lines = wrong(
        f"data:\n  train: {{use: things, path: here, share: {number}}}\n"
        f"training:\n  clip_norm: {number}\n  optimiser: {{lr: {number}}}\n"
        f"loop: supervised\nmodel: {{backbone: {{use: resnet, width: {number}}}}}\n"
    )
    assert lines == [
        f"r.yaml:{place} must be a finite number, not {number}."
        for place in (
            "2:43: data.train.share",
            "4:14: training.clip_norm",
            "5:19: training.optimiser.lr",
            "7:40: model.backbone.width",
        )
    ]


@pytest.mark.parametrize(
    ("override", "hint"),
    [
        ("labelled.label_updates.0=fixed", "There is no list yet: set the whole list, [fixed]."),
        ("labelled.label_updates.0.use=fixed", "There is no list yet: set the whole list."),
    ],
)
def test_setting_an_entry_of_a_list_that_is_not_there(wrong, override, hint):
    place = f"--set {override.partition('=')[0]}"
    assert wrong(GOOD, override) == [
        f"{place}: labelled.label_updates must be a list, not a mapping. {hint}"
    ]


def test_very_long_keys_are_shortened(wrong):
    (line,) = wrong(GOOD.replace("here", f"here, names: {{{'n' * 300}: 3}}"))
    assert line.endswith(
        f"data.train.names.{'n' * 37}... must be text, not 3. Put it in quotes: '3'."
    )
    (line,) = wrong(f"{'n' * 300}: 3\n{'n' * 300}: 3\n")
    assert line == f"r.yaml:2:1: the key '{'n' * 37}...' is given twice, first in line 1."


def test_an_unknown_key_with_dots_in_it_is_one_key(wrong):
    (line,) = wrong(GOOD + "training.device: cpu\n")
    assert line.startswith("r.yaml:3:1: unknown key 'training.device'. ")
