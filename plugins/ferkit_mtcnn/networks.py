"""The three networks with facenet-pytorch's weights, arranged for speed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import as_file, files
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import conv2d, linear, pad, prelu

from ferkit.errors import FerkitError

MIDDLE, SPREAD = 127.5, 128.0
"""The networks were trained on (pixel - 127.5) / 128."""


class Layer(NamedTuple):
    """A convolution or a dense layer, its PReLU, and the window of the pooling after it, or 0."""

    weight: Tensor
    bias: Tensor
    slopes: Tensor
    pool: int = 0


class Network(NamedTuple):
    """Convolutions, maybe a dense layer, and all answers of the network in one product.

    The first answer is the logit of a face against none: the score is its sigmoid. The next four
    shift the sides of the box. The last network has ten more: x, then y, of the landmarks. What
    follows means nothing.

    rough: the same in bfloat16, where that is faster (see `rough.py`).
    """

    convolutions: list[Layer]
    dense: Layer | None
    head: Layer
    rough: Network | None = None

    def features(self, pixels: Tensor) -> Tensor:
        """What the head gets: (B, h, w, 3) -> (B, cells, 32), or with a dense layer (B, values).

        Args: pixels: see `first`.
        """
        return self.rest(self.first(pixels))

    def first(self, pixels: Tensor) -> Tensor:
        """The first convolution's values: (B, h, w, 3) -> (B, C, h / 2 or so, w / 2 or so).

        Args:
            pixels: 0 to 255. For a network with a dense layer: crops of its size with columns
                before rows, (B, x, y, 3).
        """
        layer = self.convolutions[0]
        return _convolve(pixels.to(layer.weight.dtype).permute(0, 3, 1, 2), layer)

    def rest(self, values: Tensor) -> Tensor:
        """What the head gets from the first convolution's values."""
        values = values.to(self.head.weight.dtype)
        for layer in self.convolutions[1:]:
            values = _convolve(values, layer)
        values = values.permute(0, 2, 3, 1)  # channels last is how they lie in memory
        if self.dense is None:
            return values.flatten(1, 2)
        return prelu(
            linear(values.flatten(1), self.dense.weight, self.dense.bias), self.dense.slopes
        )

    def answer(self, features: Tensor) -> Tensor:
        """(..., values) -> (..., answers) float32."""
        return linear(features, self.head.weight, self.head.bias).float()

    def logits(self, features: Tensor) -> Tensor:
        """The first of the answers alone: (..., values) -> (...)."""
        return features @ self.head.weight[0] + self.head.bias[0]


def _convolve(values: Tensor, layer: Layer) -> Tensor:
    values = _rectify(conv2d(values, layer.weight, layer.bias), layer.slopes)
    if layer.pool:
        values = _pool(_pool(values, 2, layer.pool), 3, layer.pool)
    return values


def _rectify(values: Tensor, slopes: Tensor) -> Tensor:
    """PReLU; of channels that leave vector registers unfilled, over whole rows."""
    height, width, channels = *values.shape[2:], len(slopes)
    if channels * slopes.element_size() % 64 == 0:
        return prelu(values, slopes)
    rows = values.permute(0, 2, 3, 1).reshape(-1, width * channels)
    rows = prelu(rows, slopes.repeat(width))
    return rows.view(len(values), height, width, channels).permute(0, 3, 1, 2)


def _pool(values: Tensor, axis: int, window: int) -> Tensor:
    """Maxima of each two or three along an axis, two apart; fewer at the end count as well.

    `max_pool2d` would note where each maximum was, which takes longer than finding it.
    """
    size = values.shape[axis]
    count = (size - window + 1) // 2 + 1
    parts = [
        (values[:, :, start::2] if axis == 2 else values[..., start::2]).narrow(
            axis, 0, min(count, (size - start + 1) // 2)
        )
        for start in range(window)
    ]
    largest = torch.empty_like(parts[0], memory_format=torch.channels_last)
    both = parts[1].shape[axis]
    torch.maximum(parts[0].narrow(axis, 0, both), parts[1], out=largest.narrow(axis, 0, both))
    if both < count:
        largest.narrow(axis, both, 1).copy_(parts[0].narrow(axis, both, 1))
    for part in parts[2:]:
        known = largest.narrow(axis, 0, part.shape[axis])
        torch.maximum(known, part, out=known)
    return largest


class Networks(NamedTuple):
    """Proposal (any size), refinement (24 x 24) and output (48 x 48) network."""

    proposal: Network
    refinement: Network
    output: Network


def load_networks(
    device: str | torch.device, dtype: torch.dtype = torch.float32, *, rough: bool = False
) -> Networks:
    """Build the networks on `device`, computing in `dtype`.

    Args:
        rough: whether the first two come with their `rough` selves.
    Raises: FerkitError: the installed facenet-pytorch lacks its weights.
    """
    made = []
    for build, name in ((_proposal, "pnet"), (_refinement, "rnet"), (_output, "onet")):
        network = build(_weights(f"{name}.pt"))
        ready = _ready(network, device, dtype)
        if rough and build is not _output:
            ready = ready._replace(rough=_ready(network, device, torch.bfloat16))
        made.append(ready)
    return Networks(*made)


def _ready(network: Network, device: str | torch.device, dtype: torch.dtype) -> Network:
    def placed(layer: Layer) -> Layer:
        weight, bias, slopes = (each.to(device, dtype) for each in layer[:3])
        if weight.ndim == 4:
            weight = weight.contiguous(memory_format=torch.channels_last)
        return Layer(weight, bias, slopes, layer.pool)

    return Network(
        [placed(layer) for layer in network.convolutions],
        placed(network.dense) if network.dense is not None else None,
        placed(network.head),
    )


def _weights(name: str) -> Mapping[str, Tensor]:
    try:
        with as_file(files("facenet_pytorch") / "data" / name) as path:
            weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise FerkitError(
            f"the installed facenet-pytorch lacks its weights '{name}'.",
            hint="Install facenet-pytorch 2.5.3 again.",
        ) from error
    return weights


def _proposal(state: Mapping[str, Tensor]) -> Network:
    head = _head(state, "conv4_1", "conv4_2")
    return Network(_convolutions(state, (2, 0, 0), transposed=False), None, head)


def _refinement(state: Mapping[str, Tensor]) -> Network:
    dense = _layer(state, "dense4", "prelu4")
    head = _head(state, "dense5_1", "dense5_2")
    return Network(_convolutions(state, (3, 3, 0), transposed=True), dense, head)


def _output(state: Mapping[str, Tensor]) -> Network:
    dense = _layer(state, "dense5", "prelu5")
    head = _head(state, "dense6_1", "dense6_2", "dense6_3")
    return Network(_convolutions(state, (3, 3, 2, 0), transposed=True), dense, head)


def _layer(state: Mapping[str, Tensor], name: str, rectifier: str, pool: int = 0) -> Layer:
    weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
    return Layer(weight, bias, state[f"{rectifier}.weight"], pool)


def _convolutions(
    state: Mapping[str, Tensor], pools: tuple[int, ...], *, transposed: bool
) -> list[Layer]:
    """The first takes pixels as they are: the scaling is part of its weights.

    Transposed kernels are for transposed crops. The dense layers were trained on columns before
    rows, which is how the values of transposed crops lie in memory.
    """
    layers = [
        _layer(state, f"conv{number}", f"prelu{number}", pool)
        for number, pool in enumerate(pools, start=1)
    ]
    first = layers[0]
    bias = first.bias - first.weight.sum((1, 2, 3)) * (MIDDLE / SPREAD)
    layers[0] = first._replace(weight=first.weight / SPREAD, bias=bias)
    if transposed:
        layers = [layer._replace(weight=layer.weight.transpose(2, 3)) for layer in layers]
    return layers


def _head(state: Mapping[str, Tensor], scores: str, *others: str) -> Layer:
    """Of the two logits only their difference matters.

    Answers without a meaning fill up a multiple of 8: so many are computed faster than five.
    """
    weights = [state[f"{scores}.weight"].flatten(1).diff(dim=0)]
    biases = [state[f"{scores}.bias"].diff(dim=0)]
    weights += [state[f"{name}.weight"].flatten(1) for name in others]
    biases += [state[f"{name}.bias"] for name in others]
    more = -sum(len(bias) for bias in biases) % 8
    weight = pad(torch.cat(weights), (0, 0, 0, more))
    return Layer(weight, pad(torch.cat(biases), (0, more)), torch.empty(0))
