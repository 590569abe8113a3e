"""`ferkit run --engine`: what is refused before anything is begun."""

from __future__ import annotations

import sys

import pytest

from ferkit.cli import main


@pytest.mark.parametrize(
    "option", [("--ray-address", "auto"), ("--gpus-per-run", "0.5"), ("--cpus-per-run", "2")]
)
def test_options_of_ray_need_ray(
    option: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "quickstart", *option]) == 2
    assert "need --engine ray" in capsys.readouterr().err


def test_without_ray_the_error_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(["run", "quickstart", "--engine", "ray"]) == 2
    error = capsys.readouterr().err
    assert "the engine 'ray' needs the package ray, which is not installed." in error
    assert "pip install 'ferkit[ray]'" in error
