"""`enlightengan`: dark crops or frames, brightened by EnlightenGAN's generator."""

from __future__ import annotations

import torch
from torch import Tensor

from ferkit.plugin import Context
from ferkit_enlightengan.generator import REACH, STRIDE, Generator, darkness
from ferkit_enlightengan.params import EnlightenGanParams
from ferkit_enlightengan.pieces import in_pieces, pad_to_multiple
from ferkit_enlightengan.weights import read_generator, weights_file

MARGIN = REACH + -REACH % STRIDE
"""What a piece sees beyond its answer, so that no seam can be, pixels."""


def enlighten(images: Tensor, generator: Generator, *, longest: int, together: int) -> Tensor:
    """Brighten what is dark.

    Args:
        images: (B, 3, H, W) float32 in [0, 1] on the generator's device, H and W at least 1.
        generator: in evaluation mode, of any floating type.
        longest: side of a piece that goes through at once, a multiple of `STRIDE`, pixels.
        together: pixels that go through at once.
    Returns: the same shape and range.
    Source: arXiv:1906.06972; value ranges, attention map and padding as in the public code.
    """
    if not images.numel():
        return images
    kind = next(generator.parameters()).dtype

    def brightened(part: Tensor) -> Tensor:
        signed = 2 * part - 1
        residual: Tensor = generator(signed.to(kind), darkness(signed).to(kind))
        return ((signed + residual.to(signed.dtype) + 1) / 2).clamp(0, 1)

    padded, rows, columns = pad_to_multiple(images, STRIDE)
    with torch.no_grad():
        whole = in_pieces(
            padded,
            brightened,
            longest=longest,
            margin=MARGIN,
            multiple=STRIDE,
            together=together,
        )
    return whole[..., rows, columns]


def precision(half: bool, device: torch.device) -> torch.dtype:
    """What the generator computes in: 16-bit floats where they are wanted and quicker."""
    return torch.float16 if half and device.type == "cuda" else torch.float32


class EnlightenGan:
    """The enhancer `enlightengan`."""

    def __init__(self, params: EnlightenGanParams, context: Context) -> None:
        file = weights_file(params.weights, sha256=params.sha256, folder=context.folder)
        device = torch.device(context.device)
        kind = precision(params.half, device)
        self.fingerprint = file.sha256 if kind == torch.float32 else f"{file.sha256} {kind}"
        self._generator = read_generator(file.path).to(device, kind)
        self._device = device
        self._longest = params.tile_px
        # A CPU gains nothing from batches, and one by one an image's result is the same to the
        # last bit whatever comes with it.
        self._together = 1 if device.type == "cpu" else params.tile_px**2

    def __call__(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) float in [0, 1] -> the same shape and range."""
        given = images.to(self._device, torch.float32)
        answer = enlighten(given, self._generator, longest=self._longest, together=self._together)
        return answer.to(images)
