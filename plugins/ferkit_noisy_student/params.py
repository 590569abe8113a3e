"""Parameters of noisy student training."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ferkit.plugin import Params


class NoisyStudentParams(Params):
    """Of the loop `noisy_student`."""

    rounds: int = Field(4, ge=0, description="students, at most; 0: the teacher alone")
    rounds_patience: int | None = Field(
        2,
        ge=1,
        description="stop after so many rounds without a better validation score; null: never",
    )
    score: Literal["accuracy", "loss"] = Field(
        "accuracy",
        description="on the validation split, of the weights a round hands on; the best round's "
        "are the final ones, the teacher's included",
    )
    teacher_epochs: int = Field(
        100, ge=1, description="of the first teacher: passes over the labelled samples, at most"
    )
    student_epochs: int = Field(
        100, ge=1, description="of each student: passes over the labelled samples, at most"
    )
    steps: int | None = Field(
        None,
        ge=1,
        description="steps of an epoch, of the teacher and of students, in which the labelled "
        "samples are gone through as often as it takes; null: once",
    )
    patience: int | None = Field(
        None,
        ge=1,
        description="a round ends after so many epochs without a lower validation loss; null: "
        "never",
    )
    keep: Literal["best", "last"] = Field(
        "best",
        description="weights a round hands on: of its lowest validation loss, or its last epoch",
    )
    teacher_from_init: bool = Field(
        False,
        description="the recipe's `init` is the first teacher, instead of what it starts from; "
        "students start from `student.init` or anew",
    )
    ratio: int = Field(
        3,
        ge=1,
        description="unlabelled samples per labelled one in a student's step, which holds "
        "training.batch_size labelled ones; the paper: 2 or 3, and 5 on CK+",
    )
    balance: bool = Field(
        True,
        description="give the pseudo-labels the class distribution of the labelled samples: the "
        "surest of frequent classes, those of rare ones several times",
    )
    fraction: float = Field(
        1.0, gt=0, le=1, description="share of the (balanced) unlabelled samples that is used"
    )
    fraction_of: Literal["class", "all"] = Field(
        "class", description="take this share of each predicted class, or of all together"
    )
    input_noise: Literal["strong", "weak", "none"] = Field(
        "strong",
        description="view the student is trained on: training.strong, training.augmentation, or "
        "samples as they are",
    )
    noise_labelled: bool = Field(
        True, description="the labelled samples have the input noise too; false: the weak view"
    )
    teacher_noise: bool = Field(
        False,
        description="the teacher labels under noise: on the view of input_noise and with the "
        "student's dropout",
    )
