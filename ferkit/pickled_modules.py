"""Whole networks that `torch.save(network)` wrote: their tensors are read, nothing in them is run.

Such a file is a pickle that names classes and functions to be imported and called. Here no name
is ever imported: of a class there is a stand-in that only holds what the file says of it, and of
functions there are those few that put tensors and containers together, as written here. Whatever
else a file asks for is refused, by its name.
"""

from __future__ import annotations

import pickle
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ferkit.errors import FerkitError
from ferkit.tensor_files import read_tensors, refuse_not_finite

_DTYPES = {
    "Float": torch.float32, "Double": torch.float64, "Half": torch.float16,
    "BFloat16": torch.bfloat16, "Long": torch.int64, "Int": torch.int32, "Short": torch.int16,
    "Char": torch.int8, "Byte": torch.uint8, "Bool": torch.bool,
}  # fmt: skip

_MOST_TENSORS = 20_000
_MOST_LEVELS = 100

_BUILTINS = ("builtins", "__builtin__", "copy_reg")


class Part(NamedTuple):
    """A layer. kind: its class, such as "torch.nn.modules.conv.Conv2d". settings: the numbers,
    texts and tuples of numbers that the file gives it, such as `eps`."""

    kind: str
    settings: Mapping[str, Any]


class PickledModule(NamedTuple):
    """tensors: by the names of a state dict. parts: every layer by name, "" the whole; empty for
    a file of tensors alone."""

    tensors: dict[str, Tensor]
    parts: dict[str, Part]


class _Refused(Exception):
    """What a file asks for or lacks, in a few words."""


def read_tensors_or_module(path: Path) -> PickledModule:
    """The tensors of a file of tensors, or of a whole network that was pickled.

    Raises: FerkitError: see `read_tensors` and `read_module`.
    """
    try:
        return PickledModule(read_tensors(path), {})
    except FerkitError as error:
        pickled = isinstance(error.__cause__, pickle.UnpicklingError)
        if not pickled or not zipfile.is_zipfile(path):
            raise
    return read_module(path)


def read_module(path: Path) -> PickledModule:
    """The tensors of a network that `torch.save(network)` of torch 1.6 or later wrote.

    The network may also be the only one in a mapping. What DataParallel puts before each name is
    taken off.

    Raises: FerkitError: it holds something that is no part of a network, which is named; it is
        damaged, or is no such file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            root = _network(_Reader(archive, path.stat().st_size).read())
    except _Refused as error:
        raise FerkitError(
            f"{error}; nothing in this file was run.",
            where=str(path),
            hint="Save the network's state_dict() alone.",
        ) from error
    except Exception as error:  # a damaged pickle lets any error through
        raise FerkitError(
            "can't be read as a network that torch.save wrote; nothing in it was run.",
            where=str(path),
        ) from error
    tensors: dict[str, Tensor] = {}
    parts: dict[str, Part] = {}
    try:
        _collect(root, "", tensors, parts, level=0)
    except _Refused as error:
        raise FerkitError(f"{error}.", where=str(path)) from error
    refuse_not_finite(tensors, path)
    return PickledModule(
        {name.removeprefix("module."): value for name, value in tensors.items()},
        {name.removeprefix("module."): part for name, part in parts.items()},
    )


class _NeverCalled(type):
    """Of the stand-ins: calling one is what a harmful file does."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        raise _Refused(f"it asks to call {cls.__qualname__}, which reading weights does not need")


class _StandIn(metaclass=_NeverCalled):
    """An object of a class that is not imported; it only holds what the file says of it."""

    __slots__ = ("contents",)
    contents: dict[str, Any]

    def __new__(cls, *args: Any) -> _StandIn:
        made = object.__new__(cls)
        made.contents = {}
        return made

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, dict):
            raise _Refused(f"{type(self).__qualname__} is stored in no way that layers are")
        self.contents = state


class _Callable:
    """One of the functions that a file may call; can't be changed by a file."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *args: Any) -> Any:
        return self._function(*args)

    def __setstate__(self, state: Any) -> None:
        raise _Refused("it asks to change a function")


class _StorageKind(NamedTuple):
    dtype: torch.dtype


class _Reader(pickle.Unpickler):
    """Reads the pickle of an archive, without importing what it names.

    Args:
        archive: of torch.save.
        size: of the file; no more bytes of numbers are read in all.
    """

    def __init__(self, archive: zipfile.ZipFile, size: int) -> None:
        pickles = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise _Refused("it is no archive of torch.save")
        self._archive, self._left = archive, size
        self._folder = pickles[0].removesuffix("data.pkl")
        order = f"{self._folder}byteorder"
        if order in archive.namelist() and archive.read(order) != b"little":
            raise _Refused("its numbers are in the byte order of another machine")
        self._storages: dict[str, Tensor] = {}
        self._stored(pickles[0])
        super().__init__(archive.open(pickles[0]))

    def read(self) -> Any:
        return self.load()

    def find_class(self, module: str, name: str, /) -> Any:
        full = f"{module}.{name}"
        if full in _FUNCTIONS:
            return _FUNCTIONS[full]
        if module == "torch" and name.removesuffix("Storage") in _DTYPES:
            return _StorageKind(_DTYPES[name.removesuffix("Storage")])
        top = module.partition(".")[0]
        if top in sys.stdlib_module_names or top in _BUILTINS:
            raise _Refused(f"it asks for {full}, which is no part of a network")
        return _NeverCalled(name, (_StandIn,), {"__slots__": (), "__qualname__": full})

    def persistent_load(self, pid: Any) -> Tensor:
        tag, kind, key, _, count = pid
        if tag != "storage" or not isinstance(kind, _StorageKind) or not isinstance(key, str):
            raise _Refused("its numbers are stored in an unknown way")
        if key not in self._storages:
            name = f"{self._folder}data/{key}"
            self._stored(name)
            content = bytearray(self._archive.read(name))
            if len(content) != count * kind.dtype.itemsize:
                raise _Refused("it holds more or fewer numbers than it says")
            self._storages[key] = (
                torch.frombuffer(content, dtype=kind.dtype)
                if content
                else torch.empty(0, dtype=kind.dtype)
            )
        return self._storages[key]

    def _stored(self, name: str) -> None:
        """Refuse what unpacks to more than the file has."""
        info = self._archive.getinfo(name)
        self._left -= info.file_size
        if info.compress_type != zipfile.ZIP_STORED or self._left < 0:
            raise _Refused("it is packed as torch.save packs nothing")


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> Tensor:
    if not isinstance(storage, Tensor):
        raise _Refused("a tensor is without numbers")
    numbers = (offset, *shape, *strides)
    if not all(type(one) is int and one >= 0 for one in numbers) or len(shape) != len(strides):
        raise _Refused("a tensor has no shape")
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
    if prod(shape) and (last >= len(storage) or prod(shape) > len(storage)):
        raise _Refused("a tensor reaches beyond its numbers")
    if not prod(shape):
        return torch.empty(shape, dtype=storage.dtype)
    return storage.as_strided(shape, strides, offset)


def _parameter(tensor: Any, *_: Any) -> Tensor:
    if not isinstance(tensor, Tensor):
        raise _Refused("a parameter is no tensor")
    return tensor


_FUNCTIONS = {
    "torch._utils._rebuild_tensor_v2": _Callable(_tensor),
    "torch._utils._rebuild_parameter": _Callable(_parameter),
    "torch._utils._rebuild_parameter_with_state": _Callable(_parameter),
    "torch.Size": _Callable(tuple),
    "torch.device": _Callable(lambda *parts: ":".join(str(part) for part in parts)),
    "collections.OrderedDict": _Callable(OrderedDict),
    "builtins.set": _Callable(set),
    "__builtin__.set": _Callable(set),
}
"""What may be called, by the name in the file: none of it is torch's own code."""


def _network(root: Any) -> _StandIn:
    """The network that a file holds, alone or in a mapping."""
    found = list(root.values()) if isinstance(root, dict) else [root]
    networks = [one for one in found if isinstance(one, _StandIn) and "_modules" in one.contents]
    if len(networks) != 1:
        raise _Refused("it holds something else than one network")
    return networks[0]


def _collect(
    module: _StandIn, prefix: str, tensors: dict[str, Tensor], parts: dict[str, Part], *, level: int
) -> None:
    """Add a layer and all inside it, as `state_dict` would name them."""
    contents = module.contents
    hidden = contents.get("_non_persistent_buffers_set", ())
    parts[prefix.removesuffix(".")] = Part(
        type(module).__qualname__, {k: v for k, v in contents.items() if _is_setting(v)}
    )
    for name, value in (_table(contents, "_parameters") | _table(contents, "_buffers")).items():
        if isinstance(value, Tensor) and not (isinstance(hidden, set) and name in hidden):
            tensors[f"{prefix}{name}"] = value
    if level > _MOST_LEVELS or max(len(tensors), len(parts)) > _MOST_TENSORS:
        raise _Refused("it has layers within layers without end")
    for name, inner in _table(contents, "_modules").items():
        if isinstance(inner, _StandIn):
            _collect(inner, f"{prefix}{name}.", tensors, parts, level=level + 1)


def _table(contents: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = contents.get(name)
    if not isinstance(table, dict) or not all(isinstance(key, str) for key in table):
        raise _Refused(f"a layer is without its {name}")
    return dict(table)


def _is_setting(value: Any) -> bool:
    members = value if isinstance(value, tuple) else (value,)
    return all(isinstance(one, bool | int | float | str) for one in members)
