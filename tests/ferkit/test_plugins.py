"""Loading plugins: the real entry-point mechanism, and isolation of what is broken."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ferkit.contracts.running import Run
from ferkit.errors import FerkitError
from ferkit.plugin import Kind
from ferkit.plugins import Observers, load, notify

WORKING = """
from ferkit.plugin import Component, hookimpl

@hookimpl
def ferkit_backbones():
    return [Component("tiny", "two convolutions", "fake_good.tiny:Tiny")]
"""


def hooks(body: str, *, hook: str = "ferkit_backbones") -> str:
    """A plugin whose one hook has that body."""
    return (
        f"from ferkit.plugin import Component, hookimpl\n\n@hookimpl\ndef {hook}():\n    {body}\n"
    )


def test_a_plugin_is_loaded_with_its_version_and_components(install_plugin):
    install_plugin("good", WORKING, version="3.1", distribution="ferkit-good")
    loaded = load(["good"])
    (plugin,) = loaded.plugins
    assert (plugin.name, plugin.version, plugin.distribution) == ("good", "3.1", "ferkit-good")
    (offer,) = loaded.offers
    assert (offer.kind, offer.component.name) == (Kind.BACKBONE, "tiny")
    assert loaded.broken == ()
    assert "fake_good.tiny" not in sys.modules


def test_each_call_has_its_own_manager(install_plugin):
    install_plugin("good", WORKING)
    first, second = load(["good"]), load(["good"])
    assert first.manager is not second.manager
    assert first.manager.has_plugin("good")
    assert second.manager.has_plugin("good")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import fake_absent_module", "ModuleNotFoundError: No module named 'fake_absent_module'"),
        ("raise SystemExit('bye')", "SystemExit: bye"),
        ("1 +", "SyntaxError"),
        (
            hooks("return []", hook="ferkit_backbone"),
            "no hook 'ferkit_backbone'. Did you mean 'ferkit_backbones'",
        ),
        (
            "def ferkit_backbones():\n    return []",
            "function ferkit_backbones lacks the decorator @hookimpl",
        ),
        (
            "from ferkit.plugin import hookimpl\n@hookimpl\ndef ferkit_backbones(depth):\n"
            "    return []",
            "depth",
        ),
        (hooks("raise KeyError('x')"), "ferkit_backbones raised KeyError: 'x'"),
        (hooks("return None"), "must return a list of Component, not NoneType"),
        (hooks("return 'tiny'"), "must return a list of Component, not str"),
        (hooks("yield 1"), "must return a list of Component, not generator"),
        (hooks("return ['tiny']"), "must return a list of Component, found str in it"),
        (hooks("return [Component('a', 's', 'm:F'), Component('a', 's', 'm:F')]"), "'a' twice"),
        (hooks("return [Component('a b', 's', 'm:F')]"), "the component name 'a b' may hold"),
        (hooks("return [Component('a', 's', 'm.F')]"), "factory of 'a' must read"),
        (hooks("return [Component('a', 's', 'm:F', params='P')]"), "params of 'a' must read"),
        (
            hooks("return [Component('a', 's', 'm:F', requires=('maps'))]"),
            "requires of 'a' must be a tuple",
        ),
        (
            hooks("return [Component('a', 's', 'm:F', provides=('slot=space',))]"),
            "provides of 'a' names 'slot=space'; aggregations, and nothing else, may name",
        ),
        (
            hooks(
                "return [Component('a', 's', 'm:F', provides=('slot=region',))]",
                hook="ferkit_aggregations",
            ),
            "provides of 'a' names 'slot=region'; .* 'slot=space', 'slot=regions', 'slot=frames'",
        ),
        (
            hooks("return [Component('a', 's', 'm:F', requires=('slot=space',))]"),
            "the slots of 'a' belong in provides",
        ),
        (
            hooks("return [Component('a', 's', 'm:F', provides=('split=unlabelled',))]"),
            "'a' names 'split=unlabelled'; label updates and sample weightings, and nothing else",
        ),
        (
            hooks(
                "return [Component('a', 's', 'm:F', provides=('split=test',))]",
                hook="ferkit_label_updates",
            ),
            "'a' names 'split=test'; .* may provide 'split=labelled', 'split=unlabelled'",
        ),
        (
            hooks(
                "return [Component('a', 's', 'm:F', requires=('split=labelled',))]",
                hook="ferkit_sample_weightings",
            ),
            "'a' names 'split=labelled'; .* may provide",
        ),
    ],
)
def test_a_broken_plugin_is_recorded_and_the_others_go_on(install_plugin, source, message):
    install_plugin("bad", source, version="0.9")
    install_plugin("good", WORKING)
    loaded = load(["bad", "good"])
    (broken,) = loaded.broken
    assert (broken.name, broken.version) == ("bad", "0.9")
    with pytest.raises(Exception, match=message):
        raise Exception(broken.error)
    assert [plugin.name for plugin in loaded.plugins] == ["good"]
    assert [offer.component.name for offer in loaded.offers] == ["tiny"]
    assert not loaded.manager.has_plugin("bad")


def test_of_two_plugins_of_one_name_none_is_used(install_plugin):
    install_plugin("good", WORKING, distribution="one")
    install_plugin("good", WORKING, distribution="two", module="fake_other")
    install_plugin("fine", WORKING, module="fake_fine")
    loaded = load(["good", "fine"])
    assert [plugin.name for plugin in loaded.plugins] == ["fine"]
    assert {(broken.name, broken.error) for broken in loaded.broken} == {
        (
            "good",
            "the packages 'one' and 'two' have a plugin of this same name; uninstall all but one "
            "of them",
        )
    }
    assert "fake_good" not in sys.modules
    assert "fake_other" not in sys.modules


def test_what_a_plugin_prints_goes_to_stderr(install_plugin, capsys):
    install_plugin("loud", "print('imported')\n" + hooks("print('asked') or []; return []"))
    assert [plugin.name for plugin in load(["loud"]).plugins] == ["loud"]
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "imported\nasked\n"


def test_the_environment_restricts_loading(install_plugin, monkeypatch):
    install_plugin("good", WORKING)
    install_plugin("bad", "raise RuntimeError('never imported')")
    monkeypatch.setenv("FERKIT_PLUGINS", " good , ")
    loaded = load()
    assert [plugin.name for plugin in loaded.plugins] == ["good"]
    assert loaded.broken == ()
    assert "bad" in loaded.left_out
    assert "fake_bad" not in sys.modules


def test_an_unknown_name_in_the_environment_is_an_error(install_plugin, monkeypatch):
    install_plugin("good", WORKING)
    monkeypatch.setenv("FERKIT_PLUGINS", "goood")
    with pytest.raises(
        FerkitError, match=r"^FERKIT_PLUGINS: no plugin 'goood' is installed. Did you mean 'good'"
    ):
        load()


def test_an_empty_variable_restricts_nothing(install_plugin, monkeypatch):
    install_plugin("good", WORKING)
    monkeypatch.setenv("FERKIT_PLUGINS", "")
    assert "good" in [plugin.name for plugin in load().plugins]


def test_names_win_over_the_environment_and_may_be_none_at_all(install_plugin, monkeypatch):
    install_plugin("good", WORKING)
    monkeypatch.setenv("FERKIT_PLUGINS", "absent")
    assert [plugin.name for plugin in load(["good"]).plugins] == ["good"]
    assert load([]).plugins == ()


def test_the_built_in_plugins_all_load():
    loaded = load()
    assert loaded.broken == ()
    assert {"basics", "files", "rendered"} <= {plugin.name for plugin in loaded.plugins}


OBSERVER = """
from ferkit.plugin import hookimpl

heard = []

@hookimpl
def ferkit_run_started(run):
    heard.append(("started", run.name))

@hookimpl
def ferkit_epoch_finished(row):
    heard.append(("epoch", row["epoch"]))

@hookimpl
def ferkit_run_finished():
    heard.append(("finished",))
"""


def test_observers_are_told_and_a_failing_one_only_warns(install_plugin, tmp_path: Path):
    install_plugin("listens", OBSERVER)
    install_plugin(
        "exits",
        """
        from ferkit.plugin import hookimpl

        @hookimpl
        def ferkit_run_finished(run):
            raise SystemExit(3)
        """,
    )
    install_plugin(
        "fails",
        """
        from ferkit.plugin import hookimpl

        @hookimpl
        def ferkit_epoch_finished(run, row):
            raise OSError("no network")
        """,
    )
    warnings: list[str] = []
    loaded = load(["listens", "exits", "fails"])
    observers = Observers(loaded, warnings.append)
    run = Run("trial", tmp_path, {}, ("happy", "sad"))
    observers.run_started(run)
    observers.epoch_finished(run, {"epoch": 0})
    observers.epoch_finished(run, {"epoch": 1})
    observers.run_finished(run)
    assert sys.modules["fake_listens"].heard == [
        ("started", "trial"),
        ("epoch", 0),
        ("epoch", 1),
        ("finished",),
    ]
    assert warnings == [
        "plugin 'fails' failed in ferkit_epoch_finished: OSError: no network",
        "plugin 'exits' failed in ferkit_run_finished: SystemExit: 3",
    ]
    ((name, error),) = notify(loaded, "ferkit_epoch_finished", run=run, row={"epoch": 2})
    assert name == "fails"
    assert isinstance(error, OSError)
