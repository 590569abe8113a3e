"""YuNet with its published weights where they are installed, and a stand-in for them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

import pytest
import torch
from ferkit_yunet.detector import YunetDetector
from ferkit_yunet.network import Level, Yunet
from ferkit_yunet.params import YunetParams
from ferkit_yunet.weights import load_network
from torch import Tensor

from ferkit.errors import FerkitError
from ferkit.plugin import Context

Onnx = Callable[..., bytes]


@pytest.fixture(scope="session")
def network() -> Yunet:
    """With the published weights."""
    try:
        return load_network()
    except FerkitError as error:
        pytest.skip(f"no weights of YuNet: {error}")


@pytest.fixture
def detector(network: Yunet) -> YunetDetector:
    return YunetDetector(YunetParams(), Context())


@pytest.fixture
def seeing_white(monkeypatch: pytest.MonkeyPatch) -> Callable[..., YunetDetector]:
    """Makes detectors whose network sees a face wherever a cell is white, without weights.

    Only at stride 8. The box has 4 x 6 strides around the middle of the cell, the landmarks lie
    0, 1, 2, 3 and 4 pixels right of it, as they are seen.
    """
    monkeypatch.setattr("ferkit_yunet.detector.load_network", _White)
    return lambda **params: YunetDetector(YunetParams(**params), Context())


class _White(torch.nn.Module):
    def forward(self, pixels: Tensor) -> list[Level]:
        levels = []
        for stride in (8, 16, 32):
            cells = torch.nn.functional.avg_pool2d(pixels, stride).mean(1, keepdim=True)
            seen = (cells - 150.0) * (100 if stride == 8 else 0) - (0 if stride == 8 else 50)
            box = torch.tensor([0.5, 0.5, 4.0, 6.0])
            box[2:] = box[2:].log()
            points = torch.tensor([[0.5 + right / 8, 0.5] for right in range(5)]).flatten()
            levels.append(
                Level(
                    seen,
                    seen,
                    box[:, None, None] + torch.zeros_like(seen),
                    points[:, None, None] + torch.zeros_like(seen),
                )
            )
        return levels


@pytest.fixture(scope="session")
def write_onnx() -> Onnx:
    """Writes a graph of convolutions the way the ONNX format lays it down."""
    return _write_onnx


def _write_onnx(
    convolutions: Sequence[tuple[Tensor, Tensor]], *, packed: bool = True, kind: int = 1
) -> bytes:
    graph = b""
    for number, pair in enumerate(convolutions):
        names = [f"{number}.weight", f"{number}.bias"]
        inputs = b"".join(_field(1, name.encode()) for name in ["x", *names])
        graph += _field(1, inputs + _field(2, b"y") + _field(3, b"name") + _field(4, b"Conv"))
        graph += _field(1, _field(1, b"y") + _field(2, b"x") + _field(4, b"Relu"))
        for name, tensor in zip(names, pair, strict=True):
            dims = [_varint(size) for size in tensor.shape]
            shape = _field(1, b"".join(dims)) if packed else b"".join(b"\x08" + one for one in dims)
            raw = struct.pack(f"<{tensor.numel()}f", *tensor.flatten().tolist())
            graph += _field(
                5, shape + b"\x10" + _varint(kind) + _field(8, name.encode()) + _field(9, raw)
            )
    version, producer = b"\x08" + _varint(7), _field(2, b"a test")
    return version + producer + _field(7, graph) + b"\x29" + bytes(8) + b"\x3d" + bytes(4)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])
