"""Measures grouped_resnet: its forms side by side, and what it costs beside other networks.

    OMP_NUM_THREADS=1 python tests/benchmarks/grouped_convolutions.py [--rounds N]

Prints Markdown. Forms take turns within each round; on a CPU one thread works and CPU time is
taken, on a CUDA device the time between two synchronisations. Ratios are taken within a round and
are medians over the rounds. Two forms are only here, because they lose: they stand in for the
layers of the network, with its weights.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import NamedTuple

import torch
import torchvision
from ferkit_grouped_resnet.network import GroupedResNet
from ferkit_grouped_resnet.streams import Form
from machine import machine, table
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from ferkit.contracts.model import Features

REGIONS = 3
SIZES = {96: 64, 224: 8}
"""Side of the crops in pixels, and frames per batch on a CPU."""

CUDA_FRAMES = 128
FIRST = ("grouped", "channels first")
"""What the others are compared with."""


class Unfolded(nn.Conv2d):
    """Batched: patches laid out as columns, and one batched matrix product over the regions."""

    def forward(self, hidden: Tensor) -> Tensor:
        batch, _, height, width = hidden.shape
        side, stride, padding = self.kernel_size[0], self.stride[0], int(self.padding[0])
        columns = functional.unfold(hidden, side, padding=padding, stride=stride)
        columns = columns.view(batch, self.groups, -1, columns.shape[-1])  # (B, R, C side^2, L)
        weight = self.weight.reshape(self.groups, self.out_channels // self.groups, -1)
        given = (weight @ columns).flatten(1, 2)  # (B, R C', L)
        rows = (height + 2 * padding - side) // stride + 1
        columns_out = (width + 2 * padding - side) // stride + 1
        out = given.view(batch, self.out_channels, rows, columns_out)
        form = hidden.is_contiguous(memory_format=torch.channels_last)
        return out.contiguous(memory_format=torch.channels_last) if form else out


class BlockDiagonal(nn.Conv2d):
    """Batched: one convolution without groups, with zeros where regions would mix."""

    def forward(self, hidden: Tensor) -> Tensor:
        before, channels = (self.in_channels // self.groups, self.out_channels // self.groups)
        own = self.weight.view(self.groups, channels, before, *self.kernel_size)
        same = torch.eye(self.groups, device=own.device, dtype=own.dtype)
        whole = own[:, :, None] * same[:, None, :, None, None, None]  # (R, C', R, C, side, side)
        form = hidden.is_contiguous(memory_format=torch.channels_last)
        weight = whole.reshape(self.out_channels, self.in_channels, *self.kernel_size)
        if form:
            weight = weight.contiguous(memory_format=torch.channels_last)
        return functional.conv2d(hidden, weight, None, self.stride, self.padding)


class Variant(NamedTuple):
    """A form of the network. stand_in: takes the place of its convolutions."""

    name: str
    form: Form
    stand_in: type[nn.Conv2d] | None = None


VARIANTS = (
    Variant("grouped", "grouped"),
    Variant("apart", "apart"),
    Variant("batched: columns", "grouped", Unfolded),
    Variant("batched: block-diagonal", "grouped", BlockDiagonal),
)


def made(variant: Variant, *, channels_last: bool, device: str, like: GroupedResNet) -> nn.Module:
    """The network `like` in another form: the same weights."""
    network = GroupedResNet(regions=like.regions, form=variant.form)
    network.load_state_dict(like.state_dict())
    if variant.stand_in is not None:
        for module in network.modules():
            if type(module) is nn.Conv2d:
                module.__class__ = variant.stand_in
    network.memory_format = torch.channels_last if channels_last else torch.contiguous_format
    return network.to(device, memory_format=network.memory_format)


def forward(network: nn.Module, images: Tensor) -> None:
    """As in prediction."""
    network.eval()
    with torch.no_grad():
        network(images)


def both_ways(network: nn.Module, images: Tensor) -> None:
    """As in training, with a gradient into the features and all four maps."""
    network.train()
    network.zero_grad()
    features: Features = network(images)
    given = [features.pooled, *features.maps]
    torch.autograd.backward(given, [torch.ones_like(each) for each in given])


def seconds(work: Callable[[], None], *, device: str) -> float:
    """Of one call: CPU time, or on a CUDA device the time until it is done."""
    if device == "cpu":
        begun = time.process_time()
        work()
        return time.process_time() - begun
    torch.cuda.synchronize()
    begun = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - begun


def side_by_side(
    *, size: int, frames: int, device: str, rounds: int, half: bool = False
) -> list[list[str]]:
    """A row for each form and memory layout."""
    torch.manual_seed(0)
    like = GroupedResNet(regions=REGIONS)
    images = torch.rand(frames, REGIONS, 3, size, size).to(device)
    networks = {
        (variant.name, "channels last" if last else "channels first"): made(
            variant, channels_last=last, device=device, like=like
        )
        for variant in VARIANTS
        for last in (False, True)
    }
    agreeing(networks, images)
    times: dict[tuple[str, str], list[tuple[float, float]]] = {key: [] for key in networks}
    for number in range(rounds + 1):
        for key, network in networks.items():
            with torch.autocast(device, torch.bfloat16) if half else nullcontext():
                once = (
                    seconds(lambda net=network: forward(net, images), device=device),
                    seconds(lambda net=network: both_ways(net, images), device=device),
                )
            if number:  # the first round is slower
                times[key].append(once)
    rows = []
    for key, own in times.items():
        row = list(key)
        for which in (0, 1):
            ratios = [
                mine[which] / first[which] for mine, first in zip(own, times[FIRST], strict=True)
            ]
            milliseconds = 1e3 * statistics.median(mine[which] for mine in own) / frames
            row += [f"{milliseconds:.2f}", f"{statistics.median(ratios):.2f}"]
        rows.append(row)
    return rows


def agreeing(networks: dict[tuple[str, str], nn.Module], images: Tensor) -> None:
    """Stop unless all forms answer the same."""
    with torch.no_grad():
        answers = [network.eval()(images[:2]).pooled for network in networks.values()]
    for answer in answers[1:]:
        torch.testing.assert_close(answer, answers[0], rtol=1e-2, atol=1e-2)


def without_groups(network: GroupedResNet) -> GroupedResNet:
    """The same widths, but every filter sees all regions."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.weight = nn.Parameter(module.weight.repeat(1, module.groups, 1, 1))
            module.groups = 1
    network.form = "grouped"
    return network


def plain(depth: int) -> nn.Module:
    """torchvision's, without its last layer."""
    network: nn.Module = getattr(torchvision.models, f"resnet{depth}")(weights=None)
    network.fc = nn.Identity()
    return network


def cost(network: nn.Module, images: Tensor) -> list[str]:
    """Parameters, and floating-point operations of a forward pass, as torch counts them."""
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        network.eval()(images)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return [f"{parameters / 1e6:.2f}", f"{counter.get_total_flops() / 1e9:.2f}"]


def costs(size: int) -> list[list[str]]:
    """Of one frame of three crops, but for the first row."""
    crops = torch.rand(1, REGIONS, 3, size, size)
    rows = [["ResNet-18, the face alone", *cost(plain(18), crops[:, 0])]]
    rows.append(["ResNet-18, one for all regions", *cost(plain(18), crops[0])])
    for depth in (18, 34):
        network = GroupedResNet(regions=REGIONS, depth=depth)
        rows.append([f"grouped_resnet {depth}", *cost(network, crops)])
        rows.append([f"the same without groups, {depth}", *cost(without_groups(network), crops)])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    print(f"{machine()}; {REGIONS} regions, {rounds} rounds.")
    print("\nMultiply and add count as two operations; backbones without a last layer, 224 px.")
    table(["network", "parameters, 10^6", "operations per frame, 10^9"], costs(224))
    head = ["form", "in memory", "forward, ms per frame", "ratio", "both ways, ms", "ratio"]
    for size, frames in SIZES.items():
        print(f"\nCPU, one thread, crops of {size} px, {frames} frames at once:")
        table(head, side_by_side(size=size, frames=frames, device="cpu", rounds=rounds))
    if not torch.cuda.is_available():
        print("\nNo CUDA device: not measured on a GPU.")
        return
    for size in SIZES:
        for half in (False, True):
            with_bf16 = "bf16-mixed" if half else "32-true"
            print(f"\nCUDA, {with_bf16}, crops of {size} px, {CUDA_FRAMES} frames at once:")
            rows = side_by_side(
                size=size, frames=CUDA_FRAMES, device="cuda", rounds=rounds, half=half
            )
            table(head, rows)


if __name__ == "__main__":
    main()
