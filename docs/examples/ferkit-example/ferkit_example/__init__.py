"""An example plugin: one component of each of ferkit's seven kinds, and an observer."""

from __future__ import annotations

from ferkit.contracts.running import Run
from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_face_detectors() -> list[Component]:
    return [
        Component(
            name="centre_face",
            summary="one face in the middle of every frame, for portraits",
            factory="ferkit_example.centre_face:make_centre_face",
            params="ferkit_example.params:CentreFaceParams",
        )
    ]


@hookimpl
def ferkit_region_croppers() -> list[Component]:
    return [
        Component(
            name="half_faces",
            summary="upper half (eyes and brows) and lower half (mouth), upright",
            factory="ferkit_example.half_faces:make_half_faces",
            params="ferkit_example.params:HalfFacesParams",
            provides=("regions=2",),
        )
    ]


@hookimpl
def ferkit_backbones() -> list[Component]:
    return [
        Component(
            name="conv_mixer",
            summary="patches, mixed over places and channels in turn",
            factory="ferkit_example.conv_mixer:make_conv_mixer",
            params="ferkit_example.params:ConvMixerParams",
            provides=("maps",),
            source="Trockman and Kolter, arXiv:2201.09792",
        )
    ]


@hookimpl
def ferkit_aggregations() -> list[Component]:
    return [
        Component(
            name="softmax_pool",
            summary="weighted mean; a learned score of each member gives its weight",
            factory="ferkit_example.softmax_pool:make_softmax_pool",
            provides=("slot=space", "slot=regions", "slot=frames"),
        )
    ]


@hookimpl
def ferkit_label_updates() -> list[Component]:
    return [
        Component(
            name="bootstrap_labels",
            summary="the given label mixed with what the network believes",
            factory="ferkit_example.bootstrap_labels:make_bootstrap_labels",
            params="ferkit_example.params:BootstrapLabelsParams",
            source="Reed et al., arXiv:1412.6596, eq. 6 and 7",
        )
    ]


@hookimpl
def ferkit_sample_weightings() -> list[Component]:
    return [
        Component(
            name="confidence_weight",
            summary="how probable the given label is, against the network's favourite",
            factory="ferkit_example.confidence_weight:make_confidence_weight",
            params="ferkit_example.params:ConfidenceWeightParams",
        )
    ]


@hookimpl
def ferkit_ssl_loops() -> list[Component]:
    return [
        Component(
            name="clean_label",
            summary="labelled and unlabelled samples in every step, the latter counting ever more",
            factory="ferkit_example.clean_label:make_clean_label",
            params="ferkit_example.params:CleanLabelParams",
            requires=("unlabelled",),
            source="Lee, Pseudo-Label (ICML 2013 workshop), eq. 15 and 16",
        )
    ]


@hookimpl
def ferkit_run_finished(run: Run) -> None:
    from ferkit_example.headline import write_headline

    write_headline(run)
