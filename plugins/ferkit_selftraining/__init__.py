"""Self-training with successive label smoothing and sample weights (paper A)."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl

PAPER = 'Happy et al., "Semi-supervised Emotion Recognition using Inconsistently Annotated Data"'


@hookimpl
def ferkit_label_updates() -> list[Component]:
    """Targets that follow the network's predictions."""
    return [
        Component(
            name="successive_smoothing",
            summary="predictions as targets where they are right and sure, else smoothed labels",
            factory="ferkit_selftraining.successive_smoothing:make_successive_smoothing",
            params="ferkit_selftraining.params:SuccessiveSmoothingParams",
            source=f"{PAPER}, eq. 4-5 (A6, A7)",
        )
    ]


@hookimpl
def ferkit_sample_weightings() -> list[Component]:
    """Weights that fall where the loss is high while the validation loss rises."""
    return [
        Component(
            name="loss_trend",
            summary="lowers weights of high losses whenever the validation loss trends upwards",
            factory="ferkit_selftraining.loss_trend:make_loss_trend",
            params="ferkit_selftraining.params:LossTrendParams",
            requires=("validation",),
            source=f"{PAPER}, eq. 7-8 (A9, A10)",
        )
    ]


@hookimpl
def ferkit_ssl_loops() -> list[Component]:
    """A first model, then epochs in which sure unlabelled samples replace labelled ones."""
    return [
        Component(
            name="self_training",
            summary="replaces a small share of the labelled samples by sure unlabelled ones",
            factory="ferkit_selftraining.self_training:make_self_training",
            params="ferkit_selftraining.params:SelfTrainingParams",
            requires=("unlabelled",),
            source=f"{PAPER}, eq. 1, 3, 6 (A2-A5, A7, A8)",
        )
    ]
