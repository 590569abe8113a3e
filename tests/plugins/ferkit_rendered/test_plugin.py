"""What the plugin declares."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import ferkit_rendered
import pytest
from ferkit_rendered.domains import DOMAINS, SETTING_NAMES, settings_of
from ferkit_rendered.params import RenderedParams

from ferkit.plugin import Params


def test_its_component_can_be_loaded() -> None:
    (component,) = ferkit_rendered.ferkit_datasets()
    assert component.name == "rendered"
    module, name = component.params.split(":")
    assert issubclass(getattr(import_module(module), name), Params)
    module, name = component.factory.split(":")
    assert callable(getattr(import_module(module), name))


def test_declaring_and_parameters_import_no_torch() -> None:
    code = "import sys, ferkit_rendered, ferkit_rendered.params; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_setting_of_a_domain_can_be_overridden() -> None:
    assert set(SETTING_NAMES) <= set(RenderedParams.model_fields)
    changed = settings_of("wild", {"yaw": 2.0, "pitch": None})
    assert changed.yaw == 2.0
    assert changed.pitch == DOMAINS["wild"].pitch


@pytest.mark.parametrize("name", SETTING_NAMES)
def test_domains_get_harder(name: str) -> None:
    values = [getattr(DOMAINS[domain], name) for domain in ("lab", "easy", "wild", "hard")]
    assert values == sorted(values, reverse=name == "least_intensity")


@pytest.mark.parametrize("domain", sorted(DOMAINS))
def test_settings_of_domains_are_valid_parameters(domain: str) -> None:
    values = {name: getattr(DOMAINS[domain], name) for name in SETTING_NAMES}
    assert RenderedParams.model_validate({"domain": domain, **values}).domain == domain
