"""The models built from the catalogue, and the JSON Schema that editors get."""

from __future__ import annotations

import jsonschema
import pytest
import yaml

from ferkit.catalogue import catalogue
from ferkit.plugin import Kind
from ferkit.plugins import load
from ferkit.recipe_files import shipped_recipes
from ferkit.recipe_models import RecipeModels, pick_model
from ferkit.recipe_reference import json_schema, recipe_reference
from ferkit.registry import read_registry


def accepts(schema: dict[str, object], document: object) -> bool:
    """Whether a JSON Schema accepts a document."""
    return jsonschema.Draft202012Validator(schema).is_valid(document)


def test_a_pick_is_the_plugins_model_with_use(parts):
    pick = pick_model(parts, Kind.BACKBONE, "resnet")
    assert issubclass(pick, parts.params_model(Kind.BACKBONE, "resnet"))
    made = pick(use="resnet", depth=34)
    assert (made.use, made.depth, made.width) == ("resnet", 34, 1.0)
    assert pick.model_fields["width"].description == "factor of all channels"
    with pytest.raises(ValueError, match="greater than 0"):
        pick(use="resnet", width=0.0)


def test_picks_leave_the_plugins_model_as_it_is(parts):
    fields = parts.params_model(Kind.BACKBONE, "resnet").model_fields
    before = {name: list(info.metadata) for name, info in fields.items()}
    for _ in range(3):
        pick_model(parts, Kind.BACKBONE, "resnet")
    assert {name: list(info.metadata) for name, info in fields.items()} == before


def test_models_of_other_names_are_not_imported(install_plugin):
    install_plugin(
        "torn",
        "from ferkit.plugin import Component, hookimpl\n@hookimpl\ndef ferkit_backbones():\n"
        "    return [Component('torn', 's', 'm:F', params='fake_torn.params:P')]",
        files={"params.py": "import sys\nsys.fake_was_imported = True\nraise RuntimeError('torn')"},
    )
    import sys

    components = catalogue(load(["torn"]))
    RecipeModels(components, {"other"})
    assert not hasattr(sys, "fake_was_imported")


def test_the_schema_is_one_and_knows_each_component(parts):
    schema = json_schema(parts)
    jsonschema.Draft202012Validator.check_schema(schema)
    train = {"use": "things", "path": "x"}
    assert accepts(schema, {"data": {"train": train}})
    assert accepts(schema, {"data": {"train": train}, "model": {"backbone": "resnet"}})
    assert accepts(schema, {"data": {"train": train, "unlabelled": None}})
    assert accepts(schema, {"data": {"train": train}, "matrix": {"variants": {"a": {}}}})
    assert accepts(schema, {"data": {"train": train}, "labelled": {"weightings": ["uniform"]}})
    assert not accepts(schema, {})
    assert not accepts(schema, {"data": {"train": "things"}})  # it has a required parameter
    assert not accepts(schema, {"data": {"train": {"use": "thing", "path": "x"}}})
    assert not accepts(schema, {"data": {"train": {**train, "count": 0}}})
    assert not accepts(schema, {"data": {"train": train}, "model": {"backbone": "vgg"}})
    assert not accepts(schema, {"data": {"train": train}, "matrix": {"variant": {}}})
    assert schema["$defs"]["BackboneResnet"]["properties"]["use"]["const"] == "resnet"


def test_every_recipe_that_ships_fits_the_schema():
    components = catalogue(load())
    schema = json_schema(components)
    for recipe in shipped_recipes(components.loaded):
        document = yaml.safe_load(recipe.path.read_text(encoding="utf-8"))
        errors = list(jsonschema.Draft202012Validator(schema).iter_errors(document))
        assert errors == [], recipe.path


def test_the_recipe_reference_is_that_of_the_built_in_plugins(repository):
    built_in = [plugin.name for plugin in read_registry().plugins if plugin.builtin]
    written = (repository / "docs" / "recipe-reference.md").read_text(encoding="utf-8")
    assert written == recipe_reference(catalogue(load(built_in))), (
        "docs/recipe-reference.md is out of date: write it anew with "
        "'ferkit schema --format markdown > docs/recipe-reference.md'"
    )


def test_the_reference_has_every_key_and_parameter(parts):
    text = recipe_reference(parts)
    for words in (
        "| `validation` | number >= 0, < 1 | `0.1` | fraction of the training data",
        "| `split` | [a section](#datasplit) |",
        "### backbone `resnet`",
        "| `depth` | 18, 34 | `18` | number of layers |",
        "Needs `maps`.",
        "Provides `regions=3`.",
        "| `path` | path | required | where they lie |",
    ):
        assert words in text
