"""The contract of enhancers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ferkit.plugin import Context
from ferkit.testing.backbone import Make, seeded
from ferkit.testing.results import asked, check_fingerprint

SIZES = ((1, 1), (1, 9), (9, 1), (2, 2), (17, 31), (64, 48))
"""Heights and widths that it is tried with, pixels."""

STEP = 1e-3
"""A quarter of an 8-bit step: how far the same image may be off in another call."""


def check_enhancer(make: Make, *, sizes: Sequence[tuple[int, int]] = SIZES) -> None:
    """Hold an enhancer to `ferkit.contracts.faces.Enhancer`.

    Args:
        make: context -> enhancer.
        sizes: heights and widths of images, pixels.
    Raises: AssertionError: says what is wrong.
    """
    enhancer = seeded(make, Context())
    for height, width in sizes:
        images = _images(height, width)
        answer = _enhance(enhancer, images)
        assert torch.equal(answer, _enhance(enhancer, images)), (
            "the same images give another answer again"
        )
        alone = torch.cat([_enhance(enhancer, image[None]) for image in images])
        _near(answer, alone, "an image depends on the others of its batch")
        by_pixel = images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
        _near(answer, _enhance(enhancer, by_pixel), "it depends on how images lie in memory")
        _enhance(enhancer, images[:0])
        if getattr(enhancer, "changes_nothing", False):
            assert torch.equal(answer, images), "it changes images, and says that it does not"
    other = seeded(make, Context(), seed=5)
    _near(answer, _enhance(other, images), "it depends on the seed")
    check_fingerprint(enhancer, seeded(make, Context()))


def _images(height: int, width: int) -> Tensor:
    """Noise from dark to bright, black, white and grey: (7, 3, H, W)."""
    noise = torch.rand((4, 3, height, width), generator=torch.Generator().manual_seed(0))
    bright = torch.tensor([0.05, 0.3, 0.7, 1.0])[:, None, None, None]
    plain = torch.tensor([0.0, 1.0, 0.5])[:, None, None, None].expand(-1, 3, height, width)
    return torch.cat([noise * bright, plain])


def _enhance(enhancer: Any, images: Tensor) -> Tensor:
    """Its answer, held to its form."""
    kept = images.clone()
    size = tuple(images.shape)
    answer: Tensor = asked(f"images {size}", enhancer, images)
    assert torch.equal(images, kept), "it changes the images that it is given"
    assert tuple(answer.shape) == size, f"the answer to {size} is {tuple(answer.shape)}"
    assert answer.dtype == images.dtype, f"the answer to {images.dtype} is {answer.dtype}"
    assert answer.device == images.device, f"the answer is on {answer.device}"
    assert not answer.requires_grad, "the answer asks for a gradient"
    assert bool(torch.isfinite(answer).all()), f"the answer to {size} is not finite"
    assert bool(((answer >= 0) & (answer <= 1)).all()), "the answer is not in [0, 1]"
    return answer


def _near(answer: Tensor, other: Tensor, what: str) -> None:
    torch.testing.assert_close(answer, other, rtol=0, atol=STEP, msg=lambda text: f"{what}: {text}")
