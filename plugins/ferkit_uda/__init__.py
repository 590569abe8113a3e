"""UDA: sharpened predictions of weak views are learnt on strong ones; training signal annealing."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl

PAPER = "Xie et al., Unsupervised Data Augmentation, arXiv:1904.12848"


@hookimpl
def ferkit_ssl_loops() -> list[Component]:
    """The loop, with sharpened targets and a threshold."""
    return [
        Component(
            name="uda",
            summary="learns on strong views the sharpened predictions of weak ones",
            factory="ferkit_uda.loop:make_uda",
            params="ferkit_uda.params:UdaParams",
            requires=("unlabelled",),
            source=PAPER,
            policies={
                "unlabelled.label_updates": [{"use": "sharpen", "temperature": 0.4}],
                "unlabelled.weightings": [{"use": "confidence", "threshold": 0.8}],
            },
        )
    ]


@hookimpl
def ferkit_label_updates() -> list[Component]:
    """Sharpening by a temperature."""
    return [
        Component(
            name="sharpen",
            summary="makes likely classes likelier, by a temperature",
            factory="ferkit_uda.sharpen:make_sharpen",
            params="ferkit_uda.params:SharpenParams",
            source=f"{PAPER}; Berthelot et al., MixMatch, arXiv:1905.02249, eq. 7",
        )
    ]


@hookimpl
def ferkit_sample_weightings() -> list[Component]:
    """Training signal annealing."""
    return [
        Component(
            name="signal_annealing",
            summary="leaves out labelled samples that are already answered surely, for a while",
            factory="ferkit_uda.signal_annealing:make_signal_annealing",
            params="ferkit_uda.params:SignalAnnealingParams",
            provides=("split=labelled",),
            source=f"{PAPER}, training signal annealing",
        )
    ]
