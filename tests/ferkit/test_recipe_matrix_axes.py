"""Axes of a matrix: their product, what is left out and added, names, and errors with places."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferkit.errors import FerkitErrors
from ferkit.recipe import read_recipe
from ferkit.running.plan import plan_runs, run_document

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
        return read_recipe("r.yaml", overrides=overrides, catalogue=parts).matrix

    return read_it


@pytest.fixture
def wrong(read):
    def lines(matrix: str, *overrides: str, rest: str = RECIPE) -> list[str]:
        with pytest.raises(FerkitErrors) as caught:
            read(matrix, *overrides, rest=rest)
        return str(caught.value).splitlines()

    return lines


AXES = """\
matrix:
  axes:
    loop.epochs: [1, 2]
    model.backbone: [small_cnn, {use: resnet, depth: 34}]
    noise:
      clean: {}
      ten: {data: {train: {share: 0.1}}}
"""


def test_every_combination_is_a_setting_named_by_its_values(read):
    matrix = read(AXES)
    assert list(matrix.variants) == ["run"]
    assert list(matrix.settings) == [
        "epochs1-small_cnn-clean",
        "epochs1-small_cnn-ten",
        "epochs1-resnet-clean",
        "epochs1-resnet-ten",
        "epochs2-small_cnn-clean",
        "epochs2-small_cnn-ten",
        "epochs2-resnet-clean",
        "epochs2-resnet-ten",
    ]
    assert matrix.settings["epochs2-resnet-ten"] == {
        "data": {"train": {"share": 0.1}},
        "model": {"backbone": {"use": "resnet", "depth": 34}},
        "loop": {"epochs": 2},
    }
    assert matrix.points["epochs2-resnet-ten"] == {
        "loop.epochs": 2,
        "model.backbone": "resnet",
        "noise": "ten",
    }


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ("[0.5, 1e-1, 1]", ["width0.5", "width0.1", "width1"]),
        ("{narrow: 0.25, wide: 4}", ["narrow", "wide"]),
    ],
)
def test_short_names_of_numbers(read, values, names):
    rest = RECIPE + "model: {backbone: small_cnn}\n"
    matrix = read(f"matrix: {{axes: {{model.backbone.width: {values}}}}}\n", rest=rest)
    assert list(matrix.settings) == names


def test_short_names_of_truths_nothing_and_paths(read):
    matrix = read(
        "matrix: {axes: {data.transductive: [true, false], data.labels: [null, 9],\n"
        "  data.train.path: [a/b.csv, /c/d/]}}\n"
    )
    assert list(matrix.settings)[:3] == [
        "transductive_true-no_labels-b.csv",
        "transductive_true-no_labels-d",
        "transductive_true-labels9-b.csv",
    ]
    assert list(matrix.settings)[-1] == "transductive_false-labels9-d"


def test_a_whole_section_may_be_an_axis_and_short_keys_lie_below_longer_ones(read):
    matrix = read(
        "matrix: {axes: {loop.epochs: [5, 6], loop: {a: supervised, b: {use: self_training}}}}\n",
        rest="data: {train: {use: things, path: here}, labels: 9}\n",
    )
    assert matrix.settings["epochs6-a"] == {"loop": {"use": "supervised", "epochs": 6}}
    assert matrix.settings["epochs5-b"] == {"loop": {"use": "self_training", "epochs": 5}}


def test_axes_are_crossed_with_settings(read):
    matrix = read(
        "matrix:\n  settings: {few: {data: {labels: 9}}, all: {}}\n"
        "  axes: {loop.epochs: [1, 2]}\n  pretrain: {}\n  not_pretrained: [few]\n"
        "  variants: {v: {}, w: {model: {dropout: 0.5}}}\n"
        "  exclude: [{setting: all, loop.epochs: 1, variant: w}]\n"
    )
    assert list(matrix.settings) == ["few-epochs1", "few-epochs2", "all-epochs1", "all-epochs2"]
    assert matrix.settings["few-epochs2"] == {"data": {"labels": 9}, "loop": {"epochs": 2}}
    assert matrix.points["all-epochs1"] == {"setting": "all", "loop.epochs": 1}
    assert matrix.not_pretrained == ("few-epochs1", "few-epochs2")
    assert matrix.left_out == (("all-epochs1", "w"),)


def test_folds_of_a_crossed_setting_are_those_of_all_its_combinations(read, wrong):
    text = (
        "matrix: {{settings: {{few: {{data: {{labels: 9}}}}, all: {{}}}}, "
        "axes: {{loop.epochs: [1, 2]}}, folds: {{{}: 3}}}}\n"
    )
    matrix = read(text.format("few"))
    assert matrix.fold_numbers("few-epochs2") == (0, 1, 2)
    assert matrix.fold_numbers("all-epochs2") == (None,)
    assert read(text.format("all-epochs1")).fold_numbers("all-epochs1") == (0, 1, 2)
    assert "matrix.folds names 'fw', which is no setting." in wrong(text.format("fw"))[0]


def test_components_that_first_names_take_nothing_from_axes(read, wrong):
    head = "matrix: {axes: {loop: [{use: supervised, epochs: 4}, {use: supervised}], "
    assert "two values would both be called 'supervised'" in wrong(head + "}}\n")[0]
    axes = "matrix: {axes: {loop.epochs: [1, 2]}, first: {loop: {use: supervised}}}\n"
    assert read(axes), "the first model trains three epochs, as the recipe says"


def test_what_is_left_out(read):
    matrix = read(
        AXES + "  exclude:\n"
        "    - {loop.epochs: 1, noise: ten}\n"
        "    - {model.backbone: [resnet], loop.epochs: epochs2}\n"
    )
    assert list(matrix.settings) == [
        "epochs1-small_cnn-clean",
        "epochs1-resnet-clean",
        "epochs2-small_cnn-clean",
        "epochs2-small_cnn-ten",
    ]
    assert matrix.left_out == ()


def test_settings_without_axes_may_be_left_out_for_a_variant(read):
    matrix = read(
        "matrix: {settings: {a: {}, b: {data: {labels: 9}}}, variants: {v: {}, w: {}},\n"
        "  exclude: [{setting: b, variant: [w]}]}\n"
    )
    assert matrix.left_out == (("b", "w"),)
    assert matrix.omitted() == {("b", "w")}
    assert list(matrix.settings) == ["a", "b"]


def test_what_is_added(read):
    matrix = read(
        AXES + "  variants: {v: {}, w: {model: {dropout: 0.5}}}\n"
        "  exclude: [{noise: ten}]\n"
        "  include:\n"
        "    - {loop.epochs: 9, model.backbone: resnet, noise: ten, variant: w}\n"
        "    - {loop.epochs: 2, model.backbone: {use: resnet, depth: 34}, noise: ten}\n"
    )
    assert list(matrix.settings)[-2:] == ["epochs2-resnet-ten", "epochs9-resnet-ten"]
    assert matrix.left_out == (("epochs9-resnet-ten", "v"),)
    assert matrix.points["epochs9-resnet-ten"]["loop.epochs"] == 9


def test_a_wrong_value_is_told_at_its_own_place_with_the_first_combination(wrong):
    assert wrong(
        """\
matrix:
  axes:
    loop.epochs: [1, 0]
    model.dropot: [0.1, 0.2]
    model.backbone:
      small: small_cnn
      deep: {use: resnet, depth: 50}
    noise: {a: {data: {train: {shar: 1}}}, b: {}}
"""
    ) == [
        "r.yaml:6:22: loop.epochs=0, model.dropot=0.1, model.backbone=small, noise=a: "
        "loop.epochs must be at least 1, not 0.",
        "r.yaml:7:5: loop.epochs=1, model.dropot=0.1, model.backbone=small, noise=a: unknown key "
        "'dropot' in model. Did you mean 'dropout'?",
        "r.yaml:10:34: loop.epochs=1, model.dropot=0.1, model.backbone=deep, noise=a: "
        "model.backbone.depth must be one of 18, 34, not 50.",
        "r.yaml:11:32: loop.epochs=1, model.dropot=0.1, model.backbone=small, noise=a: unknown "
        "key 'shar' in data.train. Did you mean 'share'?",
    ]


def test_what_does_not_fit_in_one_combination_only_is_found(wrong):
    (line,) = wrong("matrix: {axes: {loop: [supervised, self_training], data.labels: [null, 9]}}\n")
    assert line.startswith("r.yaml:4:36: loop=self_training, data.labels=null: the SSL loop ")


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ("axes: {}", "r.yaml:4:16: matrix.axes is empty."),
        ("axes: {loop.epochs: []}", "r.yaml:4:30: matrix.axes.loop.epochs has no values."),
        ("axes: {loop.epochs: 3}",
         "matrix.axes.loop.epochs must be a list of values, or a mapping from short names to"),
        ("axes: {seed: [1, 2]}", "matrix.axes.seed can't be an axis: matrix.seeds gives the seeds"),
        ("axes: {variant: [1]}", "r.yaml:4:17: no axis can be called 'variant'"),
        ("axes: {loop..epochs: [1]}", "has an empty part between its dots"),
        ("axes: {lop.epochs: [1, 2]}",
         "matrix.axes.lop.epochs begins with no key of a recipe, so its values must be fragments "
         "of one, by short names. Did you mean 'loop'?"),
        ("axes: {kind: {a: 1}}", "For example kind: {low: {model: {dropout: 0.1}}, high"),
        ("axes: {kind: {a: {seed: 3}}}",
         "r.yaml:4:28: unknown key 'seed' in matrix.axes.kind.a: matrix.seeds gives the seeds."),
        ("axes: {loop: {use: supervised, epochs: 4}}",
         "r.yaml:4:24: matrix.axes.loop has the values of one component where several values are "
         "wanted. Write a list: [{use: supervised, ...}, ...]"),
        ("axes: {model: [{dropout: 0.1}]}",
         "r.yaml:4:25: matrix.axes.model: no short name can be made from a mapping."),
        ("axes: {model: {a/b: {dropout: 0.1}}}", "'a/b' can't be a short name"),
        ("axes: {model.backbone: [resnet, {use: resnet, depth: 34}]}",
         "r.yaml:4:42: matrix.axes.model.backbone: two values would both be called 'resnet'"),
        ("axes: {loop.epochs: {first: 1, b: 2}}",
         "r.yaml:4:38: a combination can't be called 'first': the matrix folder has"),
        ("axes: {loop.epochs: {a-b: 1, a: 2}, data.labels: {c: 8, b-c: 9}}",
         "two combinations of matrix.axes would both be called 'a-b-c'"),
        ("axes: {loop.epochs: [1]}, exclude: [{loop.epoch: 1}]",
         "r.yaml:4:47: matrix.exclude names 'loop.epoch', which is no axis. Did you mean"),
        ("axes: {loop.epochs: [1, 2]}, exclude: [{loop.epochs: 3}]",
         "r.yaml:4:63: matrix.exclude: 3 is no value of loop.epochs. Its values: 1, 2."),
        ("axes: {loop.epochs: [1, 2]}, exclude: [{variant: v}]",
         "matrix.exclude names 'v', which is no variant. Variants: run."),
        ("axes: {loop.epochs: [1, 2]}, exclude: [{setting: epoch1}]",
         "matrix.exclude names 'epoch1', which is no setting. Did you mean 'epochs1'?"),
        ("axes: {loop.epochs: [1, 2]}, exclude: [{loop.epochs: 1}, {loop.epochs: 1}]",
         "r.yaml:4:67: this entry of matrix.exclude matches no combination that is left."),
        ("axes: {loop.epochs: [1, 2]}, exclude: [{loop.epochs: [1, 2]}]",
         "r.yaml:4:39: matrix.exclude leaves nothing to run."),
        ("axes: {loop.epochs: [1, 2]}, exclude: [{}]", "matrix.exclude has an empty entry."),
        ("variants: {v: {}}, exclude: [{variant: v}]",
         "matrix.exclude has no meaning without matrix.axes or matrix.settings."),
        ("settings: {a: {}}, include: [{setting: a}]",
         "matrix.include has no meaning without matrix.axes."),
        ("axes: {loop.epochs: [1, 2], data.labels: [9]}, include: [{loop.epochs: 3}]",
         "r.yaml:4:67: this entry of matrix.include gives no value of data.labels"),
        ("axes: {loop.epochs: [1, 2]}, include: [{loop.epochs: 2}]",
         "this entry of matrix.include adds nothing: 'epochs2' is run anyway."),
        ("axes: {kind: {a: {}, b: {model: {dropout: 0.5}}}}, include: [{kind: c}]",
         "matrix.include: c is no value of kind. Its values: a, b."),
        ("axes: {loop.epochs: {epochs3: 1, b: 2}}, include: [{loop.epochs: 3}]",
         "matrix.include, loop.epochs: another value is called 'epochs3' already."),
    ],
)  # fmt: skip
def test_what_axes_cannot_be(wrong, matrix, message):
    assert message in "\n".join(wrong(f"matrix: {{{matrix}}}\n"))


def test_all_axes_that_are_wrong_are_told(wrong):
    lines = wrong("matrix:\n  axes:\n    loop.epochs: []\n    seed: [1]\n    lop: [2]\n")
    assert [line.split(": ")[0] for line in lines] == ["r.yaml:6:18", "r.yaml:7:5", "r.yaml:8:5"]


def test_there_is_an_end_to_combinations(wrong):
    values = ", ".join(str(number) for number in range(1, 102))
    (line,) = wrong(f"matrix: {{axes: {{loop.epochs: [{values}], data.labels: [{values}]}}}}\n")
    assert "matrix.axes come to 10201 combinations; there may be at most 10000." in line


def test_an_axis_that_changes_no_run_is_refused(read, wrong):
    axes = "matrix: {{axes: {{loop.epochs: [1, 2], model.dropout: [0.1, 0.2]}}, {}}}\n"
    (line,) = wrong(axes.format("variants: {st: {loop: {use: supervised, epochs: 9}}}"))
    assert line.startswith("r.yaml:4:17: matrix.axes.loop.epochs changes no run: whatever it sets")
    assert len(read(axes.format("variants: {st: {model: {backbone: resnet}}}")).settings) == 4
    of_first = "first: {}, variants: {st: {loop: {use: supervised, epochs: 9}}}"
    assert len(read(axes.format(of_first)).settings) == 4, "first models depend on it"


def test_axes_can_be_set_from_the_command_line(read):
    matrix = read(AXES, "matrix.axes.loop.epochs=[7]", "matrix.axes.noise=null")
    assert list(matrix.settings) == ["epochs7-small_cnn", "epochs7-resnet"]
    none = read("matrix: {axes: {loop.epochs: [1, 2]}}\n", "matrix.axes.loop.epochs=null")
    assert none.settings is None


def test_variants_may_be_missing_only_where_there_is_something_else(read, wrong):
    assert list(read("matrix: {seeds: [0, 1]}\n").variants) == ["run"]
    assert list(read("matrix: {folds: 2}\n").variants) == ["run"]
    assert list(read("matrix: {settings: {a: {}}}\n").variants) == ["run"]
    assert "matrix.variants is missing" in wrong("matrix: {}\n")[0]
    assert "matrix.variants is empty." in wrong("matrix: {variants: {}, seeds: [0, 1]}\n")[0]


def test_folds_are_numbers_of_the_division(read):
    assert read("matrix: {folds: 3}\n").fold_numbers() == (0, 1, 2)
    by_subject = "data: {train: {use: things, path: here}, split: {folds: subject}}\n"
    assert read("matrix: {folds: [0, 7]}\n", rest=by_subject).fold_numbers() == (0, 7)
    assert read("matrix: {variants: {v: {}}}\n").fold_numbers() == (None,)


def test_folds_by_setting(read):
    two = "{data: {split: {folds: 2}}}"
    matrix = read(
        f"matrix: {{settings: {{a: {{}}, b: {two}, c: {{}}}}, folds: {{a: 3, b: [1]}}}}\n"
    )
    numbers = [matrix.fold_numbers(name) for name in "abc"]
    assert numbers == [(0, 1, 2), (1,), (None,)]
    folders = [run.folder.as_posix() for run in plan_runs(matrix)]
    assert folders == [
        "a/run/seed0-fold0",
        "a/run/seed0-fold1",
        "a/run/seed0-fold2",
        "b/run/seed0-fold1",
        "c/run/seed0",
    ]
    run = plan_runs(matrix)[1]
    own = run_document({"data": {"train": "x"}}, matrix, run, name="r", root=Path("m"))
    assert own["data"]["split"] == {"folds": 3, "fold": 1}
    last = plan_runs(matrix)[-1]
    assert "split" not in run_document({"data": {}}, matrix, last, name="r", root=Path("m"))["data"]


SPLIT = "data: {{train: {{use: things, path: here}}, split: {{folds: {}}}}}\n"


@pytest.mark.parametrize(
    ("folds", "matrix", "message"),
    [
        ("null", "folds: 1", "r.yaml:2:17: matrix.folds must be at least 2, not 1."),
        ("null", "folds: []", "matrix.folds is empty."),
        ("4", "folds: [1, 1]", "matrix.folds holds a fold twice."),
        ("4", "folds: [-1]", "matrix.folds are numbers from 0."),
        ("4", "folds: 5", "r.yaml:2:17: variant 'v': matrix.folds is 5, and data.split.folds is 4"),
        ("4", "folds: [0, 4]", "matrix.folds names fold 4; data.split.folds is 4, so the last one"),
        ("null", "folds: [0]",
         "matrix.folds names folds, and data.split.folds does not say how many there are."),
        ("null", "folds: {}, settings: {s: {}}", "matrix.folds is empty."),
        ("null", "settings: {one: {}}, folds: {on: 2}",
         "matrix.folds names 'on', which is no setting. Did you mean 'one'?"),
        ("null", "settings: {s: {}}, folds: {s: 1}",
         "r.yaml:2:40: matrix.folds.s must be at least 2, not 1."),
        ("4", "settings: {s: {}}, folds: {s: [4]}", "matrix.folds.s names fold 4; data.split"),
        ("4, fold: 3", "folds: [0, 1]",
         "variant 'v': matrix.folds says which folds are run, and data.split.fold is 3; leave"),
        ("null", "folds: 2, pretrain: {model: {dropout: 0.1}}",
         "r.yaml:2:20: matrix.pretrain is trained once for all folds, on the same data.train"),
    ],
)  # fmt: skip
def test_what_folds_cannot_be(wrong, folds, matrix, message):
    text = f"matrix: {{{matrix}, variants: {{v: {{}}}}}}\n"
    assert message in "\n".join(wrong(text, rest=SPLIT.format(folds)))


def test_a_pretrained_model_on_other_data_goes_with_folds(read):
    other = "pretrain: {data: {train: {path: there}}}"
    assert read(f"matrix: {{folds: 2, {other}, variants: {{v: {{}}}}}}\n").pretrain
    same = "pretrain: {}, from_scratch: [v]"
    assert read(f"matrix: {{folds: 2, {same}, variants: {{v: {{}}}}}}\n"), "nothing starts from it"


@pytest.mark.parametrize(
    ("folds", "laid", "message"),
    [
        ("5", "split: {seed: 1}",
         "r.yaml:2:20: matrix.first has another data.split.seed than its variants"),
        ("null", "split: {folds: 5}, train: {path: there}", ""),
        ("5", "split: {seed: 1}, train: {path: there}", ""),
        ("subject", "split: {seed: 1}", ""),
        ("5", "split: {validation: 0.3}", ""),
    ],
)  # fmt: skip
def test_a_first_model_has_the_folds_of_its_variants(read, wrong, folds, laid, message):
    text = f"matrix: {{folds: 5, first: {{data: {{{laid}}}}}, variants: {{v: {{}}, w: {{}}}}}}\n"
    if message:
        assert [message in line for line in wrong(text, rest=SPLIT.format(folds))] == [True]
        free = text.replace("variants", "from_scratch: [v, w], variants")
        assert read(free, rest=SPLIT.format(folds))
    else:
        assert read(text, rest=SPLIT.format(folds))
