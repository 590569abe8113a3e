"""The rearranged networks against facenet-pytorch's own."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from ferkit_mtcnn.networks import Networks, load_networks
from torch import Tensor

from ferkit.errors import FerkitError


@pytest.fixture(scope="module")
def networks() -> Networks:
    return load_networks("cpu")


def pixels(*shape: int) -> Tensor:
    return torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(2)).float()


def scaled(images: Tensor) -> Tensor:
    return ((images - 127.5) / 128).permute(0, 3, 1, 2)


@pytest.mark.parametrize("size", [(12, 12), (13, 12), (14, 31), (41, 60)])
@torch.inference_mode()
def test_proposals(networks: Networks, size: tuple[int, int]) -> None:
    images = pixels(2, *size, 3)
    shifts, probs = PNet().eval()(scaled(images))
    features = networks.proposal.features(images)
    answer = networks.proposal.answer(features)
    assert torch.allclose(answer[..., 0].sigmoid(), probs[:, 1].flatten(1), atol=1e-5)
    assert torch.allclose(answer[..., 1:5].mT, shifts.flatten(2), atol=1e-4)
    assert torch.allclose(networks.proposal.logits(features), answer[..., 0], atol=1e-5)


@torch.inference_mode()
def test_refinement(networks: Networks) -> None:
    crops = pixels(3, 24, 24, 3)
    shifts, probs = RNet().eval()(scaled(crops))
    network = networks.refinement
    answer = network.answer(network.features(crops.transpose(1, 2).contiguous()))
    assert torch.allclose(answer[:, 0].sigmoid(), probs[:, 1], atol=1e-5)
    assert torch.allclose(answer[:, 1:5], shifts, atol=1e-5)


@torch.inference_mode()
def test_output(networks: Networks) -> None:
    crops = pixels(3, 48, 48, 3)
    shifts, points, probs = ONet().eval()(scaled(crops))
    network = networks.output
    answer = network.answer(network.features(crops.transpose(1, 2).contiguous()))
    assert torch.allclose(answer[:, 0].sigmoid(), probs[:, 1], atol=1e-5)
    assert torch.allclose(answer[:, 1:5], shifts, atol=1e-5)
    assert torch.allclose(answer[:, 5:15], points, atol=1e-5)


@torch.inference_mode()
def test_half_precision_is_near(networks: Networks) -> None:
    halved = load_networks("cpu", torch.float16)
    crops = pixels(8, 48, 48, 3)
    try:
        answer = halved.output.answer(halved.output.features(crops))
    except RuntimeError as error:
        pytest.skip(f"this torch has no 16-bit convolutions on a CPU: {error}")
    exact = networks.output.answer(networks.output.features(crops))
    assert answer.dtype == torch.float32
    assert torch.allclose(answer[:, 0].sigmoid(), exact[:, 0].sigmoid(), atol=0.02)
    assert torch.allclose(answer[:, 1:15], exact[:, 1:15], atol=0.01)


def test_missing_weights_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("ferkit_mtcnn.networks")
    monkeypatch.setattr(module, "files", lambda package: tmp_path)
    with pytest.raises(FerkitError, match=r"lacks its weights 'pnet.pt'"):
        load_networks("cpu")
