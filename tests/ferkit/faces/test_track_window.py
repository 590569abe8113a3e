"""Windows around faces: where they lie, what they show, and the way back to the frame."""

from __future__ import annotations

import pytest
import torch

from ferkit.contracts.faces import Faces
from ferkit.faces.window import Window, cut_window, in_frame, place_window


def faces(*boxes: tuple[float, float, float, float]) -> Faces:
    box_xyxy = torch.tensor(boxes).reshape(-1, 4)
    return Faces(box_xyxy, box_xyxy[:, None, :2].repeat(1, 5, 1), torch.ones(len(boxes)))


def test_a_small_face_is_shown_as_it_is_with_its_margin() -> None:
    window = place_window((100, 50, 120, 80), grow=0.5, face_px=48, height=480, width=640)
    # The longer side is 30, with half of it on both sides 60, in steps of eight 64.
    assert (window.width, window.height) == (window.shown_width, window.shown_height) == (64, 64)
    # The middle pixel is (110, 65) in both: 78 and 141 are as far from it as can be.
    assert (window.left, window.top) == (78, 34)


def test_a_large_face_is_shrunk_to_the_asked_size() -> None:
    window = place_window((100, 100, 292, 292), grow=0.5, face_px=48, height=900, width=900)
    assert (window.shown_width, window.shown_height) == (96, 96)
    assert (window.width, window.height) == (384, 384)  # 192 / 48 = 4 times as large


@pytest.mark.parametrize(
    ("box", "corner"),
    [((-10, -10, 10, 10), (0, 0)), ((90, 60, 110, 80), (60, 40)), ((400, 400, 420, 420), (60, 40))],
)
def test_windows_are_pushed_into_the_frame(
    box: tuple[float, float, float, float], corner: tuple[int, int]
) -> None:
    window = place_window(box, grow=0.5, face_px=48, height=80, width=100)
    assert window == Window(*corner, 40, 40, 40, 40)


def test_a_window_is_no_larger_than_the_frame() -> None:
    window = place_window((0, 0, 100, 9), grow=1, face_px=50, height=10, width=100)
    assert (window.left, window.top, window.width, window.height) == (0, 0, 100, 10)
    assert (window.shown_width, window.shown_height) == (50, 5)
    tiny = place_window((0, 0, 0, 0), grow=0.5, face_px=48, height=1, width=1)
    assert tiny == Window(0, 0, 1, 1, 1, 1)


def test_a_shrunk_window_shows_means_over_areas() -> None:
    frame = torch.arange(3 * 6 * 8, dtype=torch.uint8).reshape(3, 6, 8)
    shown = cut_window(
        frame, Window(left=2, top=1, width=4, height=4, shown_width=2, shown_height=2)
    )
    assert shown.dtype == torch.uint8
    # Each shown pixel weighs three along both axes by 3/7, 3/7, 1/7, the nearest ones first: so
    # its middle is 5/7 from the window's side, where one pixel is 1 across and 8 down.
    expected = torch.tensor([[10 + 45 / 7, 10 + 16 / 7 + 40 / 7], [10 + 19.0, 10 + 144 / 7]])
    assert (shown[0] - expected).abs().max() < 1
    assert (shown[1].int() - shown[0].int()).tolist() == [[48, 48], [48, 48]]


@pytest.mark.gpu
def test_windows_are_the_same_on_a_gpu() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no GPU")
    frame = torch.randint(0, 256, (3, 90, 120), generator=torch.manual_seed(0)).to(torch.uint8)
    window = Window(left=5, top=7, width=80, height=60, shown_width=40, shown_height=30)
    here, there = cut_window(frame, window), cut_window(frame.cuda(), window)
    assert there.device.type == "cuda"
    assert (here.int() - there.cpu().int()).abs().max() <= 1


def test_pixel_centres_go_back_to_where_they_are() -> None:
    # A window of 8 x 8 pixels at (10, 20), shown as 4 x 4: pixel (1, 1) of it shows (12, 22) and
    # (13, 23), whose middle is (12.5, 22.5).
    window = Window(left=10, top=20, width=8, height=8, shown_width=4, shown_height=4)
    back = in_frame(faces((1.0, 1.0, 2.0, 2.0)), window, height=100, width=100)
    assert back.box_xyxy.tolist() == [[12.5, 22.5, 14.5, 24.5]]
    assert back.landmarks[0].tolist() == [[12.5, 22.5]] * 5


def test_faces_cut_by_a_side_of_the_window_are_left_out() -> None:
    cut = [(0.0, 5.0, 9.0, 9.0), (5.0, 0.0, 9.0, 9.0), (5.0, 5.0, 19.0, 9.0), (5.0, 5.0, 9.0, 19.0)]
    window = Window(left=10, top=10, width=20, height=20, shown_width=20, shown_height=20)
    inside = in_frame(faces(*cut, (1.0, 1.0, 18.0, 18.0)), window, height=50, width=50)
    assert inside.box_xyxy.tolist() == [[11, 11, 28, 28]]


def test_faces_cut_by_the_frame_itself_are_kept() -> None:
    window = Window(left=0, top=0, width=20, height=20, shown_width=20, shown_height=20)
    whole = faces((-2.0, 0.0, 9.0, 9.0), (5.0, 5.0, 19.0, 20.0))
    assert len(in_frame(whole, window, height=20, width=20).score) == 2
    assert len(in_frame(whole, window, height=21, width=20).score) == 1


def test_no_faces_stay_no_faces() -> None:
    window = Window(left=5, top=5, width=20, height=20, shown_width=10, shown_height=10)
    none = in_frame(faces(), window, height=50, width=50)
    assert none.box_xyxy.shape == (0, 4)
    assert none.landmarks.shape == (0, 5, 2)
