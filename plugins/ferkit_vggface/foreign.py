"""Files of VGG-Face in formats that are not read: told apart, with what to convert."""

from __future__ import annotations

from pathlib import Path

from ferkit.errors import FerkitError

_TO_STATE_DICT = "Convert it to a state dict (.pth or .safetensors) in one of the layouts."

_FORMATS = (
    (b"MATLAB 5.0 MAT-file", "a MatConvNet (.mat) file", "Get vgg_face_dag.pth, made from it."),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file (Keras, or MATLAB 7.3)", _TO_STATE_DICT),
    (b"\x1f\x8b", "a gzip archive", "Unpack it first."),
    (b"\x0a\x08VGG_FACE", "a Caffe model", _TO_STATE_DICT),
)
"""First bytes, what has them, and what to do."""

_CAFFE_ENDING = ".caffemodel"


def refuse_foreign(path: Path) -> None:
    """Explain a file that no reader here could make sense of; others pass, also missing ones.

    Raises: FerkitError: it is one of the other public formats.
    """
    if not path.is_file():
        return
    with path.open("rb") as file:
        head = file.read(32)
    for start, what, hint in _FORMATS:
        # A safetensors file begins with the length of its header, then "{".
        if head.startswith(start) and head[8:9] != b"{":
            raise FerkitError(f"{what} is not read.", where=str(path), hint=hint)
    if path.suffix == _CAFFE_ENDING:
        raise FerkitError("a Caffe model is not read.", where=str(path), hint=_TO_STATE_DICT)
