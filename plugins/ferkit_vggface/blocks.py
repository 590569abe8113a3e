"""The layers of VGG-16 by name, in blocks; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping

CONVOLUTIONS = {
    "conv1": ("conv1_1", "conv1_2"),
    "conv2": ("conv2_1", "conv2_2"),
    "conv3": ("conv3_1", "conv3_2", "conv3_3"),
    "conv4": ("conv4_1", "conv4_2", "conv4_3"),
    "conv5": ("conv5_1", "conv5_2", "conv5_3"),
}
"""Convolutions of each block; a max-pooling ends it (configuration D of arXiv:1409.1556)."""

FULLY_CONNECTED = {"fc6": ("fc6",), "fc7": ("fc7",)}

BLOCKS = CONVOLUTIONS | FULLY_CONNECTED
"""All blocks, in the order that an image goes through them."""

LAST = "fc8"
"""The layer of identities, which is never built; a file may hold it."""


def layers(*, fully_connected: bool) -> tuple[str, ...]:
    """Names of the layers with weights, from early to late."""
    blocks = BLOCKS if fully_connected else CONVOLUTIONS
    return tuple(layer for names in blocks.values() for layer in names)


def frozen_blocks(freeze: str | None) -> tuple[str, ...]:
    """The blocks up to `freeze`, itself included; () for None."""
    names = tuple(BLOCKS)
    return () if freeze is None else names[: names.index(freeze) + 1]


def layer_factors(
    freeze: str | None, rates: Mapping[str, float], *, fully_connected: bool
) -> dict[str, float]:
    """Factor of the learning rate by layer.

    Args:
        freeze: the last frozen block, or None.
        rates: factor by block; blocks that are not in it have 1.
    Returns: only layers whose factor is not 1; 0 is frozen.
    """
    by_block = {**rates, **dict.fromkeys(frozen_blocks(freeze), 0.0)}
    there = layers(fully_connected=fully_connected)
    return {
        layer: factor
        for block, factor in by_block.items()
        for layer in BLOCKS[block]
        if factor != 1 and layer in there
    }
