"""The hooks of ferkit: one for each kind of component, and three that observe runs.

A hook of a kind takes nothing and returns a sequence of `ferkit.plugin.Component`. It is called
once, when plugins are loaded, so it only declares: factories and parameter models are named as
strings and imported when a recipe uses them. An observer returns nothing and is never called
within a training step; one that raises is reported as a warning and the run goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

from ferkit.plugin import PROJECT, Component

if TYPE_CHECKING:
    from ferkit.contracts.running import Run

hookspec = pluggy.HookspecMarker(PROJECT)


@hookspec
def ferkit_face_detectors() -> Sequence[Component]:  # type: ignore[empty-body]
    """Offer face detectors, which find the faces and their five landmarks in a batch of frames."""


@hookspec
def ferkit_region_croppers() -> Sequence[Component]:  # type: ignore[empty-body]
    """Offer region croppers, which say where the crops of a face lie in its frame."""


@hookspec
def ferkit_backbones() -> Sequence[Component]:  # type: ignore[empty-body]
    """Offer backbones, which turn crops into features."""


@hookspec
def ferkit_aggregations() -> Sequence[Component]:  # type: ignore[empty-body]
    """Offer aggregations (attention), which pool features over space, regions or frames."""


@hookspec
def ferkit_label_updates() -> Sequence[Component]:  # type: ignore[empty-body]
    """Offer label updates, which decide what the network is to answer for each sample."""


@hookspec
def ferkit_sample_weightings() -> Sequence[Component]:  # type: ignore[empty-body]
    """Offer sample weightings, which decide how much each sample counts."""


@hookspec
def ferkit_ssl_loops() -> Sequence[Component]:  # type: ignore[empty-body]
    """Offer training loops, which decide what a phase, an epoch and a step are."""


@hookspec
def ferkit_datasets() -> Sequence[Component]:  # type: ignore[empty-body]
    """Offer data sets, which list samples with their labels, subjects and splits."""


@hookspec
def ferkit_enhancers() -> Sequence[Component]:  # type: ignore[empty-body]
    """Offer enhancers, which change the crops of a face before they are stored."""


@hookspec
def ferkit_video_readers() -> Sequence[Component]:  # type: ignore[empty-body]
    """Offer video readers, which decode chosen frames of a video in chunks."""


@hookspec
def ferkit_run_started(run: Run) -> None:
    """Hear of a run before its first phase; its folder and `recipe.yaml` exist."""


@hookspec
def ferkit_epoch_finished(run: Run, row: Mapping[str, Any]) -> None:
    """Hear of a finished epoch; `row` is its row of `metrics.csv`, by column."""


@hookspec
def ferkit_run_finished(run: Run) -> None:
    """Hear of a run that is done; results and report lie in its folder."""
