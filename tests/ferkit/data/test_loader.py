from __future__ import annotations

import threading
import time

import pytest
import torch

from ferkit.contracts.data import Clips, Sample
from ferkit.data.loader import choose_frames, pinned, prefetch, read_clips, split_data
from ferkit.data.tensor_clips import TensorClips


def numbered(n: int, t: int, start: int = 0, regions: int = 1) -> torch.Tensor:
    """Frames whose pixels all say `start` + 10 * row + frame number."""
    values = start + 10 * torch.arange(n)[:, None] + torch.arange(t)
    return values.to(torch.uint8)[:, :, None, None, None, None].expand(n, t, regions, 3, 2, 2)


def read_numbers(clips: Clips) -> list[list[int]]:
    return [
        [int(frame[0, 0, 0, 0]) for frame, ok in zip(row, valid, strict=True) if ok.any()]
        for row, valid in zip(clips.frames, clips.valid, strict=True)
    ]


def clips_of(lengths: list[int]) -> TensorClips:
    frames = numbered(len(lengths), max(lengths))
    valid = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    return TensorClips(frames, valid[..., None])


def test_rows_of_several_sources_come_in_the_order_asked_for() -> None:
    first, second = clips_of([2, 5]), TensorClips(numbered(2, 3, start=100))
    clips = read_clips([(second, 1), (first, 0), (second, 0), (first, 1), (second, 1)])
    assert clips.frames.shape[:3] == (5, 5, 1)
    assert read_numbers(clips) == [
        [110, 111, 112],
        [0, 1],
        [100, 101, 102],
        [10, 11, 12, 13, 14],
        [110, 111, 112],
    ]


def test_frames_are_evenly_spaced_middles_of_equal_parts() -> None:
    source = clips_of([10, 3, 1])
    clips = source.read([0, 1, 2])
    assert read_numbers(choose_frames(clips, 4)) == [[1, 3, 6, 8], [10, 11, 12], [20]]
    assert read_numbers(choose_frames(clips, 1)) == [[5], [11], [20]]
    assert read_numbers(choose_frames(clips, 99)) == read_numbers(clips)


def test_frames_without_a_region_are_not_chosen() -> None:
    valid = torch.tensor([[0, 1, 0, 1, 1, 0], [1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]]).bool()
    clips = TensorClips(numbered(3, 6), valid[..., None]).read([0, 1, 2])
    chosen = choose_frames(clips, 2)
    assert chosen.frames.shape[1] == 2
    assert read_numbers(chosen) == [[1, 4], [10], []]


def test_the_choice_of_frames_does_not_depend_on_the_batch() -> None:
    source = clips_of([9, 2, 6, 4])
    together = read_numbers(read_clips([(source, row) for row in range(4)], 5))
    alone = [read_numbers(read_clips([(source, row)], 5))[0] for row in range(4)]
    assert together == alone


def test_split_data_knows_labels_votes_and_truth() -> None:
    samples = [
        Sample("a", label=1, truth=2),
        Sample("b", label=0, votes=(1.0, 0.0, 3.0)),
        Sample("c"),
        Sample("d", label=2, votes=(0.0, 0.0, 0.0)),
    ]
    source = TensorClips(numbered(4, 1))
    split = split_data(samples, [(source, row) for row in (3, 2, 1, 0)], classes=3)
    assert len(split) == 4
    assert split.given.tolist() == [1, 0, -1, 2]
    assert split.truth.tolist() == [2, -1, -1, -1]
    assert split.given_probs.tolist() == [[0, 1, 0], [0.25, 0, 0.75], [0, 0, 0], [0, 0, 1]]
    assert read_numbers(split.read(torch.tensor([0, 0, 3]), None)) == [[30], [30], [0]]


def test_split_data_refuses_what_does_not_fit() -> None:
    source = TensorClips(numbered(2, 1))
    with pytest.raises(ValueError, match="2 samples for 1 places"):
        split_data([Sample("a"), Sample("b")], [(source, 0)], classes=2)
    other = TensorClips(numbered(2, 1, regions=2))
    with pytest.raises(ValueError, match="differ in regions"):
        split_data([Sample("a"), Sample("b")], [(source, 0), (other, 0)], classes=2)


def test_prefetch_keeps_the_order_and_loads_ahead() -> None:
    loaded: list[int] = []

    def load(order: int) -> int:
        loaded.append(order)
        return order * order

    batches = prefetch(range(6), load, depth=2)
    assert next(batches) == 0
    for _ in range(200):
        if loaded == [0, 1, 2]:
            break
        time.sleep(0.005)
    assert loaded == [0, 1, 2]  # one handed out, two ahead, not more
    assert list(batches) == [1, 4, 9, 16, 25]
    assert list(prefetch([], load)) == []


def threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("ferkit-prefetch")]


def test_an_error_is_raised_where_its_batch_is_due() -> None:
    def load(order: int) -> int:
        if order == 2:
            raise OSError("disk gone")
        return order

    batches = prefetch(range(5), load, depth=3)
    assert [next(batches), next(batches)] == [0, 1]
    with pytest.raises(OSError, match="disk gone"):
        next(batches)
    assert threads() == []


def test_stopping_early_leaves_no_thread() -> None:
    batches = prefetch(range(100), lambda order: order)
    next(batches)
    assert threads() == ["ferkit-prefetch_0"]
    batches.close()
    assert threads() == []


def test_an_interrupt_in_the_loop_leaves_no_thread() -> None:
    def loop() -> None:
        for order in prefetch(range(100), lambda order: order):
            if order == 3:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop()
    assert threads() == []


def test_prefetch_wants_a_depth() -> None:
    with pytest.raises(ValueError, match="depth"):
        prefetch([1], lambda order: order, depth=0)


def test_pinning_is_for_cuda_only() -> None:
    clips = clips_of([2]).read([0])
    assert pinned(clips, "cpu") is clips
