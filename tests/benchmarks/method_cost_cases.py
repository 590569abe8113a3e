"""The methods of `method_cost.py`, and how many images go through each part of a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

BATCH, RATIO = 16, 3
OTHERS = BATCH * RATIO
PAIRED: Mapping[str, Any] = {"ratio": RATIO, "epochs": 1}

Names = Sequence[Any]


class Case(NamedTuple):
    """A recipe and the images of a step that go through each part.

    loop, labelled, unlabelled: components by name, or name and parameters; policies as label
    updates and weightings. learnt, shown: forward with backward, and without, by call. weak,
    strong: views. networks: that are trained. average: whether their weights are averaged.
    """

    name: str
    loop: tuple[str, Mapping[str, Any]]
    learnt: tuple[int, ...]
    shown: tuple[int, ...] = ()
    weak: tuple[int, ...] = (BATCH,)
    strong: tuple[int, ...] = ()
    networks: int = 1
    average: bool = False
    labelled: tuple[Names, Names] = ((), ())
    unlabelled: tuple[Names, Names] = ((), ())


def supervised(name: str, updates: Names = (), weightings: Names = ()) -> Case:
    return Case(name, ("supervised", {"epochs": 1}), (BATCH,), labelled=(updates, weightings))


def fixmatch(name: str, updates: Names = ("hard",), weightings: Names = ("confidence",)) -> Case:
    return Case(
        name,
        ("fixmatch", PAIRED),
        (BATCH + OTHERS,),
        (OTHERS,),
        (BATCH, OTHERS),
        (OTHERS,),
        average=True,
        unlabelled=(updates, weightings),
    )


CASES = [
    supervised("supervised"),
    supervised("+ elr", weightings=["elr"]),
    supervised("+ scn", weightings=["scn"]),
    supervised("+ scn, scn_relabel", [("scn_relabel", {"start_epoch": 1})], ["scn"]),
    supervised("+ selc", [("selc", {"turning": 0})]),
    supervised("+ signal_annealing", weightings=["signal_annealing"]),
    Case("rul", ("rul", {"epochs": 1}), (BATCH,)),
    Case("eac", ("eac", {"epochs": 1}), (BATCH, BATCH)),
    Case("co_teaching", ("co_teaching", {"epochs": 1}), (BATCH, BATCH), networks=2),
    Case(
        "self_training",
        ("self_training", {"initial_epochs": 1, "iterations": 1, "tau": 0.0, "fraction": 0.5}),
        (BATCH,),
    ),
    Case(
        "noisy_student",
        ("noisy_student", {"rounds": 1, "ratio": RATIO, "teacher_epochs": 1, "student_epochs": 1}),
        (BATCH + OTHERS,),
        weak=(),
        strong=(BATCH, OTHERS),
    ),
    Case(
        "pseudo_label",
        ("pseudo_label", PAIRED),
        (BATCH + OTHERS,),
        weak=(BATCH, OTHERS),
        average=True,
        unlabelled=(["hard"], ["confidence"]),
    ),
    Case(
        "pi_model",
        ("pi_model", PAIRED),
        (2 * (BATCH + OTHERS),),
        weak=(BATCH, BATCH, OTHERS, OTHERS),
        average=True,
    ),
    Case(
        "mean_teacher",
        ("mean_teacher", PAIRED),
        (BATCH + OTHERS,),
        (BATCH + OTHERS,),
        weak=(BATCH, BATCH, OTHERS, OTHERS),
        average=True,
    ),
    Case(
        "mixmatch",
        ("mixmatch", PAIRED),
        (BATCH + 2 * OTHERS,),
        (2 * OTHERS,),
        weak=(BATCH, OTHERS, OTHERS),
        average=True,
        unlabelled=(["sharpen"], []),
    ),
    Case(
        "uda",
        ("uda", PAIRED),
        (BATCH + OTHERS,),
        (OTHERS,),
        weak=(BATCH, OTHERS),
        strong=(OTHERS,),
        average=True,
        unlabelled=(["sharpen"], [("confidence", {"threshold": 0.8})]),
    ),
    Case(
        "ada_cm",
        ("ada_cm", PAIRED),
        (BATCH + 3 * OTHERS,),
        weak=(BATCH, OTHERS, OTHERS),
        strong=(OTHERS,),
        average=True,
        unlabelled=(["hard"], ["ada_cm"]),
    ),
    fixmatch("fixmatch"),
    fixmatch("+ flexmatch", weightings=["flexmatch"]),
    fixmatch("+ freematch", weightings=["freematch"]),
    fixmatch("+ softmatch", weightings=["softmatch"]),
    fixmatch("+ ada_cm's thresholds", weightings=["ada_cm"]),
    fixmatch("+ distribution_alignment", ["distribution_alignment", "hard"]),
]

PASSES: list[tuple[str, tuple[Names, Names]]] = [
    ("+ successive_smoothing", (["successive_smoothing"], [])),
    ("+ loss_trend", ([], ["loss_trend"])),
    ("+ gmm", ([], [("gmm", {"warm_up": 0})])),
    ("+ confident_joint", ([], [("confident_joint", {"warm_up": 0})])),
    ("+ confident_joint_relabel", ([("confident_joint_relabel", {"warm_up": 0})], [])),
]
"""Policies that predict their split before each epoch: name, label updates and weightings."""
