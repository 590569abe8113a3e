"""`ferkit check`, `schema`, `plugins` and `recipes`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ferkit.cli import main
from ferkit.plugin import Kind
from ferkit.recipe_files import shipped_recipes

GOOD = "data: {train: {use: things, path: x}}\n"


@pytest.fixture
def only_parts(parts, monkeypatch, tmp_path):
    """Commands see the made-up components only, and run in an empty folder."""
    monkeypatch.setenv("FERKIT_PLUGINS", "parts")
    monkeypatch.chdir(tmp_path)
    return parts


def test_check_says_what_a_recipe_amounts_to(only_parts, capsys):
    Path("r.yaml").write_text(GOOD + "matrix: {seeds: [0, 1], variants: {a: {}, b: {}}}\n")
    assert main(["check", "r.yaml"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "r.yaml is right."
    assert "  dataset: things" in lines
    assert "  SSL loop: supervised" in lines
    assert "  matrix: a, b; 2 seeds" in lines
    assert lines[-1] == "  plugins: parts 1.2"


def test_check_reports_every_error(only_parts, capsys):
    Path("r.yaml").write_text(GOOD + "seed: x\n")
    assert main(["check", "r.yaml", "--set", "model.dropout=2"]) == 2
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        "r.yaml:2:7: seed must be a whole number, not 'x'.",
        "--set model.dropout: model.dropout must be less than 1, not 2.",
    ]
    assert captured.out == ""


@pytest.mark.parametrize("name", ["", " "])
def test_check_of_nothing(only_parts, capsys, name):
    assert main(["check", name]) == 2
    assert capsys.readouterr().err.startswith("ferkit: no recipe is named: the name is empty. ")


def test_check_of_what_is_no_recipe_at_all_stays_readable(only_parts, capsys):
    Path("r.yaml").write_text(GOOD + "".join(f"{'k' * 100}{n}: 1\n" for n in range(3000)))
    assert main(["check", "r.yaml"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 51
    assert lines[0].startswith(f"r.yaml:2:1: unknown key '{'k' * 35}...'. Known here: data, ")
    assert lines[-1] == "... and 2950 more."
    assert max(map(len, lines)) < 250


def test_check_takes_the_name_of_a_recipe_that_ships(capsys):
    assert main(["check", "quickstart"]) == 0
    assert "quickstart.yaml is right." in capsys.readouterr().out


def test_schema_prints_json_or_markdown(only_parts, capsys):
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "matrix" in schema["properties"]
    assert main(["schema", "--format", "markdown"]) == 0
    assert capsys.readouterr().out.startswith("# Recipe reference\n")


def test_plugins_lists_components_and_what_is_broken(
    only_parts, install_plugin, monkeypatch, capsys
):
    install_plugin("bad", "raise ValueError('torn')", version="0.3")
    install_plugin("quiet", "")
    monkeypatch.setenv("FERKIT_PLUGINS", "parts,bad,quiet")
    assert main(["plugins"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["kind", "name", "plugin", "version", "summary", "state"]
    assert any(line.split()[:4] == ["backbone", "resnet", "parts", "1.2"] for line in lines)
    (bad,) = [line for line in lines if " bad " in line]
    assert bad.split() == ["-", "-", "bad", "0.3", "-", "broken"]
    assert lines[-2:] == [
        "",
        "Broken: plugin 'bad': importing 'fake_bad' failed: ValueError: torn",
    ]
    assert any("quiet" in line and "ok, offers no component" in line for line in lines)
    assert any("basics" in line and "left out by FERKIT_PLUGINS" in line for line in lines)


def test_plugins_as_json(only_parts, install_plugin, monkeypatch, capsys):
    install_plugin("bad", "raise ValueError('torn')")
    monkeypatch.setenv("FERKIT_PLUGINS", "parts,bad")
    assert main(["plugins", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    net = next(row for row in rows if (row["kind"], row["name"]) == ("backbone", "small_cnn"))
    assert net["plugin"] == "parts"
    assert net["provides"] == ["maps"]
    assert net["state"] == "ok"
    (bad,) = [row for row in rows if row["plugin"] == "bad"]
    assert bad["kind"] is None
    assert bad["state"].startswith("broken: ")


@pytest.mark.parametrize("kind", ["backbone", "Backbones", "ssl-loop", "ssl loop"])
def test_plugins_of_one_kind(only_parts, capsys, kind):
    assert main(["plugins", "--json", "--kind", kind]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["kind"] for row in rows} == {
        "backbone" if kind.lower().startswith("b") else "ssl_loop"
    }


def test_a_component_with_a_broken_parameter_module_is_shown_so(
    install_plugin, monkeypatch, capsys
):
    install_plugin(
        "torn",
        "from ferkit.plugin import Component, hookimpl\n@hookimpl\ndef ferkit_backbones():\n"
        "    return [Component('torn', 's', 'm:F', params='fake_torn.absent:P')]",
    )
    monkeypatch.setenv("FERKIT_PLUGINS", "torn")
    assert main(["plugins", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)[0]
    assert row["state"].startswith("broken: the parameters of backbone 'torn'")


TWIN = """
from ferkit.plugin import Component, hookimpl

@hookimpl
def ferkit_backbones():
    return [Component("resnet", "another", "fake_twin:F")]
"""


def test_duplicates_are_listed_and_shown_but_not_run(
    only_parts, install_plugin, monkeypatch, capsys
):
    install_plugin("twin", TWIN)
    monkeypatch.setenv("FERKIT_PLUGINS", "parts,twin")
    assert main(["plugins", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["plugin"], row["state"]) for row in rows if row["name"] == "resnet"] == [
        ("parts", "duplicate"),
        ("twin", "duplicate"),
    ]
    assert next(row for row in rows if row["name"] == "small_cnn")["state"] == "ok"
    both = "the plugins 'parts' and 'twin' both offer a backbone named 'resnet'. Uninstall one"
    assert main(["plugins"]) == 0
    assert f"\n\nDuplicate: {both}" in capsys.readouterr().out
    assert main(["plugins", "--kind", "dataset"]) == 0
    assert "uplicate" not in capsys.readouterr().out
    assert main(["plugins", "show", "backbone", "resnet"]) == 0
    text = capsys.readouterr().out
    assert "parts 1.2 (dist-parts)" in text
    assert "twin 1.2 (dist-twin)" in text
    Path("r.yaml").write_text(GOOD)
    assert main(["check", "r.yaml"]) == 2
    assert capsys.readouterr().err.startswith(f"ferkit: {both}")


def test_show_tells_all_of_a_component(only_parts, capsys):
    assert main(["plugins", "show", "dataset", "things"]) == 0
    text = capsys.readouterr().out
    for words in (
        "dataset:   things",
        "plugin:    parts 1.2 (dist-parts)",
        "fraction of them",
        "number > 0, <= 1",
        "required",
        "fast, slow",
    ):
        assert words in text
    assert main(["plugins", "show", "aggregation", "attention"]) == 0
    text = capsys.readouterr().out
    assert "needs:     maps" in text
    assert "It has no parameters." in text


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("backbon", "resnet", "no kind 'backbon'. Did you mean 'backbone'?"),
        ("backbone", "resnt", "no backbone 'resnt'. Did you mean 'resnet'?"),
        ("loop", "x", "no kind 'loop'. "),
    ],
)
def test_show_suggests_names(only_parts, capsys, kind, name, message):
    assert main(["plugins", "show", kind, name]) == 2
    assert message in capsys.readouterr().err


def test_every_installed_component_can_be_shown(capsys):
    assert main(["plugins", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["kind"] for row in rows} >= {kind.value for kind in Kind}
    for row in rows:
        assert row["state"] == "ok", row
        assert main(["plugins", "show", row["kind"], row["name"]]) == 0


def test_recipes_are_listed_and_copied(install_plugin, monkeypatch, tmp_path, capsys):
    install_plugin("ships", "", files={"recipes/ours.yaml": "# Ours, in short\n" + GOOD})
    monkeypatch.setenv("FERKIT_PLUGINS", "ships")
    monkeypatch.chdir(tmp_path)
    assert main(["recipes"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split() == ["ours", "ships", "Ours,", "in", "short"] for line in lines)
    assert any(line.startswith("quickstart") for line in lines)
    assert main(["recipes", "list"]) == 0
    assert capsys.readouterr().out.splitlines() == lines
    assert main(["recipes", "copy", "ours", "mine"]) == 0
    assert capsys.readouterr().out == "Copied to mine/ours.yaml\n"
    assert main(["recipes", "copy", "ours", "mine"]) == 2
    assert "mine/ours.yaml: exists already" in capsys.readouterr().err
    assert main(["recipes", "copy", "ours"]) == 0
    assert Path("ours.yaml").read_text().startswith("# Ours")


def test_recipes_in_folders_are_listed_under_their_folder(install_plugin, monkeypatch, capsys):
    files = {"recipes/sub/one.yaml": "# One\n" + GOOD, "recipes/alone.yaml": "# Alone\n" + GOOD}
    install_plugin("ships", "", files=files)
    monkeypatch.setenv("FERKIT_PLUGINS", "ships")
    assert main(["recipes"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    heading = lines.index(["sub/"])
    assert lines[heading - 1] == []
    assert lines[heading + 1] == ["sub/one", "ships", "One"]
    assert lines.index(["alone", "ships", "Alone"]) < heading


def test_hooks_are_printed(capsys):
    assert main(["plugins", "hooks"]) == 0
    assert "ferkit_backbones() -> Sequence[Component]" in capsys.readouterr().out


def test_ferkit_ships_recipes():
    from ferkit.plugins import load

    assert "quickstart" in {recipe.name for recipe in shipped_recipes(load())}
