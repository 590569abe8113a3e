"""The papers' tables as recipes: complete for real data, with a rendered twin and their figures."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from dataset_trees import TREES, write

import ferkit
from ferkit.catalogue import Catalogue, catalogue
from ferkit.cli import main
from ferkit.errors import FerkitErrors
from ferkit.plugin import Context
from ferkit.plugins import load
from ferkit.recipe import LoadedRecipe, models_for, read_recipe, validate
from ferkit.running.assemble import read_data
from ferkit.running.folder import read_json
from ferkit.running.plan import plan_runs, run_document

FOLDER = Path(ferkit.__file__).parent / "recipes" / "tables"
TABLES = (
    "a_table_1",
    "a_table_2",
    "a_table_3",
    "b_fig_5",
    "b_fig_6",
    "b_fig_7",
    "b_table_1",
    "b_table_2_components",
    "b_table_2_students",
)
ALONE = ("b_ferplus_34",)
"""One run, which a table needs and which has no figure of the paper."""

FOLDERS = ("ck_plus", "rafd", "raf_db", "affectnet", "afew", "ferplus")
FILES = ("vgg_face", "enlightengan", "ferplus_34", "bold_mined")

WHAT_IT_HOLDS = "Its folder holds |gets the file|the run folder of|the manifest.csv of"
HOW_TO_GET_IT = r"Access: .*\(https?://|'ferkit (fetch|run|mine) \S+"


@pytest.fixture(scope="module")
def components() -> Catalogue:
    return catalogue(load())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trees of all data sets, and files for the rest."""
    root = tmp_path_factory.mktemp("data")
    for name in FOLDERS:
        write(TREES[name](), root / name)
    for name in FILES:
        (root / name).write_text("path,group\nclip.mp4,film\n")
    (root / "bold_mined").rename(root / "bold_mined.csv")
    (root / "clip.mp4").touch()
    return root


@pytest.fixture
def here(data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All variables set."""
    for name in (*FOLDERS, *FILES):
        suffix = ".csv" if name == "bold_mined" else ""
        monkeypatch.setenv(f"FERKIT_{name.upper()}", str(data / f"{name}{suffix}"))
    return data


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*FOLDERS, *FILES):
        monkeypatch.delenv(f"FERKIT_{name.upper()}", raising=False)


def structure(read: LoadedRecipe) -> list[tuple[str | None, str, int, int | None]]:
    """Setting, variant, seed and fold of all runs but the pretrained one."""
    assert read.matrix is not None
    runs = [run for run in plan_runs(read.matrix) if run.variant != "pretrain"]
    return [(run.setting, run.variant, run.seed, run.fold) for run in runs]


def test_every_table_has_its_twin() -> None:
    found = {path.stem for path in FOLDER.iterdir()}
    assert found == {*TABLES, *(f"{name}_rendered" for name in TABLES), *ALONE}
    for name in TABLES:
        first = (FOLDER / f"{name}_rendered.yaml").read_text(encoding="utf-8").splitlines()[0]
        assert f"tables/{name}," in first


@pytest.mark.parametrize("name", [*TABLES, *ALONE])
def test_a_table_is_right_where_its_data_are(name: str, here: Path, components: Catalogue) -> None:
    read = read_recipe(f"tables/{name}", catalogue=components, look=True)
    assert read.name == name


@pytest.mark.parametrize("name", [*TABLES, *ALONE])
def test_a_table_tells_all_that_it_lacks(name: str, nowhere: None, components: Catalogue) -> None:
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    content = [line for line in text.splitlines() if not line.startswith("#")]
    named = {f"FERKIT_{one.upper()}" for one in (*FOLDERS, *FILES)}
    wanted = {one for one in named if any(f"${one}" in line for line in content)}
    with pytest.raises(FerkitErrors) as raised:
        read_recipe(f"tables/{name}", catalogue=components, look=True)
    assert len(raised.value.errors) == len(wanted)
    for one in raised.value.errors:
        assert "is not set" in one.what
        assert "--set " in str(one.hint)
        assert re.search(WHAT_IT_HOLDS, str(one)), one
        assert re.search(HOW_TO_GET_IT, str(one.hint)), one
    assert {
        line.partition("variable ")[2].split()[0] for line in map(str, raised.value.errors)
    } == (wanted)
    # What each is, the comment before the recipe says as well.
    comment = text[: text.index("\ndata:")]
    assert all(one in comment for one in wanted)


@pytest.mark.parametrize("name", TABLES)
def test_a_twin_is_right_and_of_the_same_structure(
    name: str, here: Path, components: Catalogue
) -> None:
    table = read_recipe(f"tables/{name}", catalogue=components)
    twin = read_recipe(f"tables/{name}_rendered", catalogue=components, look=True)
    assert structure(twin) == structure(table)
    assert table.matrix is not None
    assert twin.matrix is not None
    assert twin.matrix.baseline == table.matrix.baseline
    ours, theirs = table.matrix.paper, twin.matrix.paper
    assert ours is not None
    assert theirs is not None
    assert theirs.model_dump(exclude={"comparable", "note"}) == ours.model_dump(
        exclude={"comparable", "note"}
    )
    assert ours.comparable
    assert not theirs.comparable
    assert "$" not in (FOLDER / f"{name}_rendered.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", TABLES)
def test_the_data_of_every_cell_can_be_read(name: str, here: Path, components: Catalogue) -> None:
    read = read_recipe(f"tables/{name}", catalogue=components)
    assert read.matrix is not None
    models = models_for(read.document, components)
    seen = set()
    cells = {run.cell: run for run in plan_runs(read.matrix)}
    for run in cells.values():
        document = run_document(read.document, read.matrix, run, name=name, root=here)
        recipe = validate(document, catalogue=components, folder=read.folder, models=models)
        if repr(recipe.data) not in seen:
            seen.add(repr(recipe.data))
            sets = read_data(recipe, components, Context())
            assert all(one.samples for one in sets.values()), run.label
            wanted = {"unlabelled"} if recipe.data.unlabelled is not None else set()
            assert wanted <= set(sets)


def test_the_settings_of_the_papers(here: Path, components: Catalogue) -> None:
    """A few that are easily lost: A3 to A10, A13 to A16, B13, B20, B21."""
    read = read_recipe("tables/a_table_1", catalogue=components)
    assert read.matrix is not None
    runs = {(run.setting, run.variant, run.fold): run for run in plan_runs(read.matrix)}
    assert len([key for key in runs if key[:2] == ("ck_plus", "st_sw")]) == 10
    assert len([key for key in runs if key[:2] == ("rafd", "st_sw")]) == 5

    def recipe_of(*key: object):
        document = run_document(read.document, read.matrix, runs[key], name="x", root=here)
        return validate(document, catalogue=components, folder=read.folder)

    whole = recipe_of("ck_plus", "st_sw", 3)
    assert (whole.data.split.folds, whole.data.split.fold, whole.data.split.by) == (
        10,
        3,
        "subject",
    )
    assert whole.data.transductive
    assert whole.data.split.validation == 0.1
    assert whole.data.train.samples == "stills"
    assert not whole.data.train.contempt
    assert (whole.loop.tau, whole.loop.fraction) == (0.9, 0.02)
    assert [one.use for one in whole.labelled.label_updates] == ["fixed", "successive_smoothing"]
    assert whole.labelled.label_updates[0].eps == 0.05
    assert whole.labelled.label_updates[1].alpha == 0.7
    trend = whole.labelled.weightings[0]
    assert (trend.c, trend.sigma, trend.window) == (0.3, 2, 3)
    assert (whole.training.batch_size, whole.training.optimiser.lr) == (32, 1e-4)
    assert whole.faces.cropper.size == 224
    assert not recipe_of("ck_plus", "first", 3).data.transductive
    assert recipe_of("raf_db", "none", None).labelled.weightings == ()
    read = read_recipe("tables/b_table_1", catalogue=components)
    runs = {(run.setting, run.variant, run.fold): run for run in plan_runs(read.matrix)}
    afew = recipe_of("afew", "with_iterations", None)
    assert (afew.data.selection, afew.data.reported) == ("reported", "validation")
    assert (afew.loop.rounds, afew.loop.ratio, afew.student.dropout) == (4, 2, 0.5)
    optimiser = afew.training.optimiser
    assert (optimiser.lr, optimiser.step_epochs, optimiser.step_factor) == (1e-5, 30, 0.6)
    inner = recipe_of("afew_inner", "with_iterations", None)
    assert (inner.data.selection, inner.data.reported) == ("inner", "validation")
    ck_plus = recipe_of("ck_plus", "with_iterations", 9)
    assert (ck_plus.data.split.folds, ck_plus.loop.rounds, ck_plus.loop.ratio) == (10, 2, 5)
    assert ck_plus.data.train.contempt
    assert recipe_of("ck_plus", "without_iterations", 9).loop.rounds == 0


def test_the_wheel_holds_them(repository: Path, tmp_path: Path) -> None:
    wheel = pytest.importorskip("hatchling.builders.wheel")
    built = next(iter(wheel.WheelBuilder(str(repository)).build(directory=str(tmp_path))))
    with zipfile.ZipFile(built) as archive:
        held = set(archive.namelist())
    assert held >= {f"ferkit/recipes/tables/{path.name}" for path in FOLDER.iterdir()}


@pytest.mark.slow
def test_a_twin_runs(tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["run", "tables/b_fig_5_rendered", "--smoke", "--out", str(out), "--jobs", "1"]
    assert main([*arguments, "--progress", "none", "--only", "eyes"]) == 0
    state = read_json(out / "matrix.json")
    paper = state["settings"]["eyes"]["variants"]["ours"]["paper"]
    assert paper["value"] == 0.3502
    assert paper["difference"] == pytest.approx(paper["ours"] - 0.3502)
    assert "35.02" in (out / "report.html").read_text(encoding="utf-8")
