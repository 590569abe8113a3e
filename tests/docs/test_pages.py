"""The pages people copy from: every recipe in them is right, every command in them exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ferkit import plugins
from ferkit.catalogue import catalogue
from ferkit.cli import COMMANDS
from ferkit.recipe import read_recipe

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
RECIPE = re.compile(r"```yaml\n(# (\S+\.yaml)\n.*?)```", re.DOTALL)
RECIPES = [
    (page.name, name, text) for page in PAGES for text, name in RECIPE.findall(page.read_text())
]


def test_pages_hold_recipes() -> None:
    assert {name for page, name, _ in RECIPES if page == "getting-started.md"} >= {
        "smiles.yaml",
        "folders.yaml",
        "clips.yaml",
        "few.yaml",
        "compare.yaml",
    }


@pytest.mark.parametrize(("page", "name", "text"), RECIPES, ids=lambda value: str(value)[:24])
def test_recipe_of_a_page_is_right(page: str, name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert read_recipe(str(path), catalogue=catalogue(plugins.load())).recipe.data is not None


def test_readme_has_exactly_two_command_lines() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (REPOSITORY / "README.md").read_text(), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.strip()]
    assert len(lines) == 2
    assert lines[0].endswith("ferkit run quickstart")
    assert "pytest" in lines[1]
    assert all(line.startswith("python3 -m venv .venv && ") for line in lines)


def test_commands_on_pages_exist() -> None:
    named = {
        command
        for page in PAGES
        for command in re.findall(r"(?:^    |`|/)ferkit ([a-z]+)", page.read_text(), re.MULTILINE)
    }
    assert named >= {"run", "check"}
    assert named <= set(COMMANDS)


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name} links to {target}"
