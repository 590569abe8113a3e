"""Convolutions out of an ONNX file: what is in it, however it is packed, or a clear error."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from ferkit_yunet.onnx_file import read_convolutions

Onnx = Callable[..., bytes]


@pytest.mark.parametrize("packed", [True, False])
def test_weights_and_shapes_in_the_order_of_the_graph(write_onnx: Onnx, packed: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    given = [
        (torch.randn(shape, generator=generator), torch.randn(shape[0], generator=generator))
        for shape in [(3, 2, 3, 3), (200, 1, 1, 1), (1, 3, 1, 1)]  # 200 takes two bytes
    ]
    read = read_convolutions(write_onnx(given, packed=packed))
    assert len(read) == 3
    for own, (weight, bias) in zip(read, given, strict=True):
        assert torch.equal(own.weight, weight)
        assert torch.equal(own.bias, bias)


def test_no_convolutions() -> None:
    assert read_convolutions(b"") == []


def test_other_tensors_than_floats_are_refused(write_onnx: Onnx) -> None:
    content = write_onnx([(torch.ones(1, 1, 1, 1), torch.ones(1))], kind=11)
    with pytest.raises(ValueError, match="not an ONNX file with float convolutions"):
        read_convolutions(content)


@pytest.mark.parametrize("left", [1, 40, 100])
def test_a_file_that_is_cut_off(write_onnx: Onnx, left: int) -> None:
    content = write_onnx([(torch.ones(4, 2, 3, 3), torch.ones(4))])
    with pytest.raises(ValueError, match="not an ONNX file"):
        read_convolutions(content[:left])


def test_bytes_that_are_something_else() -> None:
    with pytest.raises(ValueError, match="not an ONNX file"):
        read_convolutions(b"<!DOCTYPE html><html><head></head></html>")
