"""Alterations of clips, by which stability is measured (B28)."""

from __future__ import annotations

import pytest
import torch

from ferkit.contracts.data import Clips
from ferkit.data.alterations import ALTERATIONS, DROPPED, LIGHT
from ferkit.data.augment import clean_view

SIDE = 24


def clips(n: int = 6, t: int = 4, r: int = 2) -> Clips:
    generator = torch.Generator().manual_seed(0)
    frames = torch.randint(0, 256, (n, t, r, 3, SIDE, SIDE), generator=generator).to(torch.uint8)
    valid = torch.arange(t) < torch.tensor([[1], [2], [3], [4], [4], [4]])[:n]
    return Clips(frames, valid[..., None].expand(-1, -1, r).clone())


KEYS = torch.tensor([5, -7, 11, 2**40, 0, 3])


@pytest.mark.parametrize("name", ALTERATIONS)
def test_what_a_clip_becomes_depends_on_seed_and_key_alone(name: str) -> None:
    given = clips()
    alter = ALTERATIONS[name].alter
    before = given.frames.clone()
    whole = alter(given, 1, KEYS)
    assert whole.frames.shape == given.frames.shape
    assert whole.frames.dtype == torch.float32
    assert 0 <= float(whole.frames.min()) <= float(whole.frames.max()) <= 1
    assert torch.equal(given.frames, before)
    order = torch.tensor([4, 0, 2])
    some = alter(Clips(given.frames[order], given.valid[order]), 1, KEYS[order])
    assert torch.allclose(some.frames, whole.frames[order], atol=1e-6)
    assert torch.equal(some.valid, whole.valid[order])
    again = alter(given, 1, KEYS)
    assert torch.equal(again.frames, whole.frames)
    if name not in ("blur", "flip"):
        other = alter(given, 2, KEYS)
        assert not (
            torch.equal(other.frames, whole.frames) and torch.equal(other.valid, whole.valid)
        )


@pytest.mark.parametrize("name", [name for name, one in ALTERATIONS.items() if not one.of_clips])
def test_frames_and_regions_are_altered_alike(name: str) -> None:
    one = clips(6, 1, 1).frames
    alike = Clips(one.expand(6, 3, 2, 3, SIDE, SIDE), torch.ones(6, 3, 2, dtype=torch.bool))
    made = ALTERATIONS[name].alter(alike, 0, KEYS)
    assert torch.allclose(made.frames, made.frames[:, :1, :1].expand_as(made.frames), atol=1e-6)
    assert torch.equal(made.valid, alike.valid)
    changed = (made.frames - clean_view(alike).frames).abs().flatten(1).amax(1) > 0.01
    assert changed.sum() >= 5


def test_flip_is_a_mirror_image() -> None:
    made = ALTERATIONS["flip"].alter(clips(), 0, KEYS)
    assert torch.equal(made.frames, clean_view(clips()).frames.flip(-1))


def test_light_changes_within_its_range() -> None:
    grey = Clips(torch.full((200, 1, 1, 3, 4, 4), 0.5), torch.ones(200, 1, 1, dtype=torch.bool))
    made = ALTERATIONS["brightness"].alter(grey, 0, torch.arange(200)).frames[:, 0, 0, 0, 0, 0]
    assert float(made.min()) == pytest.approx(0.5 * (1 - LIGHT), abs=0.02)
    assert float(made.max()) == pytest.approx(0.5 * (1 + LIGHT), abs=0.02)


def test_blur_keeps_the_mean_and_flat_images() -> None:
    flat = Clips(torch.full((2, 1, 1, 3, 16, 16), 0.3), torch.ones(2, 1, 1, dtype=torch.bool))
    assert torch.allclose(ALTERATIONS["blur"].alter(flat, 0, KEYS[:2]).frames, flat.frames)
    noise = Clips(torch.rand(6, 1, 1, 3, 50, 50), torch.ones(6, 1, 1, dtype=torch.bool))
    soft = ALTERATIONS["blur"].alter(noise, 0, KEYS).frames
    assert float(soft.std()) < 0.5 * float(noise.frames.std())


def test_dropped_frames_leave_one_of_each_clip() -> None:
    many = Clips(torch.zeros(400, 5, 1, 3, 2, 2), torch.ones(400, 5, 1, dtype=torch.bool))
    many.valid[:100, 1:] = False
    many.valid[0] = False  # a clip without a frame stays one
    made = ALTERATIONS["frames dropped"].alter(many, 0, torch.arange(400))
    assert not (made.valid & ~many.valid).any()
    assert made.valid[1:].any(2).any(1).all()
    assert torch.equal(made.valid[:100], many.valid[:100])
    left_out = 1 - float(made.valid[100:].float().mean())
    assert left_out == pytest.approx(DROPPED, abs=0.03)
