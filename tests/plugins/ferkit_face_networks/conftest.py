"""The networks as their authors publish them, rebuilt from plain torch layers under their names."""

from __future__ import annotations

import pytest
import torch
from torch import nn

CHANNELS, BLOCKS = (8, 12, 16, 20), (2, 1, 2, 1)
"""A narrow IR network."""


class InsightBlock(nn.Module):
    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(before), nn.Conv2d(before, after, 3, 1, 1, bias=False)
        self.bn2, self.prelu = nn.BatchNorm2d(after), nn.PReLU(after)
        self.conv2 = nn.Conv2d(after, after, 3, stride, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(after)
        self.downsample = nn.Sequential()
        if stride != 1 or before != after:
            past = nn.Conv2d(before, after, 1, stride, bias=False)
            self.downsample = nn.Sequential(past, nn.BatchNorm2d(after))

    def forward(self, x):
        kept = self.downsample(x)
        x = self.conv1(self.bn1(x))
        return self.bn3(self.conv2(self.prelu(self.bn2(x)))) + kept


class InsightIr(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, CHANNELS[0], 3, 1, 1, bias=False)
        self.bn1, self.prelu = nn.BatchNorm2d(CHANNELS[0]), nn.PReLU(CHANNELS[0])
        before = CHANNELS[0]
        for number, (after, blocks) in enumerate(zip(CHANNELS, BLOCKS, strict=True), 1):
            strides = [2] + [1] * (blocks - 1)
            befores = [before] + [after] * (blocks - 1)
            stage = [InsightBlock(b, after, s) for b, s in zip(befores, strides, strict=True)]
            setattr(self, f"layer{number}", nn.Sequential(*stage))
            before = after
        self.bn2, self.fc = nn.BatchNorm2d(before), nn.Linear(before * 49, 6)
        self.features = nn.BatchNorm1d(6)

    def body(self, x):
        x = self.prelu(self.bn1(self.conv1(x)))
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))

    def forward(self, x):
        return self.features(self.fc(torch.flatten(self.bn2(self.body(x)), 1)))


class ListedBlock(nn.Module):
    def __init__(self, before: int, after: int, stride: int, *, middle: bool) -> None:
        super().__init__()
        self.shortcut_layer = nn.MaxPool2d(1, stride)
        if before != after:
            past = nn.Conv2d(before, after, 1, stride, bias=False)
            self.shortcut_layer = nn.Sequential(past, nn.BatchNorm2d(after))
        first = [nn.BatchNorm2d(before), nn.Conv2d(before, after, 3, 1, 1, bias=False)]
        norm = [nn.BatchNorm2d(after)] if middle else []
        last = [nn.PReLU(after), nn.Conv2d(after, after, 3, stride, 1, bias=False)]
        self.res_layer = nn.Sequential(*first, *norm, *last, nn.BatchNorm2d(after))

    def forward(self, x):
        return self.res_layer(x) + self.shortcut_layer(x)


class ListedIr(nn.Module):
    """face.evoLVe's; with `middle` AdaFace's."""

    def __init__(self, *, middle: bool) -> None:
        super().__init__()
        stem = nn.Conv2d(3, CHANNELS[0], 3, 1, 1, bias=False)
        self.input_layer = nn.Sequential(stem, nn.BatchNorm2d(CHANNELS[0]), nn.PReLU(CHANNELS[0]))
        blocks, before = [], CHANNELS[0]
        for after, count in zip(CHANNELS, BLOCKS, strict=True):
            for number in range(count):
                stride = 1 if number else 2
                blocks.append(ListedBlock(before, after, stride, middle=middle))
                before = after
        self.body = nn.Sequential(*blocks)
        norm, linear = nn.BatchNorm2d(before), nn.Linear(before * 49, 6)
        features = nn.BatchNorm1d(6, affine=not middle)
        self.output_layer = nn.Sequential(norm, nn.Dropout(0.4), nn.Flatten(), linear, features)

    def forward(self, x):
        return self.output_layer(self.body(self.input_layer(x)))


class StagedIr(nn.Module):
    """POSTER's: three lists of blocks, and an embedding's layers that it does not use."""

    def __init__(self) -> None:
        super().__init__()
        listed = ListedIr(middle=False)
        self.input_layer, self.output_layer = listed.input_layer, listed.output_layer
        ends = [sum(BLOCKS[:stage]) for stage in range(4)]
        self.body1, self.body2, self.body3 = (
            nn.Sequential(*listed.body[ends[stage] : ends[stage + 1]]) for stage in range(3)
        )

    def forward(self, x):
        x = self.body3(self.body2(self.body1(self.input_layer(x))))
        return x.mean((2, 3))


class Conv(nn.Module):
    def __init__(self, before, after, kernel=1, stride=1, around=0, groups=1, *, prelu=True):
        super().__init__()
        self.conv = nn.Conv2d(before, after, kernel, stride, around, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(after)
        if prelu:
            self.prelu = nn.PReLU(after)

    def forward(self, x):
        for layer in self.children():
            x = layer(x)
        return x


class Depth(nn.Module):
    def __init__(self, before, after, inside, stride=1, *, keep=False):
        super().__init__()
        self.conv = Conv(before, inside)
        self.conv_dw = Conv(inside, inside, 3, stride, 1, inside)
        self.project = Conv(inside, after, prelu=False)
        self.keep = keep

    def forward(self, x):
        made = self.project(self.conv_dw(self.conv(x)))
        return x + made if self.keep else made


class Repeated(nn.Module):
    def __init__(self, channels, count, inside):
        super().__init__()
        self.model = nn.Sequential(
            *[Depth(channels, channels, inside, keep=True) for _ in range(count)]
        )

    def forward(self, x):
        return self.model(x)


class PaperMobile(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.conv1, self.conv2_dw = Conv(3, 64, 3, 2, 1), Conv(64, 64, 3, 1, 1, 64)
        self.conv_23, self.conv_3 = Depth(64, 64, 128, 2), Repeated(64, 4, 128)
        self.conv_34, self.conv_4 = Depth(64, 128, 256, 2), Repeated(128, 6, 256)
        self.conv_45, self.conv_5 = Depth(128, 128, 512, 2), Repeated(128, 2, 256)
        self.conv_6_sep = Conv(128, 512)
        self.conv_6_dw = Conv(512, 512, 7, groups=512, prelu=False)
        self.conv_6_flatten = nn.Flatten()
        self.linear, self.bn = nn.Linear(512, dim, bias=False), nn.BatchNorm1d(dim)

    def forward(self, x):
        for layer in self.children():
            x = layer(x)
        return x


def lists(module: nn.Module) -> nn.Module:
    """The same layers, numbered within `layers` as in InsightFace's mbf."""
    made = nn.Module()
    if isinstance(module, Conv):
        made.layers = nn.Sequential(*module.children())
    elif isinstance(module, Depth):
        made.layers = nn.Sequential(*[lists(one) for one in module.children()])
    else:
        made.layers = nn.Sequential(*[lists(one) for one in module.model])
    return made


class InsightMobile(nn.Module):
    """Names of mbf; the way through it is that of the paper's, `plain`, of other widths."""

    def __init__(self) -> None:
        super().__init__()
        plain = [
            Conv(3, 128, 3, 2, 1), Conv(128, 128, 3, 1, 1, 64),
            Depth(128, 128, 128, 2), Repeated(128, 4, 128),
            Depth(128, 256, 256, 2), Repeated(256, 6, 256),
            Depth(256, 256, 512, 2), Repeated(256, 2, 256),
        ]  # fmt: skip
        last, whole = Conv(256, 512), Conv(512, 512, 7, groups=512, prelu=False)
        linear, norm = nn.Linear(512, 512, bias=False), nn.BatchNorm1d(512)
        self.layers = nn.ModuleList([lists(one) for one in plain])
        self.conv_sep = lists(last)
        self.features = nn.Module()
        self.features.layers = nn.Sequential(lists(whole), nn.Flatten(), linear, norm)
        self.plain = [*plain, last, whole, nn.Flatten(), linear, norm]

    def forward(self, x):
        for layer in self.plain:
            x = layer.eval()(x)
        return x


NETWORKS = {
    ("ir50", "insightface"): InsightIr,
    ("ir50", "evolve"): lambda: ListedIr(middle=False),
    ("ir50", "adaface"): lambda: ListedIr(middle=True),
    ("ir50", "poster"): StagedIr,
    ("mobilefacenet", "paper"): lambda: PaperMobile(512),
    ("mobilefacenet", "insightface"): InsightMobile,
}


@pytest.fixture(scope="session")
def published():
    """Makes an author's network; statistics and slopes differ from channel to channel."""

    def make(name: str, layout: str) -> nn.Module:
        torch.manual_seed(0)
        made = NETWORKS[name, layout]()
        for layer in made.modules():
            if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                layer.running_mean.uniform_(-0.1, 0.1)
                layer.running_var.uniform_(0.5, 1.5)
            if isinstance(layer, nn.PReLU):
                nn.init.uniform_(layer.weight, 0.1, 0.4)
        return made.eval()

    return make
