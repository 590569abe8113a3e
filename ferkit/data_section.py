"""The section of a recipe that says where samples come from, and who trains and who tests."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ferkit.chosen import Chosen
from ferkit.plugin import Kind
from ferkit.section import Section

Fraction = Annotated[float, Field(ge=0, lt=1)]
Folds = Annotated[int, Field(ge=2)] | Literal["subject"]
PerClass = Annotated[int, Field(ge=1)]


class SplitSection(Section):
    """How samples without a given split are divided."""

    validation: Fraction = Field(0.1, description="fraction of the training data to choose by")
    test: Fraction = Field(0.2, description="fraction held out; unused where a test set is given")
    by: Literal["auto", "subject", "stratified"] = Field(
        "auto",
        description="keep all samples of a subject on one side, or balance classes only; "
        "auto: by subject where every sample has one",
    )
    seed: int = Field(0, description="of the division; independent of the run's seed")
    near_duplicates: int | None = Field(
        32,
        ge=0,
        le=64,
        description="images whose 255-bit perceptual hashes differ in at most so many bits stay "
        "on one side; null: identical ones only",
    )
    folds: Folds | None = Field(
        None,
        description="cross-validation: divide into so many folds, one of which is the test split;"
        " subject: a fold for each subject (leave one subject out)",
    )
    fold: int = Field(0, ge=0, description="which fold is the test split, counted from 0")
    test_as_unlabelled: Fraction = Field(
        0.0,
        description="fraction of the test split that is not tested on and joins the unlabelled"
        " samples, without labels; no subject, group or image is on both sides",
    )
    given: Literal["keep", "pool"] = Field(
        "keep", description="pool: forget which split data.train gives to its samples"
    )

    @model_validator(mode="after")
    def _fold_is_there(self) -> Self:
        if self.folds is None and self.fold > 0:
            raise ValueError("fold: there are no folds; give their number as data.split.folds")
        if isinstance(self.folds, int) and self.fold >= self.folds:
            raise ValueError(
                f"fold: there are {self.folds} folds, numbered from 0 to {self.folds - 1}, and"
                f" {self.fold} is none of them"
            )
        if self.folds == "subject" and self.by == "stratified":
            raise ValueError("folds: subject goes with `by: subject` or `by: auto` only")
        return self


class NoiseSection(Section):
    """Wrong labels put in on purpose, to see how much harm they do."""

    rate: Fraction = Field(description="fraction of the labels that are replaced by wrong ones")
    kind: Literal["symmetric", "pair"] = Field(
        "symmetric",
        description="what a label becomes. symmetric: any other class, each as likely; pair: the"
        " next class in label order, after the last one the first",
    )
    seed: int = Field(0, description="which labels are replaced, and by what")
    validation: bool = Field(True, description="replace labels of the validation split as well")


class DataSection(Section):
    """Where samples come from."""

    train: Annotated[Any, Chosen(Kind.DATASET)] = Field(description="labelled samples")
    unlabelled: Annotated[Any, Chosen(Kind.DATASET)] = Field(
        None, description="samples without labels; any labels they have are hidden"
    )
    test: Annotated[Any, Chosen(Kind.DATASET)] = Field(
        None, description="a test set of its own; default: held out of train"
    )
    split: SplitSection = Field(default_factory=SplitSection)
    labels: int | None = Field(
        None,
        ge=1,
        description="use only so many labels of the training split, spread evenly over the "
        "classes; the other samples become unlabelled",
    )
    labels_per_class: PerClass | dict[str, PerClass] | None = Field(
        None,
        description="use only so many labels of each class of the training split: a number, or"
        " for every class its own",
    )
    labels_fraction: float | None = Field(
        None,
        gt=0,
        le=1,
        description="use only this fraction of the labels of each class of the training split",
    )
    labels_seed: int = Field(0, description="which labels are kept")
    noise: NoiseSection | None = Field(None, description="wrong labels, put in on purpose")
    classes: tuple[str, ...] | None = Field(
        None, description="class names in label order; default: those of the training set"
    )
    transductive: bool = Field(
        False, description="add the test split, without labels, to the unlabelled samples"
    )
    selection: Literal["inner", "reported"] = Field(
        "inner",
        description="what epochs and rounds are chosen by. inner: the validation split; reported:"
        " the test split itself, as some papers do, which the report says aloud",
    )
    reported: Literal["test", "validation"] = Field(
        "test",
        description="which given split of data.train is the test split; validation: where labels"
        " of the test split were never published (AFEW)",
    )

    @model_validator(mode="after")
    def _one_protocol(self) -> Self:
        amounts = ("labels", "labels_per_class", "labels_fraction")
        asked = [name for name in amounts if getattr(self, name) is not None]
        if len(asked) > 1:
            keys = " and ".join(f"data.{name}" for name in asked)
            raise ValueError(f"{keys} both say how many labels are used; give one of them")
        if self.split.folds is not None and self.test is not None:
            raise ValueError(
                "data.split.folds and data.test both say what the test split is; give one of them"
            )
        if self.reported == "validation":
            others = {
                "data.test": self.test is not None,
                "data.split.folds": self.split.folds is not None,
                "data.split.given: pool": self.split.given == "pool",
            }
            for key, there in others.items():
                if there:
                    raise ValueError(
                        f"data.reported: validation makes the given validation split the test"
                        f" split, which does not go with {key}"
                    )
        return self

    @property
    def hides_labels(self) -> bool:
        """Whether some labelled samples may have to do without their labels."""
        some = self.labels_fraction is not None and self.labels_fraction < 1
        return bool(self.labels or self.labels_per_class or some)

    @property
    def uses_test_unlabelled(self) -> bool:
        """Whether test samples, or such as would be, are used without their labels."""
        return self.transductive or self.split.test_as_unlabelled > 0
