"""Which box of a frame is which person's: hand-worked cases."""

from __future__ import annotations

import pytest

from ferkit.faces.linking import (
    PATIENCE,
    SLOWING,
    Linker,
    Track,
    affinity,
    centre_and_side,
    different_faces,
    overlap,
)


def test_overlap_is_intersection_over_union() -> None:
    assert overlap((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(50 / 150)
    assert overlap((0, 0, 10, 10), (0, 0, 10, 10)) == 1
    assert overlap((0, 0, 10, 10), (10, 0, 20, 10)) == 0
    assert overlap((0, 0, 0, 0), (0, 0, 0, 0)) == 0


def test_the_side_is_that_of_a_square_as_large() -> None:
    assert centre_and_side((0, 0, 4, 16)) == (2, 8, 8)
    assert centre_and_side((3, 3, 3, 3)) == (3, 3, 1)


def test_affinity_is_overlap_less_distance() -> None:
    assert affinity((0, 0, 10, 10), (0, 0, 10, 10)) == 1
    assert affinity((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3 - 0.5)
    assert affinity((0, 0, 10, 10), (10, 0, 20, 10)) == pytest.approx(-1)
    assert affinity((0, 0, 10, 10), (11, 0, 21, 10)) is None  # farther than its side
    assert affinity((0, 0, 10, 10), (-6, -6, 16, 16)) is None  # more than twice as large
    assert affinity((-6, -6, 16, 16), (0, 0, 10, 10)) is None


def test_of_boxes_that_overlap_by_half_the_best_is_kept() -> None:
    boxes = [(0.0, 0.0, 10.0, 10.0), (1.0, 0.0, 11.0, 10.0), (6.0, 0.0, 16.0, 10.0)]
    assert different_faces(boxes, [0.8, 0.9, 0.7]) == [1, 2]
    assert different_faces(boxes, [0.9, 0.8, 0.95]) == [2, 0]
    assert different_faces([], []) == []


def test_a_box_goes_on_as_it_went_and_comes_to_rest() -> None:
    track = Track(0, (0, 0, 10, 10), 0, 48.0)
    track.found((8, 0, 18, 10), 2)  # 4 pixels per frame; half of that is believed
    assert track.speed == (2, 0)
    assert track.predicted(3) == (10, 0, 20, 10)
    assert track.predicted(4)[0] == pytest.approx(8 + 2 + 2 * SLOWING)
    assert track.predicted(1000)[0] == pytest.approx(8 + 2 / (1 - SLOWING))


def test_the_best_fit_is_paired_first_and_each_once() -> None:
    linker = Linker()
    left = linker.start((0, 0, 10, 10), 0, face_px=48)
    right = linker.start((6, 0, 16, 10), 0, face_px=48)
    assert linker.pair([(5, 0, 15, 10)], 1) == {0: right}
    assert linker.pair([(5, 0, 15, 10), (1, 0, 11, 10)], 1) == {0: right, 1: left}
    assert linker.pair([(100, 0, 110, 10)], 1) == {}


def test_who_was_seen_last_goes_before_who_is_missing() -> None:
    linker = Linker()
    missing = linker.start((0, 0, 10, 10), 0, face_px=48)
    seen = linker.start((3, 0, 13, 10), 0, face_px=48)
    missing.missing = True
    # One pixel from the one and two from the other.
    assert linker.pair([(1, 0, 11, 10)], 1) == {0: seen}


def test_people_are_forgotten_and_their_numbers_are_not_used_again() -> None:
    linker = Linker()
    linker.start((0, 0, 10, 10), 0, face_px=48)
    linker.accept([], {}, PATIENCE)
    assert linker.tracks[0].missing
    linker.accept([], {}, PATIENCE + 1)
    assert linker.tracks == []
    assert linker.start((0, 0, 10, 10), PATIENCE + 2, face_px=48).number == 1
    linker.end_all()
    assert linker.start((0, 0, 10, 10), PATIENCE + 3, face_px=48).number == 2
