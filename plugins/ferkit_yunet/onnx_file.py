"""Reads the convolutions out of an ONNX file, without the package onnx.

An ONNX file is a protocol buffer. Only what is needed of it is read: the graph's nodes (their
operator and inputs) and its float tensors with raw data. Field numbers are those of onnx.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

GRAPH = 7  # ModelProto
NODE, INITIALIZER = 1, 5  # GraphProto
NODE_INPUT, OPERATOR = 1, 4  # NodeProto
DIMS, DATA_TYPE, NAME, RAW_DATA = 1, 2, 8, 9  # TensorProto
FLOAT = 1  # TensorProto.DataType
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types of a protocol buffer."""


class Convolution(NamedTuple):
    """weight: (C_out, C_in / groups, k, k) float32. bias: (C_out,) float32."""

    weight: Tensor
    bias: Tensor


def read_convolutions(content: bytes) -> list[Convolution]:
    """All convolutions of a graph, in the order in which it lists them.

    Args:
        content: of an ONNX file.
    Raises: ValueError: not an ONNX file, or a convolution has not two float tensors.
    """
    try:
        return _convolutions(memoryview(content))
    except (IndexError, KeyError, UnicodeDecodeError, struct.error) as error:
        raise ValueError("not an ONNX file with float convolutions") from error


def _convolutions(model: memoryview) -> list[Convolution]:
    tensors: dict[str, Tensor] = {}
    wanted: list[tuple[str, ...]] = []
    for graph in _parts(model, GRAPH):
        for initializer in _parts(graph, INITIALIZER):
            name, tensor = _tensor(initializer)
            if tensor is not None:
                tensors[name] = tensor
        for node in _parts(graph, NODE):
            if [bytes(part) for part in _parts(node, OPERATOR)] == [b"Conv"]:
                wanted.append(tuple(str(part, "utf-8") for part in _parts(node, NODE_INPUT)))
    if any(len(inputs) != 3 for inputs in wanted):
        raise KeyError("a convolution without a bias")
    return [Convolution(tensors[weight], tensors[bias]) for _, weight, bias in wanted]


def _tensor(message: memoryview) -> tuple[str, Tensor | None]:
    """Name and values of a TensorProto; None if they are not raw floats."""
    dims: list[int] = []
    kind, name, raw = 0, "", b""
    for field, value in _fields(message):
        if field == DIMS:
            dims += [value] if isinstance(value, int) else _varints(value)
        elif field == DATA_TYPE and isinstance(value, int):
            kind = value
        elif field == NAME and not isinstance(value, int):
            name = str(value, "utf-8")
        elif field == RAW_DATA and not isinstance(value, int):
            raw = bytes(value)
    if kind != FLOAT or not raw:
        return name, None
    values = torch.tensor(struct.unpack(f"<{len(raw) // 4}f", raw), dtype=torch.float32)
    if values.numel() != torch.Size(dims).numel():
        raise KeyError(f"tensor '{name}' has not as many values as its shape says")
    return name, values.reshape(dims)


def _parts(message: memoryview, wanted: int) -> Iterator[memoryview]:
    """Every value of one length-delimited field, in order."""
    for field, value in _fields(message):
        if field == wanted and not isinstance(value, int):
            yield value


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Number and value of every field of a message.

    Raises: IndexError: it ends in the middle of a field. KeyError: an unknown wire type.
    """
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        wire = key & 7
        if wire == VARINT:
            number, at = _varint(message, at)
            yield key >> 3, number
            continue
        if wire == BYTES:
            length, at = _varint(message, at)
        else:
            length = {FIXED64: 8, FIXED32: 4}[wire]
        if at + length > len(message):
            raise IndexError("the message ends within a field")
        yield key >> 3, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the low ones first, and where the next field begins."""
    number = shift = 0
    while True:
        byte = message[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def _varints(packed: memoryview) -> list[int]:
    numbers, at = [], 0
    while at < len(packed):
        number, at = _varint(packed, at)
        numbers.append(number)
    return numbers
