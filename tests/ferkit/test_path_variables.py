"""Environment variables in paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferkit.path_variables import absolute_path, unset_in, variables_in


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("${ONE}", ("ONE",)),
        ("$ONE/a", ("ONE",)),
        ("${ONE}/$TWO_2/${ONE}", ("ONE", "TWO_2")),
        ("a$", ()),
        ("$5/$$", ()),
        ("${}", ()),
        ("${ONE", ()),
        ("plain", ()),
    ],
)
def test_names_in_a_text(text: str, names: tuple[str, ...]) -> None:
    assert variables_in(text) == names


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERKIT_ONE", "")
    monkeypatch.setenv("FERKIT_TWO", "x")
    monkeypatch.delenv("FERKIT_THREE", raising=False)
    assert unset_in("$FERKIT_ONE/$FERKIT_TWO/$FERKIT_THREE") == ("FERKIT_ONE", "FERKIT_THREE")


def test_a_path_with_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FERKIT_ONE", "/data")
    monkeypatch.setenv("FERKIT_TWO", "ck")
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv("FERKIT_NONE", raising=False)
    monkeypatch.chdir(tmp_path)
    recipes = Path("/recipes")
    assert absolute_path("${FERKIT_ONE}/$FERKIT_TWO", recipes) == "/data/ck"
    assert absolute_path("sub/$FERKIT_TWO", recipes) == "/recipes/sub/ck"
    assert absolute_path("$FERKIT_TWO/sub", recipes) == f"{tmp_path}/ck/sub"
    assert absolute_path("~/x", recipes) == "/home/me/x"
    assert absolute_path("x", None) == "x"
    assert absolute_path("${FERKIT_NONE}/x", recipes) == "${FERKIT_NONE}/x"
    monkeypatch.setenv("FERKIT_ONE", "~/data")
    assert absolute_path("$FERKIT_ONE", recipes) == "/home/me/data"


def test_what_exists_as_it_is_written_is_meant(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "$FERKIT_ONE").mkdir()
    monkeypatch.setenv("FERKIT_ONE", "/data")
    assert absolute_path("$FERKIT_ONE", tmp_path) == f"{tmp_path}/$FERKIT_ONE"
    assert absolute_path("$FERKIT_ONE/x", tmp_path) == "/data/x"
