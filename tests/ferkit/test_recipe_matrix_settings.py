"""Settings and the pretrained model of a matrix: each recipe is validated, errors have places."""

from __future__ import annotations

import pytest

from ferkit.errors import FerkitErrors
from ferkit.recipe import read_recipe

RECIPE = """\
data:
  train: {use: things, path: here}
loop: {use: supervised, epochs: 3}
"""


@pytest.fixture
def read(tmp_path, monkeypatch, parts):
    monkeypatch.chdir(tmp_path)

    def read_it(matrix: str):
        (tmp_path / "r.yaml").write_text(RECIPE + matrix)
        return read_recipe("r.yaml", catalogue=parts)

    return read_it


@pytest.fixture
def wrong(read):
    def lines(matrix: str) -> list[str]:
        with pytest.raises(FerkitErrors) as caught:
            read(matrix)
        return str(caught.value).splitlines()

    return lines


def test_settings_and_pretrain_are_read(read):
    matrix = read(
        "matrix:\n  settings: {a: {data: {labels: 9}}, b: {model: {dropout: 0.1}}}\n"
        "  pretrain: {loop: {epochs: 9}}\n  not_pretrained: [b]\n  variants: {v: {}}\n"
    ).matrix
    assert list(matrix.settings) == ["a", "b"]
    assert matrix.pretrain == {"loop": {"epochs": 9}}
    assert matrix.not_pretrained == ("b",)


def test_errors_are_told_once_with_their_place_and_the_names(wrong):
    assert wrong(
        """\
matrix:
  pretrain: {loop: {epochs: 0}}
  settings:
    clean: {}
    odd:
      data: {labls: 10}
  first: {loop: {epochs: 0}}
  variants:
    a: {}
    b: {model: {dropot: 0.1}}
"""
    ) == [
        "r.yaml:5:29: matrix.pretrain: loop.epochs must be at least 1, not 0.",
        "r.yaml:9:14: setting 'odd', matrix.first: unknown key 'labls' in data. Did you mean "
        "'labels'?",
        "r.yaml:10:26: setting 'clean', matrix.first: loop.epochs must be at least 1, not 0.",
        "r.yaml:13:17: setting 'clean', variant 'b': unknown key 'dropot' in model. Did you mean "
        "'dropout'?",
    ]


def test_what_does_not_fit_in_one_setting_only_is_found(read, wrong):
    text = (
        "matrix: {{settings: {{few: {}, all: {{}}}}, variants: {{st: {{loop: self_training}}}}}}\n"
    )
    (line,) = wrong(text.format("{data: {labels: 10}}"))
    assert line.startswith("r.yaml:4:")
    assert "setting 'all', variant 'st': the SSL loop 'self_training' needs 'unlabelled'" in line
    both = (
        "matrix: {settings: {few: {data: {labels: 10}}}, variants: {st: {loop: self_training}}}\n"
    )
    assert read(both).matrix is not None


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ("settings: {}", "r.yaml:4:20: matrix.settings is empty."),
        ("settings: {first: {}}", "r.yaml:4:21: a setting can't be called 'first'"),
        ("settings: {Pretrain: {}}", "a setting can't be called 'Pretrain': the matrix folder has"),
        ("settings: {matrix_runs.csv: {}}", "the matrix folder has something of its own by that"),
        ("settings: {a/b: {}}", "a setting can't be called 'a/b': its name is a folder's"),
        ("settings: {a: {seed: 1}}", "unknown key 'seed' in matrix.settings.a: matrix.seeds gives"),
        ("settings: {a: {name: x}}", "in matrix.settings.a: a setting is called by its key."),
        ("settings: {a: }", "matrix.settings.a must be a mapping (key: value), not null."),
        ("pretrain: {seed: 1}", "unknown key 'seed' in matrix.pretrain: matrix.seeds gives"),
        ("pretrain: {}, not_pretrained: [x], settings: {a: {}}",
         "matrix.not_pretrained names 'x', which is no setting. Settings: a."),
        ("settings: {a: {}}, not_pretrained: [a]",
         "matrix.not_pretrained has no meaning without matrix.pretrain."),
        ("from_scratch: [a]",
         "matrix.from_scratch has no meaning without matrix.first or matrix.pretrain."),
        ("settigns: {a: {}}", "unknown key 'settigns' in matrix. Did you mean 'settings'?"),
    ],
)  # fmt: skip
def test_what_settings_cannot_be(wrong, matrix, message):
    assert message in "\n".join(wrong(f"matrix: {{{matrix}, variants: {{v: {{}}}}}}\n"))


def test_a_variant_cannot_be_called_like_the_pretrained_model(wrong):
    (line,) = wrong("matrix: {variants: {pretrain: {}}}\n")
    assert "a variant can't be called 'pretrain'" in line


def test_settings_may_be_null(read):
    assert read("matrix: {settings: null, variants: {v: {}}}\n").matrix.settings is None
