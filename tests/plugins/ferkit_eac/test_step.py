"""EAC's step on a small network, against its formulae written out."""

from __future__ import annotations

import math

import pytest
import torch
from ferkit_basics.params import SmallCnnParams
from ferkit_basics.small_cnn import make_small_cnn
from ferkit_eac.class_maps import class_maps, flip_inconsistency
from ferkit_eac.loop import make_eac
from ferkit_eac.params import EacParams
from given_parts import GivenWeighting
from stopping import StoppingWeighting
from torch import nn

from ferkit.contracts.data import Clips
from ferkit.contracts.model import Features, FeatureSpec
from ferkit.contracts.policies import Progress
from ferkit.contracts.training import Batch, Part
from ferkit.data.erasing import erased_view
from ferkit.errors import RunError
from ferkit.plugin import Context
from ferkit.testing.tiny import TinyBackbone, tiny_job, tiny_model, tiny_split
from ferkit.training.job import PolicyChain
from ferkit.training.parts import StepParts
from ferkit.training.policies import SplitPolicies
from ferkit.training.trainer import train

CLASSES = 3


class Convolution(nn.Module):
    """One layer and the mean of its map."""

    def __init__(self, channels: int = 5) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, channels, 3, stride=2, padding=1)

    def spec(self, regions: int) -> FeatureSpec:
        channels = self.layer.out_channels
        return FeatureSpec(channels, (channels,), regions)

    def forward(self, images: torch.Tensor) -> Features:
        maps = self.layer(images.flatten(0, 1)).relu()
        maps = maps.reshape(*images.shape[:2], *maps.shape[1:])
        return Features(maps.mean((-2, -1)), (maps,))


def seeded_model(backbone=None):
    torch.manual_seed(2)
    return tiny_model(CLASSES, backbone=backbone or Convolution())


def clips(valid: list[list[int]], size: int = 8) -> Clips:
    shown = torch.tensor(valid, dtype=torch.bool)[..., None]
    generator = torch.Generator().manual_seed(4)
    return Clips(torch.rand((*shown.shape, 3, size, size), generator=generator), shown)


def step(model, given, shown: Clips, *, weight=None, class_weight=None, **params):
    loop = make_eac(EacParams(**params), Context(seed=5))
    at = Progress("eac", 0, 2, 9, 0, 9, ())
    chain = PolicyChain() if weight is None else PolicyChain([], [GivenWeighting(weight)])
    policies = SplitPolicies(
        "labelled",
        chain,
        given=given,
        given_probs=torch.eye(CLASSES)[given],
        device=torch.device("cpu"),
    )
    policies.begin(at, adaptive=True)
    parts = StepParts(
        [model],
        [model],
        {"labelled": policies},
        class_weight=torch.ones(CLASSES) if class_weight is None else class_weight,
        adaptive=True,
        penalty=0.0,
        progress=at,
    )
    nobody = Part(torch.arange(0), {})
    return loop.step(Batch(Part(torch.arange(len(given)), {"weak": shown}), nobody), parts)


def by_the_paper(model, given, shown: Clips, mirrored: Clips) -> tuple[float, float]:
    """Mean cross-entropy and mean squared difference, place by place."""
    with torch.no_grad():
        first, second = (
            model(each.frames, each.valid, keep_maps=True) for each in (shown, mirrored)
        )
    entropies = -first.logits.double().log_softmax(-1)
    learnt = sum(float(row[label]) for row, label in zip(entropies, given, strict=True))
    weights = model.head.weight.detach().double()
    places = range(first.maps.shape[-1])
    of_samples = []
    for sample, valid in enumerate(shown.valid[..., 0].tolist()):
        of_frames = []
        for frame, there in enumerate(valid):
            if not there:
                continue
            own, other = (one.maps[sample, frame, 0].double() for one in (first, second))
            squares = [
                float(weights[k] @ own[:, i, j] - weights[k] @ other[:, i, places[-1] - j]) ** 2
                for k in range(CLASSES)
                for i in places
                for j in places
            ]
            of_frames.append(sum(squares) / len(squares))
        of_samples.append(sum(of_frames) / len(of_frames))
    return learnt / len(given), sum(of_samples) / len(of_samples)


def mirror(shown: Clips) -> Clips:
    return Clips(shown.frames.flip(-1), shown.valid)


@pytest.mark.parametrize("valid", [[[1], [1], [1]], [[1, 1, 0], [1, 0, 0], [1, 1, 1]]])
@pytest.mark.parametrize("same", [True, False])
def test_equals_the_equations(valid, same: bool) -> None:
    """Stills, and clips with padding; erased once for both or each for itself."""
    model, given, shown = seeded_model(), torch.tensor([0, 2, 1]), clips(valid)
    found = step(model, given, shown, erasing=0.8, same_erasing=same, weight=None)
    ids = torch.arange(3)
    first, second = (
        erased_view(shown, seed=5, turn=0, ids=ids, probability=0.8, view=view) for view in (0, 1)
    )
    assert not torch.equal(first.frames, second.frames)
    mirrored = mirror(first if same else second)
    learnt, inconsistency = by_the_paper(model, given, first, mirrored)
    assert inconsistency > 1e-4
    assert abs(found.loss.item() - (learnt + 5 * inconsistency)) < 1e-6
    assert abs(found.scalars["inconsistency"].item() - inconsistency) < 1e-6


def test_weights_count_in_what_is_learnt_alone() -> None:
    model, given, shown = seeded_model(), torch.tensor([0, 2, 1]), clips([[1], [1], [1]])
    weight, of_class = torch.tensor([0.0, 0.5, 2.0]), torch.tensor([1.0, 3.0, 0.5])
    found = step(model, given, shown, erasing=0.0, weight=weight, class_weight=of_class)
    with torch.no_grad():
        losses = nn.functional.cross_entropy(
            model(shown.frames, shown.valid).logits, given, reduction="none"
        )
    _, inconsistency = by_the_paper(model, given, shown, mirror(shown))
    expected = (weight * of_class[given] * losses).mean() + 5 * inconsistency
    torch.testing.assert_close(found.loss, expected)


def test_class_vectors_get_no_gradient_from_maps() -> None:
    model, given, shown = seeded_model(), torch.tensor([0, 2, 1]), clips([[1], [1], [1]])
    step(model, given, shown, weight=torch.zeros(3)).loss.backward()
    assert not model.head.weight.grad.any()
    assert model.backbone.layer.weight.grad.any()


def test_a_symmetric_image_is_consistent() -> None:
    """With a symmetric filter, and maps of which each column has its mirror."""
    frames = torch.rand((2, 1, 1, 3, 7, 7), generator=torch.Generator().manual_seed(4))
    shown = Clips((frames + frames.flip(-1)) / 2, torch.ones(2, 1, 1, dtype=torch.bool))
    model = seeded_model()
    with torch.no_grad():
        weight = model.backbone.layer.weight
        weight.copy_((weight + weight.flip(-1)) / 2)
    found = step(model, torch.tensor([0, 1]), shown, erasing=0.0)
    assert found.scalars["inconsistency"].item() < 1e-12


@pytest.mark.parametrize("grid", [1, 3, 4])
def test_the_mean_of_a_class_map_is_a_share_of_its_logit(grid: int) -> None:
    """Also where cells share places: the last map is 5 x 5."""
    backbone = make_small_cnn(SmallCnnParams(width=2, grid=grid), Context())
    model = seeded_model(backbone).eval()
    shown = clips([[1], [1]], size=80)
    with torch.no_grad():
        said = model(shown.frames, shown.valid, keep_maps=True)
        found = class_maps(said.maps, model.head.weight)
    assert found.shape == (2, 1, 1, CLASSES, 5, 5)
    torch.testing.assert_close(grid * found.mean((1, 2, 4, 5)), said.logits - model.head.bias)


def test_cells_by_hand() -> None:
    """Two cells a side on a map of 2 x 2: each place has weights of its own, times two."""
    maps = torch.tensor([[1.0, 2.0], [3.0, 4.0]])[None, None, None, None]
    found = class_maps(maps, torch.tensor([[1.0, 0.0, -1.0, 0.5]]))
    assert found.flatten().tolist() == [2.0, 0.0, -6.0, 4.0]


def test_class_maps_and_differences_by_hand() -> None:
    maps = torch.tensor([[[[1.0, 2.0]], [[0.0, 4.0]]]])[:, None, None]  # 2 channels, 1 x 2
    vectors = torch.tensor([[1.0, 0.5], [0.0, -1.0]])
    found = class_maps(maps, vectors)
    assert found.flatten().tolist() == [1.0, 4.0, 0.0, -4.0]
    valid = torch.ones(1, 1, 1, dtype=torch.bool)
    # Against zeros: (1 + 16 + 0 + 16) / 4; against its own mirror image: 0.
    assert flip_inconsistency(found, torch.zeros_like(found), valid).item() == 8.25
    assert flip_inconsistency(found, found.flip(-1), valid).item() == 0
    assert flip_inconsistency(found, torch.zeros_like(found), ~valid).item() == 0


def test_no_valid_frame_at_all() -> None:
    model, given = seeded_model(), torch.tensor([0, 1])
    found = step(model, given, clips([[0], [0]]))
    assert math.isfinite(found.loss.item())
    assert found.scalars["inconsistency"].item() == 0


class Blind(TinyBackbone):
    def forward(self, images):
        return super().forward(images)._replace(maps=())


def test_networks_that_do_not_fit() -> None:
    given, shown = torch.tensor([0, 1]), clips([[1], [1]])
    with pytest.raises(RunError, match="the backbone gives no maps"):
        step(seeded_model(Blind()), given, shown)
    with pytest.raises(RunError, match="7 inputs, which are no means of a map with 5 channels"):
        class_maps(torch.zeros(1, 1, 1, 5, 2, 2), torch.zeros(CLASSES, 7))
    with pytest.raises(RunError, match="3 inputs, which are no means"):
        class_maps(torch.zeros(1, 1, 1, 5, 2, 2), torch.zeros(CLASSES, 3))


def test_a_resumed_training_ends_alike(tmp_path) -> None:
    def job(folder, stop):
        return tiny_job(
            make_eac(EacParams(epochs=2, keep="last"), Context(seed=3)),
            tmp_path / folder,
            labelled=tiny_split(9, frames=2, regions=2),
            labelled_policies=PolicyChain((), (stop,)),
            build_model=lambda: tiny_model(backbone=Convolution()),
        )

    expected = train(job("whole", StoppingWeighting()))
    with pytest.raises(KeyboardInterrupt):
        train(job("stopped", StoppingWeighting(3)))
    found = train(job("stopped", StoppingWeighting()), resume=True)
    assert torch.equal(found.model.head.weight, expected.model.head.weight)
    assert all(row["inconsistency"] > 0 for row in found.history)
