"""The key `matrix`: each variant is validated, and errors point into its fragment."""

from __future__ import annotations

import pytest

from ferkit.errors import FerkitErrors
from ferkit.recipe import lay_over, read_recipe, validate

RECIPE = """\
data:
  train: {use: things, path: here}
loop: {use: supervised, epochs: 3}
"""


@pytest.fixture
def read(tmp_path, monkeypatch, parts):
    monkeypatch.chdir(tmp_path)

    def read_it(matrix: str, *overrides: str, rest: str = RECIPE):
        (tmp_path / "r.yaml").write_text(rest + matrix)
        return read_recipe("r.yaml", overrides=overrides, catalogue=parts)

    return read_it


@pytest.fixture
def wrong(read):
    def lines(matrix: str, *overrides: str) -> list[str]:
        with pytest.raises(FerkitErrors) as caught:
            read(matrix, *overrides)
        return str(caught.value).splitlines()

    return lines


def test_a_matrix_is_read_and_its_variants_can_be_laid_over(read, parts):
    loaded = read(
        "matrix:\n  seeds: [0, 1]\n  baseline: plain\n  first: {loop: {epochs: 9}}\n"
        "  variants:\n    plain: {}\n    deep: {model: {backbone: resnet}}\n"
    )
    assert loaded.matrix.seeds == (0, 1)
    assert loaded.matrix.baseline == "plain"
    document = {key: value for key, value in loaded.document.items() if key != "matrix"}
    deep = validate(lay_over(document, loaded.matrix.variants["deep"]), catalogue=parts)
    assert (deep.model.backbone.use, deep.loop.epochs) == ("resnet", 3)
    first = validate(lay_over(document, loaded.matrix.first), catalogue=parts)
    assert first.loop.epochs == 9
    assert loaded.recipe.model.backbone.use == "small_cnn"


def test_errors_in_variants_point_into_the_fragment(wrong):
    assert wrong(
        """\
matrix:
  first: {loop: {epochs: 0}}
  variants:
    a: {loop: selftraining}
    b:
      model: {dropot: 0.1}
    c: {loop: {use: supervised, epoch: 3}}
"""
    ) == [
        "r.yaml:5:26: matrix.first: loop.epochs must be at least 1, not 0.",
        "r.yaml:7:15: variant 'a': no SSL loop 'selftraining'. Did you mean 'self_training'? See "
        "'ferkit plugins'.",
        "r.yaml:9:15: variant 'b': unknown key 'dropot' in model. Did you mean 'dropout'?",
        "r.yaml:10:33: variant 'c': unknown key 'epoch' in loop. Did you mean 'epochs'?",
    ]


def test_an_error_in_what_all_share_is_told_once(wrong):
    lines = wrong("seed: x\nmatrix: {variants: {a: {}, b: {}}}\n")
    assert lines == ["r.yaml:4:7: seed must be a whole number, not 'x'."]


def test_components_of_a_variant_must_fit_and_those_of_the_rest_need_not(read, wrong):
    fitting = "matrix: {variants: {a: {data: {labels: 10}}, b: {loop: supervised}}}\n"
    rest = "data: {train: {use: things, path: here}}\nloop: self_training\n"
    assert set(read(fitting, rest=rest).matrix.variants) == {"a", "b"}
    (line,) = wrong("matrix: {variants: {a: {}, b: {loop: self_training}}}\n")
    assert line.startswith(
        "r.yaml:4:38: variant 'b': the SSL loop 'self_training' needs 'unlabelled'"
    )


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ("{variants: {}}", "r.yaml:4:20: matrix.variants is empty."),
        ("{variants: {first: {}}}", "r.yaml:4:21: a variant can't be called 'first'"),
        ("{variants: {First: {}}}", "a variant can't be called 'First'"),
        ("{variants: {recipe.yaml: {}}}", "the matrix folder has something of its own by that"),
        ("{variants: {Figures: {}}}", "a variant can't be called 'Figures'"),
        ("{variants: {matrix.MD: {}}}", "a variant can't be called 'matrix.MD'"),
        ("{variants: {-a: {}}}", "and begins with a letter or digit."),
        ("{variants: {a/b: {}}}", "a variant can't be called 'a/b'"),
        (
            "{variants: {a: {seed: 1}}}",
            "unknown key 'seed' in matrix.variants.a: matrix.seeds gives",
        ),
        ("{variants: {a: {matrix: {}}}}", "unknown key 'matrix' in matrix.variants.a"),
        (
            "{variants: {a: {name: x}}}",
            "unknown key 'name' in matrix.variants.a: a variant is called",
        ),
        (
            "{variants: {a: }}",
            "matrix.variants.a must be a mapping (key: value), not null. Fill it in",
        ),
        ("{variants: {a: {}}, baseline: b}", "r.yaml:4:39: matrix.baseline names 'b', which is no"),
        ("{variants: {a: {}}, from_scratch: [b]}", "matrix.from_scratch names 'b', which is no"),
        ("{variants: {a: {}}, seeds: [1, 1]}", "r.yaml:4:36: matrix.seeds holds a seed twice."),
        ("{variants: {a: {}}, seeds: [-1]}", "matrix.seeds must be at least 0."),
        ("{variants: {a: {}}, seed: 3}", "unknown key 'seed' in matrix. Did you mean 'seeds'?"),
        ("{seeds: [0]}", "r.yaml:4:9: matrix.variants is missing; only a matrix with axes"),
        ("3", "matrix must be a mapping (key: value), not 3."),
    ],
)
def test_what_a_matrix_cannot_be(wrong, matrix, message):
    assert message in "\n".join(wrong(f"matrix: {matrix}\n"))


def test_set_reaches_into_the_matrix(read, wrong):
    matrix = "matrix: {variants: {a: {}}}\n"
    assert read(matrix, "matrix.seeds=[4]").matrix.seeds == (4,)
    assert wrong(matrix, "matrix.variants.a.seed=1", "matrix.variants.a.model.dropout=2") == [
        "--set matrix.variants.a.seed: unknown key 'seed' in matrix.variants.a: matrix.seeds gives "
        "the seeds.",
        "--set matrix.variants.a.model.dropout: variant 'a': model.dropout must be less than 1, "
        "not 2.",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("matirx: {variants: {a: {}}}", "unknown key 'matirx'. Did you mean 'matrix'?"),
        ("baseline: a", "unknown key 'baseline'. It belongs in matrix."),
    ],
)
def test_a_misspelt_matrix_is_recognised(wrong, text, message):
    assert wrong(f"{text}\n") == [f"r.yaml:4:1: {message}"]


def test_an_empty_matrix_is_none(read):
    assert read("matrix:\n").matrix is None
