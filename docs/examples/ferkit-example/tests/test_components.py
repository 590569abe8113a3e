"""The contracts, and numbers worked by hand. Run with `pytest` after `pip install -e .`."""

from __future__ import annotations

import pytest
import torch
from ferkit_example.bootstrap_labels import bootstrap
from ferkit_example.centre_face import CentreFace
from ferkit_example.clean_label import ramp
from ferkit_example.confidence_weight import ConfidenceWeight, agreement
from ferkit_example.half_faces import HalfFaces
from ferkit_example.softmax_pool import make_softmax_pool, masked_softmax
from torch import Tensor

from ferkit.contracts.faces import Faces
from ferkit.contracts.model import Features, FeatureSpec
from ferkit.contracts.policies import Beliefs, Progress
from ferkit.errors import FerkitError
from ferkit.plugin import Context, NoParams
from ferkit.testing import check


def test_contracts() -> None:
    check("face_detector", "centre_face")
    check("region_cropper", "half_faces", size=32)
    check("backbone", "conv_mixer", patch=8, width=8, depth=2)
    check("aggregation", "softmax_pool")
    check("label_update", "bootstrap_labels", beta=0.8, hard=True)
    check("sample_weighting", "confidence_weight")
    check("ssl_loop", "clean_label", epochs=2)


def progress(step: int = 0) -> Progress:
    return Progress("phase", 0, 0, 4, step, 100, ())


def beliefs(probs: Tensor, targets: Tensor) -> Beliefs:
    count = len(probs)
    given = targets.argmax(-1)
    return Beliefs(torch.arange(count), given, targets, probs, targets, torch.zeros(count))


def test_centre_face_takes_the_largest_centred_square() -> None:
    detector = CentreFace(eye_y=0.4, interocular=0.2)
    (faces,) = detector.detect(torch.zeros(1, 3, 100, 140, dtype=torch.uint8))
    assert faces.box_xyxy.tolist() == [[19.5, -0.5, 119.5, 99.5]]
    expected = torch.tensor([[59.5, 39.5], [79.5, 39.5], [69.5, 51.5]])  # eyes and nose
    torch.testing.assert_close(faces.landmarks[0, :3], expected)


def test_half_faces_puts_the_middle_of_eyes_and_mouth_into_the_middle_of_a_crop() -> None:
    upright = torch.tensor([[40.0, 50.0], [60.0, 50.0], [50, 62], [42, 72], [58, 72]])
    quarter_turn = torch.stack([-upright[:, 1], upright[:, 0]], 1)
    landmarks = torch.stack([upright, quarter_turn])
    cropper = HalfFaces(size=40, extent=2.0)
    upper, lower = cropper.transforms(Faces(torch.zeros(2, 4), landmarks, torch.ones(2))).unbind(1)
    for face in range(2):
        eyes = landmarks[face, :2] @ upper[face, :, :2].T + upper[face, :, 2]
        mouth = landmarks[face, 3:] @ lower[face, :, :2].T + lower[face, :, 2]
        # 40 px stand for 2 distances between the eyes, so the eyes are 20 px apart, level.
        torch.testing.assert_close(eyes, torch.tensor([[9.5, 19.5], [29.5, 19.5]]))
        torch.testing.assert_close(mouth.mean(0), torch.tensor([19.5, 19.5]))


def test_eyes_in_one_place_give_no_crop() -> None:
    nowhere = Faces(torch.zeros(1, 4), torch.zeros(1, 5, 2), torch.ones(1))
    assert HalfFaces(size=40, extent=2.0).transforms(nowhere).isnan().any()


def test_softmax_counts_valid_members_only() -> None:
    scores = torch.tensor([[0.0, 0.0, 9.0], [5.0, 1.0, 2.0]])
    valid = torch.tensor([[True, True, False], [False, False, False]])
    assert masked_softmax(scores, valid).tolist() == [[0.5, 0.5, 0.0], [0.0, 0.0, 0.0]]


def test_softmax_pool_over_space_is_the_mean_while_all_scores_are_equal() -> None:
    spec = FeatureSpec(dim=5, map_channels=(3,), regions=2)
    pool = make_softmax_pool(NoParams(), Context(slot="space", features=spec))
    for weight in pool.parameters():
        torch.nn.init.zeros_(weight)
    last = torch.rand(4, 2, 3, 6, 6)
    pooled = pool(Features(torch.zeros(4, 2, 5), (last,)))
    torch.testing.assert_close(pooled.features, last.mean((-2, -1)))
    assert pooled.weights[0].shape == (4, 2, 1, 6, 6)


def test_softmax_pool_over_space_says_that_it_needs_maps() -> None:
    with pytest.raises(FerkitError, match="needs a backbone with feature maps"):
        make_softmax_pool(NoParams(), Context(slot="space", features=FeatureSpec(dim=5)))


def test_bootstrap_mixes_label_and_belief() -> None:
    target, probs = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.25, 0.75]])
    soft = bootstrap(target, probs, beta=0.8, hard=False)
    hard = bootstrap(target, probs, beta=0.8, hard=True)
    torch.testing.assert_close(soft, torch.tensor([[0.85, 0.15]]))
    torch.testing.assert_close(hard, torch.tensor([[0.8, 0.2]]))


def test_agreement_is_one_where_the_network_prefers_the_label() -> None:
    probs = torch.tensor([[0.6, 0.4], [0.75, 0.25]])
    given = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    torch.testing.assert_close(agreement(probs, given), torch.tensor([1.0, 1 / 3]))


def test_confidence_weight_remembers_and_goes_on_after_a_resumption() -> None:
    given = torch.tensor([[0.0, 1.0]])
    first, second = torch.tensor([[0.8, 0.2]]), torch.tensor([[0.5, 0.5]])  # agreement 1/4, 1
    policy = ConfidenceWeight(power=2.0, memory=0.5)
    weight = policy.weigh(beliefs(first, given), given, progress()).weight
    torch.testing.assert_close(weight, torch.tensor([0.0625]))
    resumed = ConfidenceWeight(power=2.0, memory=0.5)
    resumed.load_state_dict(policy.state_dict())
    for each in (policy, resumed):
        weight = each.weigh(beliefs(second, given), given, progress()).weight
        torch.testing.assert_close(weight, torch.tensor([0.625**2]))


@pytest.mark.parametrize(("step", "factor"), [(0, 0.0), (20, 0.0), (40, 0.5), (60, 1.0), (99, 1.0)])
def test_ramp(step: int, factor: float) -> None:
    assert ramp(progress(step), start=0.2, end=0.6) == pytest.approx(factor)
