"""The strong view of clips (B17)."""

from __future__ import annotations

import pytest
import torch

from ferkit.contracts.data import Clips
from ferkit.data import randaugment
from ferkit.data.augment import clean_view, weak_view
from ferkit.data.randaugment import COLOURS, MOVES, strong_view
from ferkit.view_sections import OPERATIONS, AugmentationSection, StrongSection

EVERYTHING = StrongSection(operations=OPERATIONS, cutout=0.3)
H, W = 13, 17


def random_clips(n: int = 7, t: int = 2, r: int = 3, *, valid: bool = False) -> Clips:
    generator = torch.Generator().manual_seed(0)
    frames = torch.randint(0, 256, (n, t, r, 3, H, W), generator=generator).to(torch.uint8)
    used = torch.rand(n, t, r, generator=generator) > 0.3
    return Clips(frames, used | valid)


def made(clips: Clips, settings: StrongSection = EVERYTHING, **keys: object) -> torch.Tensor:
    """The strong view's frames, ids from 0."""
    ids = torch.arange(len(clips.frames))
    options = {"seed": 5, "epoch": 1, "ids": ids, "settings": settings, **keys}
    return strong_view(clips, **options).frames  # type: ignore[arg-type]


def test_every_operation_is_known() -> None:
    assert {*COLOURS, *MOVES, "identity"} == set(OPERATIONS)
    assert not set(COLOURS) & set(MOVES)


def test_frames_and_regions_of_a_clip_are_treated_alike() -> None:
    one = random_clips(20, 1, 1, valid=True).frames
    clips = Clips(one.expand(20, 3, 2, 3, H, W), torch.ones(20, 3, 2, dtype=torch.bool))
    view = made(clips)
    assert torch.equal(view, view[:, :1, :1].expand_as(view))
    changed = (view[:, 0, 0] - one[:, 0, 0].float() / 255).abs().flatten(1).amax(1) > 0.05
    assert int(changed.sum()) >= 18


def test_frames_may_draw_for_themselves_but_regions_never_do() -> None:
    one = random_clips(20, 1, 1, valid=True).frames
    clips = Clips(one.expand(20, 3, 2, 3, H, W), torch.ones(20, 3, 2, dtype=torch.bool))
    view = made(clips, EVERYTHING.model_copy(update={"per_frame": True}))
    assert torch.equal(view[:, :, 0], view[:, :, 1])
    same = (view[:, 0] == view[:, 1]).flatten(1).all(1)
    assert int(same.sum()) <= 2


def test_a_flip_moves_all_crops_alike() -> None:
    clips = random_clips(valid=True)
    view = made(clips, StrongSection(operations=("flip",), count=(1, 1)))
    assert torch.equal(view, clean_view(clips).frames.flip(-1))


def test_a_shift_is_the_same_fraction_of_each_crop() -> None:
    ramp = torch.arange(W, dtype=torch.uint8).expand(1, 2, 3, 3, H, W)
    clips = Clips(ramp, torch.ones(1, 2, 3, dtype=torch.bool))
    section = StrongSection(operations=("translate_x",), count=(1, 1), magnitude=(9, 9))
    view = made(clips, section) * 255
    shift = round(0.3 * W)
    right = torch.cat([torch.full((shift,), 127.5), torch.arange(W - shift).float()])
    left = torch.cat([torch.arange(shift, W).float(), torch.full((shift,), 127.5)])
    expected = right if float(view[0, 0, 0, 0, 0, 0]) > 100 else left
    assert torch.allclose(view, expected.expand_as(view), atol=1e-4)


@pytest.mark.parametrize("per_frame", [False, True])
@pytest.mark.parametrize("block", [1, 2000, 1 << 20])
def test_a_view_depends_on_its_keys_alone(
    block: int, per_frame: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips, ids = random_clips(), torch.tensor([11, 4, 7, 0, 9, 2, 40])
    section = EVERYTHING.model_copy(update={"per_frame": per_frame, "count": (3, 6)})
    whole = made(clips, section, ids=ids)
    monkeypatch.setattr(randaugment, "_CACHED", block)
    for rows in ([3], [5, 0], [1, 1, 4], [6, 5, 4, 3, 2, 1, 0]):
        part = Clips(clips.frames[rows], clips.valid[rows])
        torch.manual_seed(len(rows))
        assert torch.equal(made(part, section, ids=ids[rows]), whole[rows])
    for key in ({"epoch": 2}, {"view": 1}, {"seed": 6}, {"ids": ids + 1}):
        assert not torch.allclose(made(clips, section, **{"ids": ids, **key}), whole, atol=0.05)


def test_threads_and_the_length_of_the_batchs_longest_clip_change_nothing() -> None:
    clips = random_clips()
    whole = made(clips)
    longer = Clips(
        torch.cat([clips.frames, torch.zeros_like(clips.frames)], 1),
        torch.cat([clips.valid, torch.zeros_like(clips.valid)], 1),
    )
    assert torch.equal(made(longer)[:, :2], whole)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        assert torch.equal(made(clips), whole)
    finally:
        torch.set_num_threads(threads)


def test_the_order_of_the_draw_is_the_order_of_the_operations() -> None:
    from ferkit.data.randaugment import apply_operation
    from ferkit.data.randaugment_draws import draws_of

    clips, ids = random_clips(9, 1, 1, valid=True), torch.arange(9)
    section = StrongSection(operations=OPERATIONS, count=(3, 5))
    draws = draws_of(section, seed=5, epoch=1, ids=ids, view=0)
    view = made(clips, section)
    for row in range(9):
        image = clips.frames[row, 0].float() / 255
        for operation, amount in zip(draws.operation[:, row], draws.amount[:, row], strict=True):
            if operation >= 0:
                name = section.operations[int(operation)]
                image = apply_operation(name, image.clone(), amount[None])
        assert torch.equal(view[row, 0], image)


def test_what_is_not_valid_stays_untouched() -> None:
    clips = random_clips(30)
    view, clean = made(clips), clean_view(clips).frames
    assert torch.equal(view[~clips.valid], clean[~clips.valid])
    assert not torch.allclose(view[clips.valid], clean[clips.valid], atol=0.1)
    none = Clips(clips.frames, torch.zeros_like(clips.valid))
    assert torch.equal(made(none), clean)


def test_floats_are_taken_as_they_are_and_never_written_to() -> None:
    clips = random_clips()
    floats = clean_view(clips)
    before = floats.frames.clone()
    assert torch.equal(made(floats), made(clips))
    assert torch.equal(floats.frames, before)
    quiet = made(floats, StrongSection(probability=0))
    assert torch.equal(quiet, before)
    assert quiet.data_ptr() != floats.frames.data_ptr()


def test_weak_first_is_the_strong_view_of_a_weak_one_with_a_draw_of_its_own() -> None:
    clips, ids = random_clips(valid=True), torch.arange(7)
    weak = AugmentationSection(flip=1, zoom=0, shift=0, rotation=0)
    first = EVERYTHING.model_copy(update={"weak_first": True})
    mirrored = Clips(clips.frames.flip(-1), clips.valid)
    assert torch.equal(made(clips, first, weak=weak), made(mirrored))
    assert torch.equal(made(clips, first, weak=None), made(clips))
    assert torch.equal(made(clips, EVERYTHING, weak=weak), made(clips))
    quiet = StrongSection(probability=0, weak_first=True)
    usual = AugmentationSection()
    beside = weak_view(clips, settings=usual, seed=5, epoch=1, ids=ids).frames
    assert not torch.allclose(made(clips, quiet, weak=usual), beside, atol=0.05)


def test_no_clips_and_the_smallest_are_fine() -> None:
    clips = random_clips()
    none = Clips(clips.frames[:0], clips.valid[:0])
    assert made(none).shape == (0, 2, 3, 3, H, W)
    still = Clips(clips.frames[:, :1, :1, :, :1, :1], clips.valid[:, :1, :1])
    for per_frame in (False, True):
        view = made(still, EVERYTHING.model_copy(update={"per_frame": per_frame}))
        assert view.shape == (7, 1, 1, 3, 1, 1)
        assert view.isfinite().all()


def test_values_stay_in_range_and_carry_no_gradient() -> None:
    clips = clean_view(random_clips(60, valid=True))
    clips.frames.requires_grad_()
    view = made(clips, EVERYTHING.model_copy(update={"count": (6, 8)}))
    assert not view.requires_grad
    assert view.dtype == torch.float32
    assert view.is_contiguous()
    assert 0 <= float(view.min()) <= float(view.max()) <= 1


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_makes_the_same_view() -> None:
    clips = random_clips(20)
    on_gpu = Clips(clips.frames.cuda(), clips.valid)
    assert torch.allclose(made(on_gpu).cpu(), made(clips), atol=1e-3)
