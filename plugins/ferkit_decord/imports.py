"""Where a loaded library keeps the address of a function that it calls in another one."""

from __future__ import annotations

import ctypes
import mmap
import platform
import sys
from collections.abc import Iterator
from ctypes import c_char_p, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

# Of the ELF format: tags of the dynamic section, and kinds of relocations that fill in addresses.
_STRINGS, _SYMBOLS, _ENTRY_BYTES = 5, 6, 24
_TABLES = ((23, 2), (7, 8))  # tags of each table of relocations and of its size
_KINDS = {"x86_64": (6, 7), "aarch64": (1025, 1026)}
_LINK_MAP = 2  # RTLD_DI_LINKMAP
_READ_WRITE = 3


class _Loaded(ctypes.Structure):
    """The beginning of glibc's `struct link_map`."""

    _fields_ = (("base", c_size_t), ("name", c_char_p), ("dynamic", c_size_t))


class _Dynamic(ctypes.Structure):
    _fields_ = (("tag", c_int64), ("value", c_size_t))


class _Relocation(ctypes.Structure):
    _fields_ = (("offset", c_size_t), ("info", c_uint64), ("addend", c_int64))


def replace_import(library: ctypes.CDLL, name: str, new: int) -> bool:
    """Have a library call another function in place of one that it imports.

    Args:
        library: the one that calls; loaded with all its addresses filled in, as `ctypes` does.
        name: of the function that it calls.
        new: address of the function that it shall call, of the same kind.
    Returns: False where that can't be done and nothing has changed: not Linux with glibc on
        x86-64 or ARM64, or the library does not import the function, or calls another already.
    Source: System V ABI, "Dynamic Linking"; dlinfo(3).
    """
    if sys.platform != "linux" or platform.machine() not in _KINDS or sys.byteorder != "little":
        return False
    own = ctypes.CDLL(None, use_errno=True)
    try:
        old = ctypes.cast(getattr(library, name), c_void_p).value
        dlinfo, mprotect = own.dlinfo, own.mprotect
    except AttributeError:
        return False
    loaded = ctypes.POINTER(_Loaded)()
    if dlinfo(c_void_p(library._handle), _LINK_MAP, ctypes.byref(loaded)):
        return False
    places = list(_places(loaded.contents, name.encode()))
    if not places or any(place.value != old for place in places):
        return False
    page = mmap.PAGESIZE
    for place in places:
        # Some builds write-protect their addresses once they are filled in.
        start = ctypes.addressof(place) // page * page
        if mprotect(c_void_p(start), c_size_t(page), _READ_WRITE):
            return False
        place.value = new
    return True


def _places(loaded: _Loaded, name: bytes) -> Iterator[c_size_t]:
    """The addresses of a function, as they lie in the memory of the library that calls it."""
    sections = dict(_dynamic(loaded.dynamic))
    for table, size in _TABLES:
        for at in range(0, sections.get(size, 0) if table in sections else 0, _ENTRY_BYTES):
            relocation = _Relocation.from_address(sections[table] + at)
            symbol, kind = relocation.info >> 32, relocation.info & 0xFFFFFFFF
            if kind not in _KINDS[platform.machine()]:
                continue
            entry = sections[_SYMBOLS] + _ENTRY_BYTES * symbol
            text = sections[_STRINGS] + c_uint32.from_address(entry).value
            if ctypes.string_at(text) == name:
                yield c_size_t.from_address(loaded.base + relocation.offset)


def _dynamic(address: int) -> Iterator[tuple[int, int]]:
    """Tags and values of a dynamic section; glibc has made addresses of its offsets."""
    while (entry := _Dynamic.from_address(address)).tag:
        yield entry.tag, entry.value
        address += ctypes.sizeof(_Dynamic)
