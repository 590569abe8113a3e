"""One split as the trainer sees it, and reading it ahead of the training step."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ferkit.contracts.data import Clips, ClipSource, Sample

Order = TypeVar("Order")
Loaded = TypeVar("Loaded")


@dataclass(frozen=True)
class SplitData:
    """The samples of a split, by id: their position in it, 0 .. N-1.

    Args:
        samples: the rows, N of them.
        given: (N,) int64, the given label, -1 if none.
        given_probs: (N, K) float32, votes as a distribution, one-hot where there is only a
            label, zeros where nothing is given.
        truth: (N,) int64, the true label where it is known apart from the given one, else -1.
        read: (ids (n,) int64, frames or None for all) -> uint8 clips on the CPU.
    """

    samples: tuple[Sample, ...]
    given: Tensor
    given_probs: Tensor
    truth: Tensor
    read: Callable[[Tensor, int | None], Clips]

    def __len__(self) -> int:
        return len(self.samples)


def split_data(
    samples: Sequence[Sample], places: Sequence[tuple[ClipSource, int]], *, classes: int
) -> SplitData:
    """Join the rows of a split with where their crops lie.

    Args:
        samples: N rows; labels and votes are in the order of the run's classes.
        places: for each the source and the row in it; sources have the same regions and size.
        classes: K.
    Raises: ValueError: lengths, regions or sizes do not fit.
    """
    if len(samples) != len(places):
        raise ValueError(f"{len(samples)} samples for {len(places)} places")
    kinds = {(source.regions, source.image_size) for source, _ in places}
    if len(kinds) > 1:
        raise ValueError(f"sources differ in regions or size: {sorted(kinds)}")
    fixed = tuple(places)

    def read(ids: Tensor, frames: int | None = None) -> Clips:
        return read_clips([fixed[i] for i in ids.tolist()], frames)

    return SplitData(
        samples=tuple(samples),
        given=torch.tensor([sample.label for sample in samples], dtype=torch.int64),
        given_probs=given_distributions(samples, classes=classes),
        truth=torch.tensor([sample.truth for sample in samples], dtype=torch.int64),
        read=read,
    )


def given_distributions(samples: Sequence[Sample], *, classes: int) -> Tensor:
    """(N, K) float32: votes normalised, else the label one-hot, else zeros."""
    labels = torch.tensor([sample.label for sample in samples], dtype=torch.int64)
    probs = one_hot(labels.clamp(min=0), classes).float() * (labels >= 0)[:, None]
    for row, sample in enumerate(samples):
        if sample.votes is not None and sum(sample.votes) > 0:
            votes = torch.tensor(sample.votes, dtype=torch.float64)
            probs[row] = (votes / votes.sum()).float()
    return probs


def read_clips(places: Sequence[tuple[ClipSource, int]], frames: int | None = None) -> Clips:
    """Read clips from wherever they lie into one batch.

    Args:
        places: sources and rows in them, n > 0.
        frames: at most so many valid frames of each clip, evenly spaced; None takes all.
    Returns: uint8, in the order of `places`, padded at the end to the longest T among them.
    """
    by_source: dict[int, list[int]] = {}
    for position, (source, _) in enumerate(places):
        by_source.setdefault(id(source), []).append(position)
    parts: list[tuple[list[int], Clips]] = []
    for positions in by_source.values():
        source = places[positions[0]][0]
        clips = source.read([places[position][1] for position in positions])
        parts.append((positions, clips if frames is None else choose_frames(clips, frames)))
    if len(parts) == 1:
        return parts[0][1]
    length = max(clips.frames.shape[1] for _, clips in parts)
    first = parts[0][1]
    merged = Clips(
        first.frames.new_zeros(len(places), length, *first.frames.shape[2:]),
        first.valid.new_zeros(len(places), length, first.valid.shape[2]),
    )
    for positions, clips in parts:
        merged.frames[positions, : clips.frames.shape[1]] = clips.frames
        merged.valid[positions, : clips.frames.shape[1]] = clips.valid
    return merged


def choose_frames(clips: Clips, frames: int) -> Clips:
    """Take at most `frames` evenly spaced frames of each clip, of those with a valid region.

    The i-th of F out of V frames is number floor((i + 1/2) V / F): the middle of the i-th
    of F equal parts. A clip with fewer keeps all it has.

    Returns: clips with T = min(frames, the most valid frames among them), at least 1.
    """
    usable = clips.valid.any(2)  # (N, T)
    chosen, kept = chosen_frames(usable, frames)
    if chosen.shape[1] == clips.frames.shape[1]:
        return clips
    rows = torch.arange(len(chosen), device=chosen.device)[:, None]
    return Clips(clips.frames[rows, chosen], clips.valid[rows, chosen] & kept[..., None])


def chosen_frames(usable: Tensor, frames: int) -> tuple[Tensor, Tensor]:
    """Which frames `choose_frames` takes.

    Args:
        usable: (N, T) bool. frames: at most so many.
    Returns: (N, L) int64 positions, and (N, L) bool, False where a clip has fewer than L.
    """
    have = usable.sum(1)  # (N,)
    length = max(1, min(frames, int(have.max()))) if len(have) else 1
    # Usable frames first, each part in its order; then positions among the usable.
    order = torch.argsort((~usable).to(torch.uint8), dim=1, stable=True)
    slot = torch.arange(length, device=have.device)
    take = have.clamp(max=length)[:, None]
    spaced = (2 * slot + 1) * have[:, None] // (2 * take.clamp(min=1))
    return order.gather(1, spaced.clamp(max=usable.shape[1] - 1)), slot < take


def pinned(clips: Clips, device: torch.device | str) -> Clips:
    """Clips in page-locked memory where `device` is CUDA, so that copying need not wait.

    Call it in `load` of `prefetch`, and `clips.to(device, non_blocking=True)` where they are used.
    """
    if torch.device(device).type != "cuda":
        return clips
    return Clips(clips.frames.pin_memory(), clips.valid.pin_memory())


def prefetch(
    batches: Iterable[Order], load: Callable[[Order], Loaded], *, depth: int = 2
) -> Generator[Loaded, None, None]:
    """Load batches in a background thread, `depth` of them ahead.

    Orders are taken from `batches` by the calling thread, in order. An error in `load` is raised
    where its batch is due. However the iterator ends (to the end, an early `close`, an error,
    Ctrl-C), it waits for the load under way and leaves no thread behind.

    Raises: ValueError: depth is not positive.
    """
    if depth < 1:
        raise ValueError("depth must be at least 1")
    return _prefetch(iter(batches), load, depth)


def _prefetch(
    orders: Iterator[Order], load: Callable[[Order], Loaded], depth: int
) -> Generator[Loaded, None, None]:
    executor = ThreadPoolExecutor(1, thread_name_prefix="ferkit-prefetch")
    waiting: deque[Future[Loaded]] = deque()
    try:
        waiting.extend(executor.submit(load, order) for order in islice(orders, depth))
        while waiting:
            ready = waiting.popleft().result()
            waiting.extend(executor.submit(load, order) for order in islice(orders, 1))
            yield ready
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
