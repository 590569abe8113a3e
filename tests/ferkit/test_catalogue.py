"""Look-up, parameter models and construction of components."""

from __future__ import annotations

import sys

import pytest

from ferkit.catalogue import catalogue
from ferkit.errors import FerkitError, FerkitErrors
from ferkit.plugin import Context, Kind, NoParams
from ferkit.plugins import load
from ferkit.recipe_models import pick_model
from ferkit.sections import Pick

HOOKS = """
from ferkit.plugin import Component, hookimpl

@hookimpl
def ferkit_backbones():
    return [
        Component("net", "a net", "fake_made.net:Net", "fake_made.params:NetParams"),
        Component("no_module", "x", "fake_made.absent:Net", "fake_made.absent:P"),
        Component("no_name", "x", "fake_made.net:Nett", "fake_made.params:NetParam"),
        Component("no_call", "x", "fake_made.net:VALUE", "fake_made.net:VALUE"),
        Component("raises", "x", "fake_made.net:fail", "fake_made.params:UseParams"),
        Component("stops", "x", "fake_made.net:stop", "fake_made.params:NetParams"),
        Component("exits", "x", "fake_made.exits:Net", "fake_made.exits:P"),
        Component("prints", "x", "fake_made.prints:Net", "fake_made.prints:P"),
        Component("broken_import", "x", "fake_made.broken:Net", "fake_made.broken:P"),
    ]

@hookimpl
def ferkit_aggregations():
    return [Component("net", "not a backbone", "fake_made.net:Net")]
"""
FILES = {
    "net.py": """
        VALUE = 3

        class Net:
            def __init__(self, params, context):
                self.depth, self.seed = params.depth, context.seed

        def stop(params, context):
            raise SystemExit(4)

        def fail(params, context):
            raise RuntimeError("no weights")
        """,
    "params.py": """
        from ferkit.plugin import Params

        class NetParams(Params):
            depth: int = 18

        class UseParams(Params):
            use: str = "x"
        """,
    "exits.py": "import sys\n\nsys.exit(3)",
    "prints.py": "from ferkit.plugin import Params\n\nprint('imported')\nP = Net = Params",
    "broken.py": "import fake_absent_module",
}


@pytest.fixture
def made(install_plugin):
    install_plugin("made", HOOKS, files=FILES)
    return catalogue(load(["made"]))


def test_a_component_is_built_from_its_parameters_and_context(made):
    assert "fake_made.net" not in sys.modules
    model = pick_model(made, Kind.BACKBONE, "net")
    net = made.build(Kind.BACKBONE, model(use="net", depth=34), Context(seed=7))
    assert (net.depth, net.seed) == (34, 7)


def test_entries_are_ordered_by_kind_and_name(made):
    assert made.names(Kind.BACKBONE) == sorted(made.names(Kind.BACKBONE))
    kinds = [entry.kind for entry in made.entries()]
    assert kinds == sorted(kinds, key=list(Kind).index)
    entry = made.get(Kind.AGGREGATION, "net")
    assert (entry.plugin, entry.version, entry.distribution) == ("made", "1.2", "dist-made")


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        (Kind.BACKBONE, "nett", r"no backbone 'nett'. Did you mean 'net'\? See 'ferkit plugins'."),
        (Kind.AGGREGATION, "no_call", "'no_call' is a backbone"),
        (Kind.AGGREGATION, "zzz", "no aggregation 'zzz'. Known: net."),
        (Kind.ENHANCER, "zzz", "no enhancer 'zzz'. No plugin offers one."),
    ],
)
def test_a_missing_component_says_what_there_is(made, kind, name, message):
    with pytest.raises(FerkitError, match=message):
        made.get(kind, name)


def test_a_missing_component_names_broken_and_left_out_plugins(install_plugin, monkeypatch):
    install_plugin("made", HOOKS, files=FILES)
    install_plugin("bad", "raise ValueError('torn')")
    install_plugin("other", "")
    monkeypatch.setenv("FERKIT_PLUGINS", "made,bad")
    with pytest.raises(FerkitError) as caught:
        catalogue(load()).get(Kind.BACKBONE, "resnext")
    text = str(caught.value)
    assert "Plugin 'bad' may offer it but is broken: importing 'fake_bad' failed" in text
    assert "ValueError: torn" in text
    assert "FERKIT_PLUGINS leaves them out" in text
    assert "other" in text


def test_two_plugins_with_one_name_are_an_error_that_names_both(install_plugin):
    install_plugin("made", HOOKS, files=FILES)
    install_plugin("twin", HOOKS)
    with pytest.raises(
        FerkitErrors, match="the plugins 'made' and 'twin' both offer a backbone named 'net'"
    ) as caught:
        catalogue(load(["made", "twin"]))
    assert len(caught.value.errors) == 10


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no_module", r"factory of backbone 'no_module' of plugin 'made' can't be imported from "),
        ("no_name", r"'fake_made.net' has no 'Nett'. Did you mean 'Net'\?"),
        ("no_call", r"factory of backbone 'no_call' of plugin 'made', .* is not callable"),
        ("stops", "factory of backbone 'stops' of plugin 'made' failed: SystemExit: 4."),
        ("exits", "factory of backbone 'exits' of plugin 'made' can't .*: SystemExit: 3."),
        ("broken_import", "ModuleNotFoundError: No module named 'fake_absent_module'"),
    ],
)
def test_a_factory_that_cannot_be_called_is_the_plugins_error(made, name, message):
    with pytest.raises(FerkitError, match=message):
        made.build(Kind.BACKBONE, Pick(use=name), Context())


def test_what_a_factory_raises_carries_a_note(made):
    with pytest.raises(RuntimeError, match="no weights") as caught:
        made.build(Kind.BACKBONE, Pick(use="raises"), Context())
    assert caught.value.__notes__ == ["while making the backbone 'raises' of plugin 'made'"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no_module", r"parameters of backbone 'no_module' of plugin 'made' can't be imported"),
        ("no_name", r"Did you mean 'NetParams'\?"),
        ("exits", "parameters of backbone 'exits' of plugin 'made' can't .*: SystemExit: 3."),
        ("no_call", "are not a subclass of ferkit.plugin.Params"),
        ("raises", "have a field 'use'"),
    ],
)
def test_wrong_parameter_models_are_the_plugins_error(made, name, message):
    with pytest.raises(FerkitError, match=message):
        made.params_model(Kind.BACKBONE, name)


def test_a_component_without_parameters_has_the_empty_model(made):
    assert made.params_model(Kind.AGGREGATION, "net") is NoParams


def test_what_a_parameter_module_prints_goes_to_stderr(made, capsys):
    made.params_model(Kind.BACKBONE, "prints")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "imported\n")
