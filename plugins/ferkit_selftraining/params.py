"""Parameters of self-training."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ferkit.plugin import Params


class SuccessiveSmoothingParams(Params):
    """Of the label update `successive_smoothing`."""

    alpha: float = Field(
        0.7, ge=0, le=1, description="probability that the given label has at least"
    )


class LossTrendParams(Params):
    """Of the weighting `loss_trend`."""

    c: float = Field(0.3, ge=0, le=1, description="largest change of a weight in an epoch")
    sigma: float = Field(
        2.0, gt=0, description="difference to the mean loss at which the change is .76 c, nats"
    )
    w0: float = Field(1.0, ge=0, le=1, description="weight of all samples at first")
    window: int = Field(3, ge=1, description="epochs T that the validation loss is averaged over")


class SelfTrainingParams(Params):
    """Of the loop `self_training`."""

    initial_epochs: int = Field(60, ge=1, description="epochs of the first model, at most")
    first_from_init: bool = Field(
        True,
        description="the recipe's `init` is the first model; false: the first model is trained "
        "from it, as from a network that knows other faces",
    )
    patience: int | None = Field(
        5,
        ge=1,
        description="the first model stops after so many epochs without a lower validation loss; "
        "null: never",
    )
    iterations: int = Field(30, ge=1, description="epochs of self-training")
    steps: int | None = Field(
        None,
        ge=1,
        description="steps of an epoch, of the first model and of an iteration, in which the "
        "samples are gone through as often as it takes; null: once, as in the paper",
    )
    tau: float = Field(
        0.9, ge=0, le=1, description="probability that a sample of the pool must exceed"
    )
    fraction: float = Field(
        0.02,
        ge=0,
        le=1,
        description="share of the labelled samples replaced; the paper: .01 to .1; 0: none, and "
        "nothing unlabelled is predicted",
    )
    predict_part: float = Field(
        1.0,
        gt=0,
        le=1,
        description="share of the unlabelled samples predicted before each epoch, a random part "
        "each time, for so many that predicting all takes too long; the pool is of this part",
    )
    keep: Literal["best", "last"] = Field(
        "last",
        description="weights that self-training hands on: of the last epoch, as in the paper, or "
        "of the lowest validation loss, which prefers the first epochs, because its targets stay "
        "smoothed while the network is taught to be surer",
    )
