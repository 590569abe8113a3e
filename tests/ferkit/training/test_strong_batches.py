"""Loops that ask for the strong view get it."""

from __future__ import annotations

import pytest
import torch

from ferkit.contracts.data import Clips, Sample
from ferkit.contracts.training import BatchIds
from ferkit.data.keyed import text_key
from ferkit.data.loader import SplitData
from ferkit.data.randaugment import strong_view
from ferkit.errors import FerkitError
from ferkit.training.batches import BatchMaker, Piece, check_views, view_number
from ferkit.view_sections import AugmentationSection, StrongSection

FRAMES = torch.randint(
    0, 256, (4, 2, 1, 3, 9, 9), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)


def maker(views: tuple[str, ...], strong: StrongSection | None) -> BatchMaker:
    unknown = torch.full((4,), -1)

    def read(ids: torch.Tensor, frames: int | None) -> Clips:
        return Clips(FRAMES[ids], torch.ones(len(ids), 2, 1, dtype=torch.bool))

    data = SplitData((Sample(""),) * 4, unknown, torch.zeros(4, 3), unknown, read)
    return BatchMaker(
        {"labelled": data},
        {"labelled": views, "unlabelled": ()},
        augmentation=AugmentationSection(),
        strong=strong,
        frames=2,
        device=torch.device("cpu"),
        seed=7,
    )


def test_strong_views_are_made_and_are_independent() -> None:
    ids, section = torch.tensor([2, 0]), StrongSection()
    piece = Piece(BatchIds(ids, ids[:0]), 1.0, True)
    making = maker(("clean", "weak", "strong", "strong2"), section)
    [(_, batch)] = list(making.batches([piece], phase="student", epoch=3))
    views = batch.labelled.views
    expected = strong_view(
        Clips(FRAMES[ids], views["strong"].valid),
        settings=section,
        seed=text_key("7 student labelled"),
        epoch=3,
        ids=ids,
    )
    assert torch.equal(views["strong"].frames, expected.frames)
    for other in ("clean", "weak", "strong2"):
        assert not torch.allclose(views[other].frames, expected.frames, atol=0.05)


def test_a_sample_that_comes_again_is_seen_anew() -> None:
    ids = torch.tensor([1, 1, 1])
    keys = torch.tensor([1, 5, 9])
    making = maker(("clean", "weak", "strong"), StrongSection())

    def views(piece: Piece):
        [(_, batch)] = list(making.batches([piece], phase="student", epoch=3))
        assert torch.equal(batch.labelled.ids, ids)
        return batch.labelled.views

    anew = views(Piece(BatchIds(ids, ids[:0]), 1.0, True, BatchIds(keys, keys[:0])))
    same = views(Piece(BatchIds(ids, ids[:0]), 1.0, True))
    for name in ("weak", "strong"):
        assert torch.equal(same[name].frames[0], same[name].frames[1])
        assert torch.equal(anew[name].frames[0], same[name].frames[0])
        assert not torch.allclose(anew[name].frames[0], anew[name].frames[1], atol=0.02)
    assert torch.equal(anew["clean"].frames[0], anew["clean"].frames[1])


def test_numbers_of_views() -> None:
    assert view_number("strong") == 0
    assert view_number("strong3") == 3
    check_views({"labelled": ("strong",), "unlabelled": ("weak", "strong2")})
    for wrong in ("strongest", "strong-1", "Strong"):
        with pytest.raises(FerkitError, match=rf"no view '{wrong}'.*strong, strong2"):
            view_number(wrong)


def test_null_is_refused_only_where_a_loop_asks_for_the_view() -> None:
    maker(("clean", "weak"), None)
    with pytest.raises(FerkitError, match=r"training\.strong: it is null, and the loop asks"):
        maker(("strong",), None)
