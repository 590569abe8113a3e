"""Checkpoints to resume from: safetensors and JSON, whole or not there at all.

A checkpoint is a folder of two files. `state.json` is written last and holds the digest of
`tensors.safetensors`, so one that was cut off in the middle is recognised and not used. The one
before stays until the new one is whole and in its place.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ferkit.errors import BlockedError

FORMAT = 1
LAST, NEW, BEFORE = "last", ".last-new", ".last-before"
TENSORS, STATE = "tensors.safetensors", "state.json"


class Checkpoint(NamedTuple):
    """tensors: by name, on the CPU. state: JSON values."""

    tensors: dict[str, Tensor]
    state: dict[str, Any]


def save_checkpoint(folder: Path, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
    """Write `folder/last`, atomically.

    Args:
        folder: of the checkpoints; made if needed.
        tensors: any device and layout.
        state: JSON values.
    Raises: BlockedError: it can't be written, for instance because the disk is full.
    """
    new, last, before = folder / NEW, folder / LAST, folder / BEFORE
    try:
        serial = max((_state(folder / name) or {}).get("serial", 0) for name in (LAST, BEFORE, NEW))
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        write_tensors(new / TENSORS, tensors)
        whole = {
            "format": FORMAT,
            "serial": serial + 1,
            "sha256": digest(new / TENSORS),
            "state": dict(state),
        }
        write_synced(new / STATE, json.dumps(whole))
        shutil.rmtree(before, ignore_errors=True)
        if last.exists():
            last.rename(before)
        new.rename(last)
        shutil.rmtree(before, ignore_errors=True)
    except OSError as error:
        raise BlockedError(
            f"the checkpoint can't be written: {error.strerror or error}.",
            where=str(folder),
            hint="Free some space; then 'ferkit run --resume' goes on from the checkpoint before.",
        ) from error


def load_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest whole checkpoint in `folder`; None if there is none.

    Raises: BlockedError: it was written by a later version of ferkit.
    """
    found = [(folder / name, _state(folder / name)) for name in (LAST, BEFORE, NEW)]
    whole = [(place, state) for place, state in found if state is not None]
    for place, state in sorted(whole, key=lambda pair: -int(pair[1].get("serial", 0))):
        if state.get("format") != FORMAT:
            raise BlockedError(
                f"a checkpoint of format {state.get('format')}; this ferkit reads {FORMAT}.",
                where=str(place),
                hint="Resume with the version of ferkit that wrote it (see run.json).",
            )
        tensors = place / TENSORS
        if tensors.is_file() and digest(tensors) == state.get("sha256"):
            return Checkpoint(load_file(tensors), state["state"])
    return None


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """One safetensors file, on the disk when this returns."""
    plain = {
        name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()
    }
    try:
        save_file(plain, path)
    except SafetensorError as error:  # what the disk refuses arrives as text
        number = re.search(r"os error (\d+)", str(error))
        code = int(number[1]) if number else errno.EIO
        raise OSError(code, os.strerror(code)) from error
    with path.open("rb") as written:
        os.fsync(written.fileno())


def write_synced(path: Path, text: str) -> None:
    """A text file, on the disk when this returns."""
    with path.open("w", encoding="utf-8") as written:
        written.write(text)
        written.flush()
        os.fsync(written.fileno())


def digest(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _state(place: Path) -> dict[str, Any] | None:
    """What `state.json` says, or None where it is missing or cut off."""
    try:
        read = json.loads((place / STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return read if isinstance(read, dict) and "state" in read else None
