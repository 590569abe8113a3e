"""The network of paper B: its shapes (B7), regions that never mix, and torchvision's numbers."""

from __future__ import annotations

import copy
import subprocess
import sys

import pytest
import torch
from ferkit_grouped_resnet.network import GroupedResNet
from ferkit_grouped_resnet.streams import convolve
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from ferkit.errors import FerkitError

FORMS = ("grouped", "apart")


def drawn(**given) -> GroupedResNet:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return GroupedResNet(**given)


def faces(frames: int, regions: int, size: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(frames, regions, 3, size, size, generator=generator)


def convolutions(network: nn.Module) -> list[nn.Conv2d]:
    return [module for module in network.modules() if isinstance(module, nn.Conv2d)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("depth", [18, 34])
def test_b7_shapes_of_every_stage_at_224(depth, form) -> None:
    network = drawn(regions=3, depth=depth, form=form).eval()
    with torch.no_grad():
        features = network(faces(1, 3, 224))
    assert [tuple(each.shape) for each in features.maps] == [
        (1, 3, 32, 56, 56), (1, 3, 64, 28, 28), (1, 3, 128, 14, 14), (1, 3, 256, 7, 7)
    ]  # fmt: skip
    assert features.pooled.shape == (1, 3, 256)
    torch.testing.assert_close(features.pooled, features.maps[-1].mean((3, 4)))
    spec = network.spec(3)
    assert spec.map_channels == (32, 64, 128, 256)
    assert (spec.dim, spec.regions) == (256, 3)


@pytest.mark.parametrize(("depth", "blocks"), [(18, (2, 2, 2, 2)), (34, (3, 4, 6, 3))])
def test_b7_layers(depth, blocks) -> None:
    network = drawn(regions=3, depth=depth)
    stem = network.conv1
    assert (stem.in_channels, stem.out_channels) == (9, 96)
    assert (stem.kernel_size, stem.stride) == ((7, 7), (2, 2))
    stages = [network.layer1, network.layer2, network.layer3, network.layer4]
    assert tuple(len(stage) for stage in stages) == blocks
    assert [stage[-1].conv2.out_channels for stage in stages] == [96, 192, 384, 768]
    assert all(layer.groups == 3 for layer in convolutions(network))
    assert len(convolutions(network)) == depth - 1 + 3  # without the last layer; three shortcuts


@pytest.mark.parametrize(("depth", "parameters"), [(18, 8_396_640), (34, 15_983_328)])
def test_b7_parameters(depth, parameters) -> None:
    """8.40 and 15.98 million, where the paper says about 25: that many it has without groups."""
    network = drawn(regions=3, depth=depth)
    assert sum(each.numel() for each in network.parameters()) == parameters
    if depth == 18:
        norms = sum(each.numel() for each in network.parameters() if each.ndim == 1)
        ungrouped = norms + sum(
            layer.in_channels * layer.out_channels * layer.kernel_size[0] ** 2
            for layer in convolutions(network)
        )
        assert ungrouped == 25_161_120


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("regions", [2, 3])
def test_regions_never_mix(regions, form, training) -> None:
    """The gradient of a region's features is zero in the others' pixels and weights."""
    network = drawn(regions=regions, width=4, form=form).train(training)
    images = faces(3, regions, 64).requires_grad_()
    features = network(images)
    for region in range(regions):
        own = features.pooled[:, region].square().sum()
        for each in features.maps:
            own = own + each[:, region].square().sum()
        pixels, *weights = torch.autograd.grad(
            own, [images, *network.parameters()], retain_graph=True
        )
        for other in range(regions):
            reached = bool(pixels[:, other].any())
            assert reached == (other == region)
            for weight in weights:
                assert bool(weight.chunk(regions)[other].any()) == (other == region)


@pytest.mark.parametrize("form", FORMS)
def test_what_another_region_shows_changes_no_bit(form) -> None:
    network = drawn(regions=3, width=4, form=form)
    images = faces(4, 3, 64)
    altered = images.clone()
    altered[:, 1] = 100 * torch.rand(4, 3, 64, 64)
    other = copy.deepcopy(network)
    before, after = network(images), other(altered)
    for region in (0, 2):
        assert torch.equal(before.pooled[:, region], after.pooled[:, region])
        for one, two in zip(before.maps, after.maps, strict=True):
            assert torch.equal(one[:, region], two[:, region])
    assert not torch.equal(before.pooled[:, 1], after.pooled[:, 1])
    means, altered_means = (each.bn1.running_mean.view(3, -1) for each in (network, other))
    assert torch.equal(means[[0, 2]], altered_means[[0, 2]])
    assert not torch.equal(means[1], altered_means[1])


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize(
    ("form", "depth", "regions"),
    [("grouped", 18, 3), ("apart", 18, 3), ("apart", 34, 2), ("grouped", 18, 1)],
)
def test_each_region_is_a_plain_resnet(
    plain, stages_of, part_of, shaken, form, depth, regions, training
) -> None:
    """torchvision's blocks on a region's weights give its maps, gradients and statistics."""
    network = shaken(drawn(regions=regions, depth=depth, width=4, form=form))
    network = network.double().train(training)
    state = copy.deepcopy(network.state_dict())
    images = faces(3, regions, 64).double()
    features = network(images)
    sum(each.square().sum() for each in features.maps).backward()
    gradients = {name: each.grad for name, each in network.named_parameters()}
    for region in range(regions):
        alone = plain(4, depth).double().train(training)
        alone.load_state_dict(part_of(state, region, regions))
        maps = stages_of(alone, images[:, region])
        for own, expected in zip(features.maps, maps, strict=True):
            torch.testing.assert_close(own[:, region], expected)
        torch.testing.assert_close(features.pooled[:, region], maps[-1].mean((2, 3)))
        sum(each.square().sum() for each in maps).backward()
        expected = {name: each.grad for name, each in alone.named_parameters()}
        torch.testing.assert_close(part_of(gradients, region, regions), expected)
        after = part_of(dict(network.named_buffers()), region, regions)
        torch.testing.assert_close(after, dict(alone.named_buffers()))


@pytest.mark.parametrize("regions", [1, 2, 5])
def test_the_forms_agree_and_repeat(shaken, regions) -> None:
    network = shaken(drawn(regions=regions, width=8))
    images = faces(2, regions, 48)
    answers = {}
    for form in FORMS:
        for attempt in (1, 2):
            one = copy.deepcopy(network)
            one.form = form
            features = one(images)
            features.pooled.square().sum().backward()
            answers[form, attempt] = [
                features.pooled,
                *features.maps,
                *(each.grad for each in one.parameters()),
                *one.buffers(),
            ]
    for form in FORMS:
        pairs = zip(answers[form, 1], answers[form, 2], strict=True)
        assert all(torch.equal(first, second) for first, second in pairs)
    torch.testing.assert_close(answers["grouped", 1], answers["apart", 1], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("form", FORMS)
def test_half_precision_stays_near(form) -> None:
    network = drawn(regions=3, width=8, form=form).eval()
    images = faces(2, 3, 64)
    with torch.no_grad():
        full = network(images).pooled
        with torch.autocast("cpu", torch.bfloat16):
            half = network(images).pooled
    assert half.dtype == torch.bfloat16
    assert float((half.float() - full).norm() / full.norm()) < 0.03


def test_operations_are_as_the_library_counts_them() -> None:
    """Two for each weight, place and frame, worked out from the paper's figure 2."""
    network = drawn(regions=3).eval()
    multiplied = 3 * 32 * 3 * 49 * 112**2
    for side, before, channels in ((56, 32, 32), (28, 32, 64), (14, 64, 128), (7, 128, 256)):
        per_place = 9 * before * channels + 3 * 9 * channels * channels
        if before != channels:
            per_place += before * channels  # the 1x1 convolution of the shortcut
        multiplied += 3 * side**2 * per_place
    for form in FORMS:
        network.form = form
        counter = FlopCounterMode(display=False)
        with torch.no_grad(), counter:
            network(faces(1, 3, 224))
        assert counter.get_total_flops() == 2 * multiplied


def test_other_numbers_of_regions_are_refused() -> None:
    network = drawn(regions=3, width=4)
    message = "built for 3 regions per frame and is given 1.*use the same cropper"
    with pytest.raises(FerkitError, match=message):
        network.spec(1)
    with pytest.raises(FerkitError, match=message):
        network(faces(2, 1, 32))


def test_weights_are_drawn_region_by_region() -> None:
    """He et al., fan out: a deviation of sqrt(2 / (channels of one region * 9))."""
    weight = drawn(regions=4, width=32).layer2[1].conv2.weight.detach()
    for own in weight.chunk(4):
        assert float(own.std()) == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)
    assert not torch.equal(*weight.chunk(4)[:2])


def test_zero_init_residual_adds_nothing_at_first() -> None:
    network = drawn(regions=2, width=4, zero_init_residual=True).eval()
    hidden = [torch.rand(2, 8, 6, 6)]
    assert torch.equal(network.layer1[0](hidden)[0], hidden[0])
    assert not torch.equal(drawn(regions=2, width=4).layer1[0](hidden)[0], hidden[0])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_on_cuda_the_forms_agree(precision) -> None:
    network = drawn(regions=3, width=16).cuda()
    images = faces(4, 3, 96).cuda()
    answers = []
    for form in (*FORMS, None):
        one = copy.deepcopy(network)
        one.form = form
        with torch.autocast("cuda", precision, enabled=precision != torch.float32):
            features = one(images)
        features.pooled.float().square().sum().backward()
        answers.append(features.pooled.float())
        assert all(bool(each.grad.isfinite().all()) for each in one.parameters())
    for answer in answers[1:]:
        assert float((answer - answers[0]).norm() / answers[0].norm()) < 0.03


@pytest.mark.parametrize("regions", [1, 3])
@pytest.mark.parametrize("form", FORMS)
def test_a_shortcut_with_a_stride_is_the_convolution(form, regions) -> None:
    """It leaves places out before the convolution instead of within it."""
    network = drawn(regions=regions, width=4, form=form).train()
    block = network.layer2[0]
    maps = torch.randn(2, regions * 4, 9, 9, requires_grad=True)
    streams = [maps] if form == "grouped" else list(maps.chunk(regions, 1))
    got = torch.cat(convolve(block.downsample[0], streams), 1)
    torch.testing.assert_close(got, block.downsample[0](maps), rtol=1e-5, atol=1e-6)
    (mine,) = torch.autograd.grad(got.square().sum(), maps)
    (theirs,) = torch.autograd.grad(block.downsample[0](maps).square().sum(), maps)
    torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)


NARROW = """\
import torch
from ferkit_grouped_resnet.network import GroupedResNet
from ferkit_grouped_resnet.streams import convolve

torch.set_num_threads(1)
for width, regions in ((4, 1), (8, 1), (4, 3)):
    torch.manual_seed(0)
    network = GroupedResNet(regions=regions, width=width).train()
    for _ in range(2):
        network(torch.randn(4, regions, 3, 224, 224)).pooled.sum().backward()
print("trained")
"""


def test_narrow_networks_train_at_224() -> None:
    """oneDNN's own strided shortcut ends the process there, so it is tried in another one."""
    done = subprocess.run(
        [sys.executable, "-c", NARROW], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout.strip()) == (0, "trained"), done.stderr[-500:]
