"""The plain parts: a small network, mean pooling, fixed and hard targets, equal weights, a
threshold, supervised training."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl

PAPER = 'Happy et al., "Semi-supervised Emotion Recognition using Inconsistently Annotated Data"'


@hookimpl
def ferkit_backbones() -> list[Component]:
    """The network that trains within minutes on a CPU."""
    return [
        Component(
            name="small_cnn",
            summary="four convolution blocks, for small crops (32 px and up) on a CPU",
            factory="ferkit_basics.small_cnn:make_small_cnn",
            params="ferkit_basics.params:SmallCnnParams",
            provides=("maps", "pooled_maps"),
        )
    ]


@hookimpl
def ferkit_aggregations() -> list[Component]:
    """Means over space, regions and frames."""
    return [
        Component(
            name="mean",
            summary="mean over what is valid; over space: the backbone's own pooled features",
            factory="ferkit_basics.mean:make_mean",
            provides=("linear",),
        )
    ]


@hookimpl
def ferkit_label_updates() -> list[Component]:
    """Label smoothing, and hard pseudo-labels."""
    return [
        Component(
            name="fixed",
            summary="label smoothing, the same targets from start to end",
            factory="ferkit_basics.fixed:make_fixed",
            params="ferkit_basics.params:FixedParams",
            source=f"{PAPER}, eq. 2 (A1)",
        ),
        Component(
            name="hard",
            summary="the likeliest class alone, instead of the whole distribution",
            factory="ferkit_basics.hard:make_hard",
            source="Lee, Pseudo-Label, 2013, eq. 14",
        ),
    ]


@hookimpl
def ferkit_sample_weightings() -> list[Component]:
    """Equal weights, and a threshold."""
    return [
        Component(
            name="uniform",
            summary="every sample counts the same",
            factory="ferkit_basics.uniform:make_uniform",
        ),
        Component(
            name="confidence",
            summary="counts only samples that are predicted with a probability of at least 0.95",
            factory="ferkit_basics.confidence:make_confidence",
            params="ferkit_basics.params:ConfidenceParams",
            source="Sohn et al., FixMatch, arXiv:2001.07685, eq. 4",
        ),
    ]


@hookimpl
def ferkit_ssl_loops() -> list[Component]:
    """Training on the labelled samples alone."""
    return [
        Component(
            name="supervised",
            summary="all labelled samples, shuffled anew in every epoch",
            factory="ferkit_basics.supervised:make_supervised",
            params="ferkit_basics.params:SupervisedParams",
        )
    ]
