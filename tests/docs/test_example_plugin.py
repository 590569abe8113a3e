"""The example plugins: built, installed into a fresh environment, and run there."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

COMPONENTS = {
    "face_detector": "centre_face",
    "region_cropper": "half_faces",
    "backbone": "conv_mixer",
    "aggregation": "softmax_pool",
    "label_update": "bootstrap_labels",
    "sample_weighting": "confidence_weight",
    "ssl_loop": "clean_label",
}


class Environment:
    """An interpreter with ferkit and its dependencies, and what is installed besides."""

    def __init__(self, python: Path | str, folder: Path) -> None:
        self.python = str(python)
        self.folder = folder

    def run(self, *arguments: str | Path) -> str:
        """Standard output of `python -m ARGUMENTS`, which must succeed."""
        settings = {
            name: value
            for name, value in os.environ.items()
            if name not in ("PYTHONPATH", "PYTHONHOME", "FERKIT_PLUGINS")
        }
        settings |= {
            "FERKIT_CACHE": str(self.folder / "cache"),
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
        }
        done = subprocess.run(
            [self.python, "-m", *map(str, arguments)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=self.folder,
            env=settings,
        )
        assert done.returncode == 0, f"{arguments}:\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The environment this test runs in."""
    return Environment(sys.executable, tmp_path_factory.mktemp("here"))


@pytest.fixture(scope="module")
def fresh(
    here: Environment, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Environment:
    """A new virtual environment with both example plugins, beside the ferkit that runs here."""
    pytest.importorskip("pip", reason="pip is not installed here, and it builds the wheels")
    folder = tmp_path_factory.mktemp("fresh")
    examples = repository / "docs" / "examples"
    wheels = folder / "wheels"
    offline = ("--isolated", "--disable-pip-version-check", "--quiet")
    here.run(
        *("pip", *offline, "wheel", "--no-deps", "--no-index", "--no-build-isolation"),
        *("--wheel-dir", wheels, examples / "ferkit-example", examples / "ferkit-smallest"),
    )
    root = folder / "venv"
    venv.create(root, with_pip=False, symlinks=os.name != "nt")
    paths = sysconfig.get_paths("venv", vars={"base": str(root), "platbase": str(root)})
    # A second site folder, with its own .pth files: ferkit may be installed in editable mode.
    Path(paths["purelib"], "beside.pth").write_text(
        "".join(f"import site; site.addsitedir({found!r})\n" for found in site_folders()),
        encoding="utf-8",
    )
    python = Path(paths["scripts"]) / "python"
    here.run(
        *("pip", *offline, "--python", python, "install", "--no-deps", "--no-index"),
        *sorted(wheels.glob("*.whl")),
    )
    return Environment(python, folder)


def site_folders() -> list[str]:
    """Where the packages of this interpreter lie, ferkit's own folder among them."""
    found = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    found.append(str(distribution("ferkit").locate_file("")))
    return list(dict.fromkeys(found))


def offered(listing: str, plugin: str) -> dict[str, dict[str, Any]]:
    """What `ferkit plugins --json` says of a plugin's components, by kind."""
    return {row["kind"]: row for row in json.loads(listing) if row["plugin"] == plugin}


def numbers(value: Any) -> Iterator[float]:
    """All numbers in a JSON value."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from numbers(part)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


def test_only_the_fresh_environment_lists_the_components(
    here: Environment, fresh: Environment
) -> None:
    listing = fresh.run("ferkit", "plugins", "--json")
    example = offered(listing, "example")
    assert {kind: row["name"] for kind, row in example.items()} == COMPONENTS
    assert {(row["version"], row["state"]) for row in example.values()} == {("0.1.0", "ok")}
    assert set(offered(listing, "smallest")) == {"sample_weighting"}
    assert offered(here.run("ferkit", "plugins", "--json"), "example") == {}


def test_its_recipe_runs_with_all_seven(fresh: Environment) -> None:
    recipe = "portraits"
    assert recipe in fresh.run("ferkit", "recipes")
    folder = fresh.folder / "run"
    fresh.run("ferkit", "run", recipe, "--out", folder)
    resolved = (folder / "recipe.yaml").read_text(encoding="utf-8")
    for name in COMPONENTS.values():
        assert name in resolved
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert results["test"]["n"] > 0
    assert all(map(math.isfinite, numbers(results)))
    headline = (folder / "headline.txt").read_text(encoding="utf-8")
    assert headline == (
        f"portraits: {results['test']['accuracy']['value']:.1%} of "
        f"{results['test']['n']} test samples right\n"
    )


def test_its_own_tests_pass(fresh: Environment, repository: Path) -> None:
    example = repository / "docs" / "examples" / "ferkit-example"
    fresh.run(
        *("pytest", "-q", "-p", "no:cacheprovider", "-c", example / "pyproject.toml"),
        example / "tests",
    )
