"""Files that a recipe takes from environment variables: what is told where they are not there."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from dataset_trees import TREES, write

from ferkit.catalogue import catalogue
from ferkit.cli import main
from ferkit.errors import FerkitErrors
from ferkit.plugins import load
from ferkit.recipe import LoadedRecipe, read_recipe
from ferkit.running.absent_files import refuse_absent, refuse_absent_later
from ferkit.running.matrix_plan import read_plan, write_plan
from ferkit.running.plan import plan_runs

RECIPE = """\
faces: {detector: null, cropper: {use: face, size: 32}}
model:
  backbone: {use: vggface, weights: $FERKIT_VGG_FACE}
data: {train: {use: rendered, count: 70}}
matrix:
  seeds: [0]
  settings:
    rafd: {data: {train: {use: rafd, path: "${FERKIT_RAFD}"}}}
    raf_db:
      data:
        train: {use: raf_db, path: $FERKIT_DATA/raf}
        test: {use: rafd, path: "${FERKIT_RAFD}"}
  variants: {plain: {}, other: {training: {batch_size: 8}}}
"""


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("FERKIT_VGG_FACE", "FERKIT_RAFD", "FERKIT_DATA"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "r.yaml"
    path.write_text(RECIPE)
    return path


def set_all(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    write(TREES["rafd"](), folder / "rafd")
    write(TREES["raf_db"](), folder / "raf")
    (folder / "vgg.pth").touch()
    monkeypatch.setenv("FERKIT_VGG_FACE", str(folder / "vgg.pth"))
    monkeypatch.setenv("FERKIT_RAFD", str(folder / "rafd"))
    monkeypatch.setenv("FERKIT_DATA", str(folder))


def test_check_and_run_tell_all_that_is_absent_at_once(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = [
        f"{recipe}:3:37: the environment variable FERKIT_VGG_FACE is not set: the weights "
        "'vggface' are needed. 'ferkit fetch vggface' gets the file and says where it lies. Then "
        "export FERKIT_VGG_FACE=PATH or --set model.backbone.weights=PATH.",
        f"{recipe}:8:44: the environment variable FERKIT_RAFD is not set: the data set 'rafd' is "
        "needed. Access: by request, for researchers of accredited universities "
        "(https://rafd.socsci.ru.nl/). Its folder holds files such as "
        "'Rafd090_01_Caucasian_female_angry_frontal.jpg'. Then export FERKIT_RAFD=PATH or --set "
        "matrix.settings.rafd.data.train.path=PATH (and --set "
        "matrix.settings.raf_db.data.test.path=PATH).",
        f"{recipe}:11:36: the environment variable FERKIT_DATA is not set: the data set 'raf_db' "
        "is needed. Access: by request to the authors, from an address of a university "
        "(http://www.whdeng.cn/RAF/model1.html). Its folder holds 'basic', with 'EmoLabel' and "
        "'Image' in it. Then export FERKIT_DATA=PATH or --set "
        "matrix.settings.raf_db.data.train.path=PATH.",
    ]
    assert main(["check", str(recipe)]) == 2
    assert capsys.readouterr().err.splitlines() == said
    out = tmp_path / "out"
    assert main(["run", str(recipe), "--out", str(out), "--progress", "none"]) == 2
    assert capsys.readouterr().err.splitlines() == said
    assert not out.exists()


def test_other_errors_are_told_beside(recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe.write_text(RECIPE.replace("batch_size: 8", "batchsize: 8"))
    assert main(["check", str(recipe)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert "unknown key 'batchsize' in training. Did you mean 'batch_size'?" in lines[-1]


def test_a_variable_that_leads_nowhere(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_all(monkeypatch, tmp_path)
    monkeypatch.setenv("FERKIT_RAFD", "/nowhere/rafd")
    monkeypatch.setenv("FERKIT_VGG_FACE", "/nowhere/vgg.pth")
    with pytest.raises(FerkitErrors) as raised:
        read_recipe(str(recipe), catalogue=catalogue(load()), look=True)
    weights, rafd = raised.value.errors
    assert weights.what == (
        "there is nothing at /nowhere/vgg.pth, to which FERKIT_VGG_FACE leads: the weights "
        "'vggface' are needed."
    )
    assert rafd.what.startswith("there is nothing at /nowhere/rafd, to which FERKIT_RAFD leads")
    assert "by request, for researchers" in str(rafd.hint)


@pytest.mark.parametrize("nowhere", ["/nowhere", "nowhere"])
def test_variables_that_lead_to_the_same_nowhere(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nowhere: str
) -> None:
    """Each is told with what lies at its own place in the recipe."""
    set_all(monkeypatch, tmp_path)
    recipe.write_text(RECIPE.replace("$FERKIT_DATA/raf", "$MY_FACES"))
    monkeypatch.setenv("FERKIT_RAFD", nowhere)
    monkeypatch.setenv("MY_FACES", nowhere)
    components = catalogue(load())
    with pytest.raises(FerkitErrors) as raised:
        read_recipe(str(recipe), catalogue=components, look=True)
    rafd, raf_db = (error.what for error in raised.value.errors)
    assert rafd.endswith("to which FERKIT_RAFD leads: the data set 'rafd' is needed.")
    assert raf_db.endswith("to which MY_FACES leads: the data set 'raf_db' is needed.")
    loaded = read_recipe(str(recipe), catalogue=components, look=True, parts=True)
    assert loaded.matrix is not None
    wanted = {run.folder for run in plan_runs(loaded.matrix) if run.setting == "raf_db"}
    with pytest.raises(FerkitErrors) as raised:
        refuse_absent(loaded, loaded.matrix, wanted, components)
    assert [error.what for error in raised.value.errors] == [rafd, raf_db]


def test_a_path_given_by_set_is_enough(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_all(monkeypatch, tmp_path)
    monkeypatch.delenv("FERKIT_DATA")
    given = f"matrix.settings.raf_db.data.train.path={tmp_path / 'raf'}"
    assert main(["check", str(recipe), "--set", given]) == 0


def test_the_matrix_folder_holds_the_real_paths(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_all(monkeypatch, tmp_path)
    components = catalogue(load())
    loaded = read_recipe(str(recipe), catalogue=components, look=True)
    assert loaded.matrix is not None
    root = tmp_path / "out"
    plan = write_plan(loaded, loaded.matrix, components, root=root, jobs=1, smoke=True)
    files = [root / "recipe.yaml", *(root / run.plan_file for run in plan.work)]
    assert not any("$" in file.read_text() for file in files)
    settings = yaml.safe_load(files[0].read_text())["matrix"]["settings"]
    assert settings["raf_db"]["data"]["train"]["path"] == str(tmp_path / "raf")


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (
            "data: {unlabelled: {use: table, path: $FERKIT_BOLD_MINED}}",
            "FERKIT_BOLD_MINED is not set: the manifest.csv of the clips mined from BoLD is "
            "needed. "
            "'ferkit mine BOLD_public/videos --out mined' writes mined/manifest.csv "
            "(docs/mining.md). bold: by registration on its page (https://cydar.ist.psu.edu/"
            "emotionchallenge/dataset.php). Then export FERKIT_BOLD_MINED=PATH or --set "
            "matrix.variants.plain.data.unlabelled.path=PATH.",
        ),
        (
            "init: $FERKIT_FERPLUS_34",
            "FERKIT_FERPLUS_34 is not set: the run folder of a ResNet-34 trained on FER+ is "
            "needed. 'ferkit run tables/b_ferplus_34 --out ferplus_34' makes it. Then export",
        ),
        (
            "data: {unlabelled: {use: table, path: $MY_TABLE}}",
            "MY_TABLE is not set: the data set 'table' is needed. Give it by export MY_TABLE=PATH "
            "or --set matrix.variants.plain.data.unlabelled.path=PATH.",
        ),
        (
            "init: $MY_RUN",
            "MY_RUN is not set: what init names is needed. Give it by export MY_RUN=PATH or",
        ),
    ],
)
def test_what_is_no_data_set_nor_weights(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, message: str
) -> None:
    set_all(monkeypatch, tmp_path)
    recipe.write_text(RECIPE.replace("plain: {}", f"plain: {{{key}}}"))
    with pytest.raises(FerkitErrors) as raised:
        read_recipe(str(recipe), catalogue=catalogue(load()), look=True)
    (error,) = raised.value.errors
    assert message in str(error)


def test_only_what_the_wanted_runs_need_is_looked_for(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_all(monkeypatch, tmp_path)
    monkeypatch.delenv("FERKIT_DATA")
    components = catalogue(load())
    with pytest.raises(FerkitErrors, match="FERKIT_DATA is not set"):
        read_recipe(str(recipe), catalogue=components, look=True)

    def loaded() -> LoadedRecipe:
        return read_recipe(str(recipe), catalogue=components, look=True, parts=True)

    matrix = loaded().matrix
    assert matrix is not None
    runs = plan_runs(matrix)
    of = {name: {run.folder for run in runs if run.setting == name} for name in ("rafd", "raf_db")}
    refuse_absent(loaded(), matrix, of["rafd"], components)
    with pytest.raises(FerkitErrors, match=r"FERKIT_DATA is not set.*'raf_db' is needed.*--set"):
        refuse_absent(loaded(), matrix, of["raf_db"], components)

    # What was left for later is planned, and found once its variable is set.
    root = tmp_path / "out"
    write_plan(loaded(), matrix, components, root=root, jobs=1, smoke=True)
    later = [plan.recipes["raf_db", "plain"] for plan in (read_plan(root, components),)]
    with pytest.raises(FerkitErrors, match=f"^{root}: the environment variable FERKIT_DATA is not"):
        refuse_absent_later(later, where=str(root))
    monkeypatch.setenv("FERKIT_DATA", str(tmp_path))
    later = [read_plan(root, components).recipes["raf_db", "plain"]]
    refuse_absent_later(later, where=str(root))
    assert later[0].data.train.path == str(tmp_path / "raf")


def test_run_begins_a_part_whose_data_are_there(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["run", str(recipe), "--out", str(out), "--progress", "none", "--only", "rafd"]
    assert main(arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "FERKIT_VGG_FACE" in lines[0]
    assert "FERKIT_RAFD" in lines[1]
    assert not out.exists()


def test_what_is_only_read_needs_no_data(recipe: Path) -> None:
    assert read_recipe(str(recipe), catalogue=catalogue(load())).matrix is not None
