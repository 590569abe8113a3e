"""The page on writing a plugin shows code that exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "writing-a-plugin.md"
EXAMPLES = PAGE.parent / "examples"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = {"python": "*.py", "toml": "*.toml", "yaml": "*.yaml"}


def snippets() -> list[tuple[str, str]]:
    """Language and text of every block of code."""
    return [(found[1], found[2]) for found in FENCE.finditer(PAGE.read_text(encoding="utf-8"))]


def files(pattern: str) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.rglob(pattern))]


@pytest.mark.parametrize(
    ("language", "code"), [s for s in snippets() if s[0] in SHOWN], ids=lambda part: part[:40]
)
def test_code_is_verbatim_in_the_examples(language: str, code: str) -> None:
    assert any(code in text for text in files(SHOWN[language])), f"no example file holds:\n{code}"


def test_other_blocks_are_commands_or_their_output() -> None:
    assert {language for language, _ in snippets()} <= {*SHOWN, "sh", "text"}


def test_every_component_of_the_example_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    declared = (EXAMPLES / "ferkit-example" / "ferkit_example" / "__init__.py").read_text(
        encoding="utf-8"
    )
    names = re.findall(r'name="(\w+)"', declared)
    assert len(names) == 7
    assert [name for name in names if f"`{name}`" not in page] == []


def test_links_lead_somewhere() -> None:
    page = PAGE.read_text(encoding="utf-8")
    targets = [link for link in re.findall(r"\]\(([^)#]+)", page) if "://" not in link]
    assert targets
    assert [link for link in targets if not (PAGE.parent / link).exists()] == []
