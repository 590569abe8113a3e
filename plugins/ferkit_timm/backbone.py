"""Factory of the backbone `timm`. timm is imported when a network is made: it is an extra."""

from __future__ import annotations

import warnings
from typing import Any

from ferkit.errors import FerkitError
from ferkit.foreign_weights import find_given, load_fitting
from ferkit.plugin import Context
from ferkit.tensor_files import read_tensors
from ferkit.weights import Found
from ferkit_timm.names import unknown_name
from ferkit_timm.network import TimmNetwork
from ferkit_timm.params import TimmParams

WHERE = "model.backbone"


def make_timm(params: TimmParams, context: Context) -> TimmNetwork:
    """Factory of the component `timm`.

    Raises: FerkitError: timm is not installed, has no such network, the weights do not fit, or
        the network takes no crops of this size or offers no maps.
    """
    network = _create(params.name)
    configured = dict(network.pretrained_cfg)
    if params.maps and not hasattr(network, "forward_intermediates"):
        raise FerkitError(
            f"{params.name} offers no maps in this version of timm.",
            where=WHERE,
            hint="Set maps: 0, or take a newer timm.",
        )
    found = find_given(params.weights, params.sha256, folder=context.folder)
    if found is not None:
        _load(network, found, configured)
    native = configured["input_size"][-1]
    size = context.image_size or native
    # Loaded at the size of the weights; their table of places is then resampled.
    if size != native and hasattr(network, "set_input_size"):
        _resize(network, size, params.name)
    if params.features == "mean" and hasattr(network, "reset_classifier"):
        network.reset_classifier(0, "")
    made = TimmNetwork(network, maps=params.maps, mean=params.features == "mean")
    _try_out(made, size, params.name)
    if found is not None:
        made.weight_notes = (
            f"timm's {params.name} starts from {found.path.name} "
            f"(sha256 {found.sha256[:12]}...), trained on images of {native} px by its name.",
        )
        if params.normalisation == "own":
            made.normalisation = (tuple(configured["mean"]), tuple(configured["std"]))
    return made


def _create(name: str) -> Any:
    """The network of that name with random weights and without a classifier."""
    try:
        import timm
    except ImportError as error:
        raise FerkitError(
            f"the backbone 'timm' needs timm, which can't be imported ({error}).",
            hint="Install it: pip install 'ferkit[timm]'",
        ) from error
    if (unknown := unknown_name(name)) is not None:
        raise FerkitError(unknown.what, where=WHERE, hint=unknown.hint)
    return timm.create_model(name, pretrained=False, num_classes=0, in_chans=3)


def _load(network: Any, found: Found, configured: dict[str, Any]) -> None:
    """Load a file whose classifier is left out."""
    given = configured.get("classifier") or ()
    classifiers = (given,) if isinstance(given, str) else tuple(given)
    load_fitting(
        network,
        read_tensors(found.path),
        path=found.path,
        hint="It must be of this very network, with timm's names (its model.safetensors).",
        unused=tuple(f"{one}." for one in classifiers),
    )


def _resize(network: Any, size: int, name: str) -> None:
    try:
        with warnings.catch_warnings(action="ignore"):
            network.set_input_size(img_size=(size, size))
    except Exception as error:  # each network checks in its own way
        raise _refused(name, size, error) from error


def _try_out(made: TimmNetwork, size: int, name: str) -> None:
    """Ask the network for an image of this size: sizes that it can't take are found here."""
    try:
        with warnings.catch_warnings(action="ignore"):  # of timm's own code under a newer torch
            made.learn_shapes(size)
    except Exception as error:
        raise _refused(name, size, error) from error


def _refused(name: str, size: int, error: Exception) -> FerkitError:
    words = str(error).partition("\n")[0].rstrip(".")
    return FerkitError(
        f"{name} takes no crops of {size} px ({words}).",
        where=WHERE,
        hint="Set faces.cropper.size to one that it takes, or take another network.",
    )
