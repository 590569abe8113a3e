"""Small .npy files."""

from __future__ import annotations

import io

import numpy as np
import pytest
from ferkit_datasets.npy import read_npy


def saved(array) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


@pytest.mark.parametrize(
    ("array", "values"),
    [
        (np.array("10"), ["10"]),
        (np.array("-0.176846"), ["-0.176846"]),
        (np.array(7), [7]),
        (np.array([1.5, -2.0]), [1.5, -2.0]),
        (np.arange(6, dtype=">f4").reshape(3, 2), [0, 1, 2, 3, 4, 5]),
        (np.zeros(0), []),
    ],
)
def test_the_same_values_as_numpy(tmp_path, array, values) -> None:
    file = tmp_path / "x.npy"
    file.write_bytes(saved(array))
    assert read_npy(file) == values


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no .npy file, or cut off"),
        (b"annotation", "no .npy file"),
        (saved(np.zeros(4))[:100], "no .npy file, or cut off"),
        (saved(np.zeros(4))[:-1], "it is cut off"),
        (saved(np.array({"a": 1}, dtype=object)), "neither numbers nor text"),
        (saved(np.zeros(4)).replace(b"descr", b"other"), "its header is damaged"),
    ],
)
def test_what_is_no_such_file(tmp_path, content, message) -> None:
    file = tmp_path / "x.npy"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_npy(file)
