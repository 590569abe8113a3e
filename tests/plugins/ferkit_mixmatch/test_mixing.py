"""MixUp of clips, targets and weights, against loops and by hand."""

from __future__ import annotations

import pytest
import torch
from ferkit_mixmatch.mixing import Mixing, drawn_mixing, mixed_answers, mixed_clips

from ferkit.contracts.data import Clips


def test_draws_shares_of_half_or_more_and_each_partner_once() -> None:
    torch.manual_seed(0)
    share, partner = drawn_mixing(2000, 0.75)
    assert ((share >= 0.5) & (share <= 1)).all()
    assert sorted(partner.tolist()) == list(range(2000))
    # The mean of max(l, 1 - l) of a beta distribution with .75 twice, by its density.
    at = torch.linspace(0.5, 1, 200_001, dtype=torch.float64)[1:-1]
    density = (at * (1 - at)) ** -0.25
    expected = (at * density).sum() / density.sum()
    assert share.mean().item() == pytest.approx(expected.item(), abs=0.01)


def test_a_small_alpha_hardly_mixes_and_the_seed_decides() -> None:
    torch.manual_seed(1)
    share, partner = drawn_mixing(500, 0.01)
    assert share.mean() > 0.97
    torch.manual_seed(1)
    again = drawn_mixing(500, 0.01)
    assert torch.equal(share, again.share)
    assert torch.equal(partner, again.partner)


def clips(samples: int = 4, frames: int = 3, regions: int = 2) -> Clips:
    """Of 1 to T frames, one with a region that could not be cut."""
    generator = torch.Generator().manual_seed(3)
    pixels = torch.rand(samples, frames, regions, 3, 2, 2, generator=generator)
    length = torch.arange(samples) % frames + 1
    valid = (torch.arange(frames) < length[:, None])[..., None].repeat(1, 1, regions)
    if frames > 1:
        valid[2, 1, 1] = False
    return Clips(pixels, valid)


def test_mixes_what_both_have_place_by_place() -> None:
    given = clips()
    mixing = Mixing(torch.tensor([0.5, 0.7, 0.8, 0.9]), torch.tensor([2, 0, 1, 3]))
    found, share = mixed_clips(given, mixing)
    assert torch.equal(found.valid, given.valid)
    for i, (own, j) in enumerate(zip(mixing.share.tolist(), mixing.partner.tolist(), strict=True)):
        parts = []
        for t in range(3):
            for r in range(2):
                expected = given.frames[i, t, r]
                if given.valid[i, t, r] and given.valid[j, t, r]:
                    expected = own * expected + (1 - own) * given.frames[j, t, r]
                torch.testing.assert_close(found.frames[i, t, r], expected)
                if given.valid[i, t, r]:
                    parts.append(own if given.valid[j, t, r] else 1.0)
        assert share[i].item() == pytest.approx(sum(parts) / len(parts))
    assert share.tolist() == pytest.approx([0.5, 0.85, 1 - 0.2 * 3 / 5, 0.9])


def test_stills_are_mixed_by_the_shares_themselves() -> None:
    given = clips(frames=1)
    mixing = drawn_mixing(4, 0.75)
    found, share = mixed_clips(given, mixing)
    torch.testing.assert_close(share, mixing.share)
    own = mixing.share[:, None, None, None, None, None]
    expected = own * given.frames + (1 - own) * given.frames[mixing.partner]
    torch.testing.assert_close(found.frames, expected)


def test_a_clip_without_a_valid_frame_is_left_alone() -> None:
    frames = torch.rand(2, 1, 1, 3, 2, 2)
    given = Clips(frames, torch.tensor([True, False])[:, None, None])
    found, share = mixed_clips(given, Mixing(torch.full((2,), 0.6), torch.tensor([1, 0])))
    assert torch.equal(found.frames, frames)
    assert share.tolist() == [1.0, 1.0]


def test_targets_by_hand() -> None:
    target = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    share, partner = torch.tensor([0.75, 0.5, 1.0]), torch.tensor([1, 2, 0])
    found, weight = mixed_answers(target, torch.ones(3), share, partner)
    torch.testing.assert_close(found, torch.tensor([[0.75, 0.25], [0.25, 0.75], [0.5, 0.5]]))
    torch.testing.assert_close(weight, torch.ones(3))


def test_weights_count_with_their_samples() -> None:
    target = torch.eye(3)
    share, partner = torch.full((3,), 0.5), torch.tensor([1, 2, 0])
    found, weight = mixed_answers(target, torch.tensor([2.0, 0.0, 0.0]), share, partner)
    # The first counts twice; the second in no mixture but that it lends its pixels to the first.
    torch.testing.assert_close(weight, torch.tensor([1.0, 0.0, 1.0]))
    torch.testing.assert_close(found[0], torch.tensor([1.0, 0.0, 0.0]))
    torch.testing.assert_close(found[1], torch.tensor([0.0, 1.0, 0.0]))
    torch.testing.assert_close(found[2], torch.tensor([1.0, 0.0, 0.0]))
    # Of the cross-entropy, each target has its own share times its own weight.
    logs = torch.randn(3, 3).log_softmax(-1)
    whole = -weight * (found * logs).sum(-1)
    torch.testing.assert_close(whole.sum(), -(logs[0, 0] + logs[2, 0]))
