"""Files of Lua Torch (.t7), in which the authors of VGG-Face publish their weights.

Only data is read: numbers, texts, tables and tensors. A function in a file is refused.

Source of the format: torch7's File.lua and the C code of its tensors, binary, 64 bit.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from io import BufferedReader
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ferkit.errors import FerkitError
from ferkit_vggface.layouts import ALL

_NIL, _NUMBER, _STRING, _TABLE, _TORCH, _BOOLEAN = range(6)

_TYPES = {
    "Float": np.float32, "Double": np.float64, "Half": np.float16, "Cuda": np.float32,
    "CudaDouble": np.float64, "CudaHalf": np.float16, "Byte": np.uint8, "Char": np.int8,
    "Short": np.int16, "Int": np.int32, "Long": np.int64, "CudaLong": np.int64,
}  # fmt: skip

_NUMBERS = re.compile(r"torch\.(\w+?)(Tensor|Storage)")

_MOST_PARTS = 10_000
"""Objects in a file; VGG-Face's has some hundred."""


class Part(NamedTuple):
    """A module: its class in Lua, and what it holds by name."""

    kind: str
    content: dict[Any, Any]


class _Damaged(Exception):
    """What does not make sense, in a few words."""


def is_torch7(path: Path) -> bool:
    """Whether a file begins as one with a module does."""
    with path.open("rb") as file:
        head = file.read(12)
    return len(head) == 12 and struct.unpack("<iii", head)[::2] == (_TORCH, len("V 1"))


def read_torch7(path: Path) -> dict[str, Tensor]:
    """The weights of a network of 15 or 16 layers, by "<layer>.<weight or bias>" of VGG-16.

    Layers are counted in the order in which an image goes through them.

    Raises: FerkitError: the file is damaged, holds code, or another network.
    """
    try:
        with path.open("rb") as file:
            parts = list(_with_weights(_Reader(file, path.stat().st_size).item(), set()))
    except (_Damaged, RecursionError) as error:
        raise FerkitError(
            f"can't be read as a file of Lua Torch ({error}).", where=str(path)
        ) from error
    if len(parts) not in (len(ALL) - 1, len(ALL)):
        raise FerkitError(
            f"this network has {len(parts)} layers with weights, VGG-16 has {len(ALL)}.",
            where=str(path),
        )
    made: dict[str, Tensor] = {}
    for layer, part in zip(ALL, parts, strict=False):
        for name in ("weight", "bias"):
            value = part.content.get(name)
            if not isinstance(value, Tensor) or not bool(value.isfinite().all()):
                raise FerkitError(
                    f"the {name} of {layer} is missing or not finite.", where=str(path)
                )
            made[f"{layer}.{name}"] = value
        weight = made[f"{layer}.weight"]
        if layer.startswith("conv") and weight.ndim == 2 and weight.shape[1] % 9 == 0:
            # Torch's fastest convolution kept its weights as a matrix.
            made[f"{layer}.weight"] = weight.reshape(len(weight), -1, 3, 3)
    return made


def _with_weights(item: Any, visited: set[int]) -> Iterator[Part]:
    """The innermost modules that have weights, each once, in their order."""
    if not isinstance(item, Part) or id(item) in visited:
        return
    visited.add(id(item))
    inner = item.content.get("modules")
    if isinstance(inner, dict):
        for number in sorted(key for key in inner if isinstance(key, float)):
            yield from _with_weights(inner[number], visited)
    elif isinstance(item.content.get("weight"), Tensor):
        yield item


class _Reader:
    """Reads one object after the other; those that were read before are referred to by number."""

    def __init__(self, file: BufferedReader, size: int) -> None:
        self._file, self._size = file, size
        self._seen: dict[int, Any] = {}

    def item(self) -> Any:
        kind = self._int()
        if kind == _NIL:
            return None
        if kind == _NUMBER:
            return struct.unpack("<d", self._bytes(8))[0]
        if kind == _STRING:
            return self._text()
        if kind == _BOOLEAN:
            return bool(self._int())
        if kind == _TABLE:
            return self._table()
        if kind == _TORCH:
            return self._object()
        raise _Damaged("a function in it is not run" if kind in (6, 7, 8) else f"kind {kind}")

    def _table(self) -> dict[Any, Any]:
        number = self._int()
        if number in self._seen:
            return _a_table(self._seen[number])
        table: dict[Any, Any] = {}
        self._remember(number, table)
        for _ in range(self._int()):
            key = self.item()
            value = self.item()
            if not isinstance(key, str | float | bool):
                raise _Damaged("a table's key is no name or number")
            table[key] = value
        return table

    def _object(self) -> Any:
        number = self._int()
        if number in self._seen:
            return self._seen[number]
        version = self._text()
        name = self._text() if version.startswith("V ") else version
        match = _NUMBERS.fullmatch(name)
        if match is None:
            part = Part(name, {})
            self._remember(number, part)
            content = self.item()
            if content is not None:
                part.content.update(_a_table(content))
            return part
        if match[1] not in _TYPES:
            raise _Damaged(f"numbers of the type {match[1]}")
        made = self._storage(_TYPES[match[1]]) if match[2] == "Storage" else self._tensor()
        self._remember(number, made)
        return made

    def _storage(self, kind: Any) -> Tensor:
        count, width = self._long(), np.dtype(kind).itemsize
        return torch.from_numpy(np.frombuffer(self._bytes(count * width), kind))

    def _tensor(self) -> Tensor:
        axes = self._int()
        if not 0 <= axes <= 8:
            raise _Damaged(f"a tensor of {axes} axes")
        shape = [self._long() for _ in range(axes)]
        strides = [self._long() for _ in range(axes)]
        offset = self._long() - 1  # Lua counts from 1
        storage = self.item()
        if storage is None or not shape:
            return torch.empty(0)
        if not isinstance(storage, Tensor):
            raise _Damaged("a tensor without numbers")
        last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
        if min(shape) < 1 or min(strides) < 0 or offset < 0 or last >= len(storage):
            raise _Damaged("a tensor reaches beyond its numbers")
        if prod(shape) > len(storage):
            raise _Damaged("a tensor repeats its numbers")
        return storage.as_strided(shape, strides, offset)

    def _remember(self, number: int, made: Any) -> None:
        if len(self._seen) >= _MOST_PARTS:
            raise _Damaged(f"more than {_MOST_PARTS} objects")
        self._seen[number] = made

    def _int(self) -> int:
        return int(struct.unpack("<i", self._bytes(4))[0])

    def _long(self) -> int:
        return int(struct.unpack("<q", self._bytes(8))[0])

    def _text(self) -> str:
        return self._bytes(self._int()).decode("latin-1")

    def _bytes(self, count: int) -> bytearray:
        if not 0 <= count <= self._size:
            raise _Damaged(f"{count} bytes where the file has {self._size}")
        got = bytearray(count)
        if self._file.readinto(got) < count:
            raise _Damaged("it ends too early")
        return got


def _a_table(made: Any) -> dict[Any, Any]:
    if not isinstance(made, dict):
        raise _Damaged("something else where a table should be")
    return made
