"""Copies that were unpacked otherwise: deeper, in part, by a Mac, in other letters."""

from __future__ import annotations

import numpy as np
import pytest
from dataset_trees import TREES, afew, affectnet, ck_plus, crema_d, dfew, ferv39k, raf_db, rafd
from ferkit_datasets.afew import read_afew
from ferkit_datasets.affectnet import read_affectnet
from ferkit_datasets.ck_plus import read_ck_plus
from ferkit_datasets.crema_d import read_crema_d
from ferkit_datasets.dfew import read_dfew
from ferkit_datasets.ferv39k import read_ferv39k
from ferkit_datasets.muxspace import read_muxspace
from ferkit_datasets.params import RafDbParams
from ferkit_datasets.params_lab import CkPlusParams, RafdParams
from ferkit_datasets.params_video import AfewParams, CremaDParams, DfewParams, Ferv39kParams
from ferkit_datasets.params_wild import AffectNetParams, MuxspaceParams
from ferkit_datasets.raf_db import read_raf_db
from ferkit_datasets.rafd import read_rafd

from ferkit.errors import FerkitError


def told(reading, folder) -> list[tuple[str, str]]:
    return [(p.kind, p.where.removeprefix(f"{folder}/")) for p in reading.problems]


def labels(reading) -> list[tuple[str, str]]:
    return [(s.id.rsplit("/", 1)[-1], reading.classes[s.label]) for s in reading.samples]


def ck(folder, **params):
    return read_ck_plus(CkPlusParams(path=str(folder), **params))


IMAGES = "cohn-kanade-images"


def test_an_empty_inner_folder_does_not_hide_the_outer_one(grow) -> None:
    whole = ck(grow(ck_plus.tree()))
    folder = grow({})
    (folder / IMAGES / IMAGES).mkdir()
    (folder / "Emotion" / "Emotion").mkdir()
    reading = ck(folder)
    assert reading.samples == whole.samples
    assert told(reading, folder) == [
        ("surplus folder", f"{IMAGES}/{IMAGES}"),
        ("surplus folder", "Emotion/Emotion"),
        ("no label", "Emotion"),
    ]
    what = f"is not read, but '{IMAGES}', which holds more of it (5 to 0)."
    assert reading.problems[0].what == what


def test_a_folder_that_was_unpacked_in_part_does_not_hide_the_full_one(grow) -> None:
    part = {
        name: text for name, text in ck_plus.tree(f"{IMAGES}/{IMAGES}").items() if "S005" in name
    }
    folder = grow(ck_plus.tree() | part)
    reading = ck(folder)
    assert len(reading.samples) == len(ck_plus.CODES)
    assert told(reading, folder)[0] == ("surplus folder", f"{IMAGES}/{IMAGES}")
    assert "(5 to 1)" in reading.problems[0].what
    # and the other way round: the outer one holds less
    folder = grow(
        {f"again/{name}": text for name, text in ck_plus.tree(f"{IMAGES}/{IMAGES}").items()}
    )
    (folder / "again" / IMAGES / "S005").mkdir()
    reading = ck(folder / "again")
    assert len(reading.samples) == len(ck_plus.CODES)
    assert told(reading, folder / "again")[0] == ("surplus folder", IMAGES)


def test_ck_plus_labels_in_the_folder_of_the_archive(grow) -> None:
    folder = grow(ck_plus.tree(emotion="Emotion_labels"))
    assert len(ck(folder).samples) == len(ck_plus.CODES)


def test_one_folder_too_high(grow) -> None:
    folder = grow({f"CK+/{name}": text for name, text in ck_plus.tree().items()})
    hint = rf"there is no '{IMAGES}' in it\. It is in 'CK\+': let 'path' name that folder\."
    with pytest.raises(FerkitError, match=hint):
        ck(folder)


def test_an_archive_that_was_not_unpacked(grow) -> None:
    files = {name: text for name, text in raf_db.tree().items() if "aligned" not in name}
    folder = grow(files | {"basic/Image/aligned.zip": "archive"})
    with pytest.raises(
        FerkitError, match=r"no 'basic/Image/aligned' in it\. Unpack 'aligned\.zip'"
    ):
        read_raf_db(RafDbParams(path=str(folder)))


def test_raf_db_in_folders_of_their_own_name(grow) -> None:
    whole = read_raf_db(RafDbParams(path=str(grow(raf_db.tree()))))
    files = {
        name.replace("Image/aligned", "Image/aligned/aligned"): text
        for name, text in raf_db.tree().items()
    }
    folder = grow({f"deep/{name}": text for name, text in files.items()}) / "deep"
    reading = read_raf_db(RafDbParams(path=str(folder)))
    assert labels(reading) == labels(whole)
    assert reading.problems == ()


@pytest.mark.parametrize("train", ["Train/Train_AFEW/", "Train/Train/", "Train_AFEW/Train_AFEW/"])
def test_afew_in_folders_of_several_names(grow, train) -> None:
    reading = read_afew(AfewParams(path=str(grow(afew.tree(train=train)))))
    assert len(reading.samples) == 14
    assert reading.problems == ()


def test_afew_in_small_letters(grow) -> None:
    files = {name.replace("Angry", "angry"): text for name, text in afew.tree().items()}
    folder = grow(files)
    reading = read_afew(AfewParams(path=str(folder)))
    assert len(reading.samples) == 14
    assert told(reading, folder) == [
        ("other case", "Train_AFEW/Angry"),
        ("other case", "Val_AFEW/Angry"),
    ]


@pytest.mark.parametrize("clips", ["frames", "original"])
def test_ferv39k_in_the_parts_of_google_drive(grow, clips) -> None:
    files = {}
    for name, text in ferv39k.tree().items():
        part = "002" if "DailyLife" in name else "001"
        for whole in ("2_ClipsforFaceCrop", "0_7_LabelClips"):
            name = name.replace(f"{whole}/", f"{whole}-{part}/{whole}/")
        files[name] = text
    reading = read_ferv39k(Ferv39kParams(path=str(grow(files)), clips=clips))
    assert len(reading.samples) == 8
    assert reading.problems == ()


def test_dfew_with_an_empty_folder_of_its_own_name(grow) -> None:
    folder = grow(dfew.tree() | dfew.votes())
    (folder / "Clip/clip_224x224/clip_224x224").mkdir()
    reading = read_dfew(DfewParams(path=str(folder)))
    assert len(reading.samples) == 8
    assert reading.problems == ()


def test_dfew_whose_list_another_programme_saved(grow) -> None:
    files = dfew.tree() | dfew.lists(train=[f"{row}.0" for row in dfew.TRAIN]) | dfew.votes()
    reading = read_dfew(DfewParams(path=str(grow(files))))
    assert len(reading.samples) == 8
    assert reading.problems == ()


def test_what_a_mac_leaves_is_no_part_of_dfew(grow) -> None:
    folder = grow(dfew.tree() | dfew.votes())
    for number in ("00101", "99999"):
        (folder / "Clip/clip_224x224/__MACOSX" / number).mkdir(parents=True)
    reading = read_dfew(DfewParams(path=str(folder)))
    assert len(reading.samples) == 8
    assert reading.problems == ()


@pytest.mark.parametrize("name", ["ck_plus", "afew", "affectnet", "ferv39k"])
def test_what_a_mac_leaves_changes_nothing(grow, name) -> None:
    read = {
        "ck_plus": lambda path: ck(path),
        "afew": lambda path: read_afew(AfewParams(path=path)),
        "affectnet": lambda path: read_affectnet(AffectNetParams(path=path)),
        "ferv39k": lambda path: read_ferv39k(Ferv39kParams(path=path)),
    }[name]
    folder = grow(TREES[name]())
    whole = read(str(folder))
    for place in [path for path in folder.rglob("*") if path.is_dir()]:
        (place / "__MACOSX" / "S005" / "001").mkdir(parents=True)
        (place / "__MACOSX" / "S005" / "001" / "x.jpg").write_text("x")
        (place / "._x.jpg").write_text("x")
        (place / ".DS_Store").write_text("x")
    after = read(str(folder))
    assert [s.id for s in after.samples] == [s.id for s in whole.samples]
    assert after.problems == whole.problems


def test_a_name_in_capitals_is_one_difference(grow) -> None:
    files = raf_db.tree()
    image = "basic/Image/aligned/train_00003_aligned"
    files[f"{image}.JPG"] = files.pop(f"{image}.jpg")
    folder = grow(files)
    reading = read_raf_db(RafDbParams(path=str(folder)))
    assert len(reading.samples) == 8
    assert told(reading, folder) == [("other case", f"{image}.jpg")]
    assert reading.samples[2].id == f"{image}.jpg"
    assert reading.samples[2].path.endswith(f"{image}.JPG")


def test_rafd_in_capitals_is_the_same_person(grow) -> None:
    files = rafd.tree(angles=("090",))
    name = "Rafd090_01_Caucasian_female_angry_frontal.jpg"
    files[name.upper()] = files.pop(name)
    reading = read_rafd(RafdParams(path=str(grow(files))))
    assert {p.kind for p in reading.problems} == {"left out"}  # contempt
    (loud,) = (s for s in reading.samples if s.id == name.upper())
    assert loud.attributes == {"angle": 90, "gaze": "frontal", "kind": "Caucasian", "sex": "female"}


@pytest.mark.parametrize("bad", ["../outside.jpg", "/etc/hostname", "689/../../outside.jpg", ""])
def test_lists_lead_nowhere_else(grow, bad) -> None:
    grow({"x": "x"}).parent.joinpath("outside.jpg").write_text("face")
    folder = grow(
        affectnet.lists()
        | {
            "data/legend.csv": f"user.id,image,emotion\n1,{bad},happiness\n1,a.jpg,fear\n",
            "images/a.jpg": "x",
        }
    )
    table = folder / "training.csv"
    table.write_text(f"{table.read_text()}{affectnet.row(bad, 1)}\n")
    reading = read_affectnet(AffectNetParams(path=str(folder)))
    assert told(reading, folder) == [("bad path", "training.csv:9")]
    assert all("outside" not in sample.path for sample in reading.samples)
    reading = read_muxspace(MuxspaceParams(path=str(folder)))
    assert told(reading, folder) == [("bad path", "data/legend.csv:2")]


@pytest.mark.parametrize("bad", ["/etc/train_1.jpg", "train_/../../../../outside.jpg"])
def test_raf_db_leads_nowhere_else(grow, bad) -> None:
    folder = grow(raf_db.tree() | {raf_db.LIST: "x"})
    table = folder / "basic" / raf_db.LIST
    table.write_text(f"{table.read_text()}{bad} 1\n")
    reading = read_raf_db(RafDbParams(path=str(folder)))
    assert told(reading, folder) == [("bad path", f"basic/{raf_db.LIST}:9")]


def test_a_folder_is_no_photograph(grow) -> None:
    folder = grow(affectnet.lists())
    table = folder / "training.csv"
    table.write_text(f"{table.read_text()}{affectnet.row('689', 0)}\n")
    reading = read_affectnet(AffectNetParams(path=str(folder)))
    assert [(p.kind, p.what) for p in reading.problems] == [
        ("folder in place of a file", "is a folder; expected is a file.")
    ]


def test_a_file_is_no_clip(grow) -> None:
    clip = "2_ClipsforFaceCrop/Action/Angry/0267"
    files = {name: text for name, text in ferv39k.tree().items() if not name.startswith(clip)}
    folder = grow(files | {clip: "x"})
    reading = read_ferv39k(Ferv39kParams(path=str(folder)))
    assert told(reading, folder) == [("file in place of a folder", clip)]


def test_affectnet_without_its_validation_set(grow) -> None:
    files = {name: text for name, text in affectnet.folders().items() if "val_set" not in name}
    folder = grow(files)
    reading = read_affectnet(AffectNetParams(path=str(folder)))
    assert len(reading.samples) == 7
    assert told(reading, folder) == [("missing folder", "val_set/annotations")]
    lists = affectnet.lists()
    del lists["validation.csv"]
    folder = grow({f"lists/{name}": text for name, text in lists.items()}) / "lists"
    reading = read_affectnet(AffectNetParams(path=str(folder)))
    assert {s.split for s in reading.samples} == {"train"}
    assert ("missing file", "validation.csv") in told(reading, folder)


def test_affectnet_with_an_empty_folder_of_its_other_form(grow) -> None:
    folder = grow(affectnet.lists())
    (folder / "train_set").mkdir()
    reading = read_affectnet(AffectNetParams(path=str(folder)))
    assert len(reading.samples) == 9
    assert told(reading, folder) == [("surplus folder", "train_set")]


@pytest.mark.parametrize("value", [np.array(1.0), np.array("1.0"), np.array(b"1"), np.array([1])])
def test_affectnet_labels_that_another_programme_saved(grow, value) -> None:
    files = affectnet.folders()
    files["train_set/annotations/5_exp.npy"] = affectnet.npy(value)
    reading = read_affectnet(AffectNetParams(path=str(grow(files))))
    assert reading.classes[reading.samples[0].label] == "happy"
    assert reading.problems == ()


def test_landmarks_that_are_all_in_another_order(grow) -> None:
    sideways = affectnet.face()[::-1]
    rows = [affectnet.row(f"689/{code}.jpg", code, points=sideways) for code in range(7)]
    reading = read_affectnet(AffectNetParams(path=str(grow(affectnet.lists(rows)))))
    assert [p.kind for p in reading.problems] == ["odd landmarks"] * 7 + [
        "landmarks in another order"
    ]


def test_crema_d_whose_videos_are_in_capitals(grow) -> None:
    files = {name.replace(".flv", ".FLV"): text for name, text in crema_d.tree().items()}
    assert read_crema_d(CremaDParams(path=str(grow(files)))).problems == ()
