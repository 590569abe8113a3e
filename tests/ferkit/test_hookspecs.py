"""Every hook is documented with its exact signature, and belongs to a kind or observes."""

from __future__ import annotations

import ast
import inspect

import pytest

from ferkit.hook_reference import hook_functions, hook_reference, signature
from ferkit.plugin import Kind
from ferkit.plugins import load

HOOKS = hook_functions()


def test_there_is_one_hook_for_each_kind_and_three_observe():
    names = {hook.__name__ for hook in HOOKS}
    kinds = {kind.hook for kind in Kind}
    assert kinds <= names
    assert names - kinds == {"ferkit_run_started", "ferkit_epoch_finished", "ferkit_run_finished"}


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.__name__)
def test_the_page_on_plugins_has_the_exact_signature(hook, repository):
    page = (repository / "docs" / "writing-a-plugin.md").read_text(encoding="utf-8")
    assert signature(hook) in page


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.__name__)
def test_each_hook_says_what_it_is_for_in_one_sentence(hook):
    text = " ".join(inspect.getdoc(hook).split())
    assert text.endswith(".")
    assert len(text) < 120


def test_a_signature_is_written_as_its_author_writes_it():
    by_name = {hook.__name__: hook for hook in HOOKS}
    assert signature(by_name["ferkit_backbones"]) == "ferkit_backbones() -> Sequence[Component]"
    assert signature(by_name["ferkit_epoch_finished"]) == (
        "ferkit_epoch_finished(run: Run, row: Mapping[str, Any]) -> None"
    )


def test_the_page_on_hooks_is_up_to_date(repository):
    written = (repository / "docs" / "hooks.md").read_text(encoding="utf-8")
    assert written == hook_reference(), "write it anew with 'ferkit plugins hooks > docs/hooks.md'"


def test_each_kind_has_a_built_in_component():
    assert {offer.kind for offer in load().offers} == set(Kind)


def test_contracts_import_nothing_of_ferkit_but_errors_plugin_and_each_other(repository):
    allowed = ("ferkit.errors", "ferkit.plugin", "ferkit.contracts")
    for path in (repository / "ferkit" / "contracts").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                assert not name.startswith("ferkit") or name.startswith(allowed), (path.name, name)
