"""Finding recipes by path and by name, and files that are no recipes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ferkit.catalogue import catalogue
from ferkit.errors import FerkitError
from ferkit.plugins import load
from ferkit.recipe import read_recipe
from ferkit.recipe_files import MAX_BYTES, copy_recipe, find_recipe, read_text, shipped_recipes

SHIPPED = "# Things of the plugin (1 minute)\ndata: {train: {use: things, path: x}}\n"


@pytest.fixture
def shipping(install_plugin):
    install_plugin("ships", "", files={"recipes/shipped.yaml": SHIPPED, "recipes/read.me": "no"})
    return load(["ships"])


def test_recipes_of_ferkit_and_of_plugins_are_listed(shipping):
    found = {(recipe.name, recipe.origin): recipe for recipe in shipped_recipes(shipping)}
    assert found["shipped", "ships"].summary == "Things of the plugin (1 minute)"
    assert ("quickstart", "ferkit") in found
    assert "read" not in {name for name, _ in found}


def test_recipes_in_folders_are_called_by_both_names(install_plugin, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = {"recipes/alone.yaml": SHIPPED, "recipes/sub/deep/one.yaml": SHIPPED}
    install_plugin("ships", "", files=files)
    loaded = load(["ships"])
    found = [recipe for recipe in shipped_recipes(loaded) if recipe.origin == "ships"]
    assert [(recipe.group, recipe.name) for recipe in found] == [
        ("", "alone"),
        ("sub/deep", "sub/deep/one"),
    ]
    assert find_recipe("sub/deep/one", loaded) == found[1].path
    assert copy_recipe("sub/deep/one", tmp_path / "mine", loaded).name == "one.yaml"
    for name in ("sub/deep/on", "sub/deep/onee", "onee"):
        what = rf"^{name}: no such file, and no recipe of this name. Did you mean 'sub/deep/one'\?$"
        with pytest.raises(FerkitError, match=what):
            find_recipe(name, loaded)
    with pytest.raises(FerkitError, match=r"no recipe 'one' ships. Did you mean 'sub/deep/one'"):
        copy_recipe("one", tmp_path, loaded)


def test_every_recipe_that_ships_has_a_summary_and_is_right():
    components = catalogue(load())
    for recipe in shipped_recipes(components.loaded):
        assert recipe.summary, recipe.path
        read_recipe(recipe.name, catalogue=components)


def test_a_name_finds_what_ships_and_a_file_wins(shipping, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_recipe("shipped", shipping).name == "shipped.yaml"
    Path("shipped").write_text(SHIPPED)
    assert find_recipe("shipped", shipping) == Path("shipped")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("shiped", r"^shiped: no such file, and no recipe of this name. Did you mean 'shipped'\?$"),
        ("shipped.yaml", r"^shipped.yaml: no such file. Did you mean 'shipped'\?$"),
        ("mine.yml", r"^mine.yml: no such file. Did you mean 'mine.yaml'\?$"),
        (
            "sub/own.yaml",
            r"^sub/own.yaml: no such file. 'ferkit recipes' lists those that ship.$",
        ),
        ("mine.yaml/x", r"^mine.yaml/x: no such file"),
        ("zzzzzz", r"^zzzzzz: no such file, and no recipe of this name. 'ferkit recipes' lists"),
    ],
)
def test_a_recipe_that_is_not_there(shipping, tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(SHIPPED)
    with pytest.raises(FerkitError, match=message):
        find_recipe(name, shipping)


def test_a_name_that_two_plugins_ship(install_plugin):
    for name in ("one", "two"):
        install_plugin(name, "", files={"recipes/both.yaml": SHIPPED})
    with pytest.raises(
        FerkitError, match=r"the recipe 'both' ships with 'one' and 'two'. Give its"
    ):
        find_recipe("both", load(["one", "two"]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: \xff\n", r"^r.yaml:1:4: is not UTF-8: byte 0xff. Save it as UTF-8"),
        (b"a: 1\nb: caf\xe9\n", r"^r.yaml:2:7: is not UTF-8: byte 0xe9"),
        ("a: 1".encode("utf-16"), r"^r.yaml: is UTF-16"),
        (b"#" * (MAX_BYTES + 1), r"^r.yaml: is larger than 1 MiB"),
    ],
)
def test_bytes_that_are_no_recipe(tmp_path, content, message):
    path = tmp_path / "r.yaml"
    path.write_bytes(content)
    with pytest.raises(FerkitError, match=message):
        read_text(path, "r.yaml")


def test_a_mark_before_utf8_is_no_part_of_the_text(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_text(path, "r.yaml") == "a: 1\n"


def test_a_folder_is_no_recipe(tmp_path):
    (tmp_path / "a.yaml").write_text("a: 1")
    with pytest.raises(
        FerkitError, match=r"^d: is a folder, not a recipe file. Recipes in it: a.y"
    ):
        read_text(tmp_path, "d")


def test_a_pipe_is_no_recipe(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(FerkitError, match="pipe: is not a regular file"):
        read_text(tmp_path / "pipe.yaml", "pipe")


def test_a_dangling_link_is_told(tmp_path, shipping):
    link = tmp_path / "r.yaml"
    link.symlink_to(tmp_path / "gone.yaml")
    with pytest.raises(FerkitError, match="is not a regular file"):
        read_text(find_recipe(str(link), shipping), str(link))


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = tmp_path / "r.yaml"
    path.write_text("a: 1")

    def refuse(*given: object, **named: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # as root, chmod would refuse nothing
    with pytest.raises(FerkitError, match=r"^r.yaml: can't be read: Permission denied.$"):
        read_text(path, "r.yaml")


def test_a_copy_never_overwrites(shipping, tmp_path):
    copied = copy_recipe("shipped", tmp_path / "new" / "folder", shipping)
    assert copied == tmp_path / "new" / "folder" / "shipped.yaml"
    assert copied.read_text() == SHIPPED
    copied.write_text("mine")
    with pytest.raises(FerkitError, match=r"shipped.yaml: exists already and is not overwritten"):
        copy_recipe("shipped", copied.parent, shipping)
    assert copied.read_text() == "mine"


def test_copying_what_is_not_there_or_into_a_file(shipping, tmp_path):
    with pytest.raises(FerkitError, match=r"no recipe 'shippd' ships. Did you mean 'shipped'\?"):
        copy_recipe("shippd", tmp_path, shipping)
    (tmp_path / "file").write_text("")
    with pytest.raises(FerkitError, match="file: is not a folder"):
        copy_recipe("shipped", tmp_path / "file", shipping)
