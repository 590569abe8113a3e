"""The drawn face is where it says it is."""

from __future__ import annotations

import torch

from ferkit.testing import portrait, portrait_in


def test_eyes_are_dark_on_white_and_the_nose_is_light() -> None:
    drawn = portrait(200)
    assert drawn.frame.shape == (3, 200, 200)
    assert drawn.frame.dtype == torch.uint8
    assert drawn.landmarks[:2].tolist() == [[77.5, 91.5], [121.5, 91.5]]
    for x, y in drawn.landmarks[:2].round().int().tolist():
        assert int(drawn.frame[:, y, x].max()) < 70  # the iris
        assert int(drawn.frame[:, y, x + 10].min()) > 180  # the white beside it
    left, top, right, bottom = drawn.box_xyxy.tolist()
    assert left < 77.5 < 121.5 < right
    assert top < 91.5 < float(drawn.landmarks[3, 1]) < bottom


def test_it_is_shifted_into_a_larger_frame() -> None:
    inner, outer = portrait(60), portrait_in(100, 120, side=60, left=20, top=30)
    assert torch.equal(outer.frame[:, 30:90, 20:80], inner.frame)
    assert outer.frame[:, :30].unique().tolist() == [150]
    assert torch.equal(outer.landmarks, inner.landmarks + torch.tensor([20.0, 30.0]))
    assert torch.equal(outer.box_xyxy, inner.box_xyxy + torch.tensor([20.0, 30.0, 20.0, 30.0]))
