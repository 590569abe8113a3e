"""Following faces through toy videos: each person is a rectangle in a colour channel of his own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ferkit.contracts.faces import Faces, Sampling
from ferkit.faces.cuts import CELLS, thumbnail
from ferkit.faces.track import FaceTracker, TrackedFaces, Tracking
from ferkit.plugin import Context
from ferkit.sections import TrackingSection

HEIGHT, WIDTH = 240, 320
Box = tuple[float, float, float, float]


class ChannelDetector:
    """In each channel, the box of the bright pixels; red scores more than green, green than blue.

    Args:
        smallest: sides below are not seen, pixels.
        blind: numbers of calls that see nothing.
    """

    def __init__(self, *, smallest: float = 6, blind: Sequence[int] = ()) -> None:
        self.smallest = smallest
        self.blind = blind
        self.calls: list[list[tuple[int, int]]] = []  # sizes of the frames of each call

    @property
    def full(self) -> int:
        return sum(call.count((HEIGHT, WIDTH)) for call in self.calls)

    def detect(self, frames: Sequence[Tensor]) -> Sequence[Faces]:
        assert all(frame.dtype == torch.uint8 and frame.ndim == 3 for frame in frames)
        self.calls.append([(frame.shape[1], frame.shape[2]) for frame in frames])
        unseen = len(self.calls) - 1 in self.blind
        return [self._one(torch.zeros_like(one) if unseen else one) for one in frames]

    def _one(self, frame: Tensor) -> Faces:
        boxes, scores = [], []
        for channel, score in enumerate((0.99, 0.98, 0.97)):
            y, x = (frame[channel] > 127).nonzero(as_tuple=True)
            if not len(y):
                continue
            box = torch.stack([x.min(), y.min(), x.max(), y.max()]).float()
            if float((box[2:] - box[:2]).min()) + 1 >= self.smallest:
                boxes.append(box)
                scores.append(score)
        box_xyxy = torch.stack(boxes) if boxes else torch.zeros(0, 4)
        points = torch.tensor([(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)])
        extent = box_xyxy[:, None, 2:] - box_xyxy[:, None, :2]
        return Faces(box_xyxy, box_xyxy[:, None, :2] + points * extent, torch.tensor(scores))


class RefiningDetector(ChannelDetector):
    """Besides, finds the face of each box again where a fifth of its side is not exceeded.

    Args:
        confidence: factor of refined scores. drift: pixels that refined boxes are off.
    """

    def __init__(self, *, confidence: float = 1.0, drift: float = 0.0) -> None:
        super().__init__()
        self.confidence = confidence
        self.drift = drift
        self.refined: list[int] = []  # boxes of each call

    def refine(self, frames: Sequence[Tensor], boxes: Sequence[Tensor]) -> Sequence[Faces]:
        self.refined += [len(own) for own in boxes]
        answers = []
        for frame, own in zip(frames, boxes, strict=True):
            faces = self._one(frame)
            away = (faces.box_xyxy[:, None] - own).abs().amax(2)  # (faces, boxes)
            near = (away <= 0.2 * (own[:, 2] - own[:, 0])).any(1)
            box_xyxy = faces.box_xyxy[near] + self.drift
            answers.append(Faces(box_xyxy, faces.landmarks[near], faces.score[near]))
        return [own._replace(score=own.score * self.confidence) for own in answers]


def scene(
    *people: Box | None, height: int = HEIGHT, width: int = WIDTH, background: int = 10
) -> Tensor:
    """A frame with the centre x, y and sides w, h of the red, green and blue person."""
    frame = torch.full((3, height, width), background, dtype=torch.uint8)
    for channel, person in enumerate(people):
        if person is not None:
            x, y, w, h = person
            rows = slice(max(0, round(y - h / 2)), max(0, round(y + h / 2)))
            columns = slice(max(0, round(x - w / 2)), max(0, round(x + w / 2)))
            frame[channel, rows, columns] = 250
    return frame


def numbers_of(answers: Sequence[TrackedFaces], score: float) -> list[int | None]:
    """The number of one person, told by the score, in each frame; None where not found."""
    numbers: list[int | None] = []
    for answer in answers:
        own = (answer.faces.score - score).abs() < 1e-4
        assert int(own.sum()) <= 1
        numbers.append(int(answer.track[own]) if bool(own.any()) else None)
    return numbers


RED, GREEN, BLUE = 0.99, 0.98, 0.97
BOTH = pytest.mark.parametrize("tracking", [None, Tracking()])


def test_the_defaults_are_those_of_the_recipe() -> None:
    assert Tracking()._asdict() == TrackingSection().model_dump()


@BOTH
def test_no_frames_give_no_answers(tracking: Tracking | None) -> None:
    tracker = FaceTracker(ChannelDetector(), tracking)
    assert tracker.follow([]) == []
    assert tracker.detections == 0


def test_without_tracking_every_frame_is_detected_in_full_in_one_call() -> None:
    detector = ChannelDetector()
    tracker = FaceTracker(detector, None)
    answers = tracker.follow([scene((80 + 3 * t, 100, 30, 40)) for t in range(10)])
    assert detector.calls == [[(HEIGHT, WIDTH)] * 10]
    assert tracker.detections == 10
    assert numbers_of(answers, RED) == [0] * 10


def test_between_keyframes_the_detector_sees_windows_only() -> None:
    detector = ChannelDetector()
    tracker = FaceTracker(detector, Tracking(every=10))
    frames = [scene((80 + 3 * t, 120, 30, 40), (240 - 2 * t, 60, 24, 30)) for t in range(35)]
    answers = tracker.follow(frames)
    assert detector.full == tracker.detections == 4  # frames 0, 10, 20, 30
    windows = [size for call in detector.calls for size in call if size != (HEIGHT, WIDTH)]
    assert len(windows) == 2 * 31
    # 40 pixels and half of it on both sides; up to 8 more.
    assert max(max(size) for size in windows) <= 88
    assert numbers_of(answers, RED) == [0] * 35
    assert numbers_of(answers, GREEN) == [1] * 35
    whole = ChannelDetector().detect(frames)
    for answer, expected in zip(answers, whole, strict=True):
        # Nothing is shrunk here, so the very same boxes come back.
        assert torch.equal(answer.faces.box_xyxy, expected.box_xyxy)
        assert torch.allclose(answer.faces.landmarks, expected.landmarks, atol=1e-4)
        assert torch.equal(answer.faces.score, expected.score)


def test_a_large_face_is_shrunk_and_found_where_it_is() -> None:
    detector = ChannelDetector()
    tracker = FaceTracker(detector, Tracking())
    frames = [scene((500 + 5 * t, 400, 320, 400), height=800, width=1000) for t in range(8)]
    answers = tracker.follow(frames)
    assert tracker.detections == 1
    assert max(max(size) for call in detector.calls[1:] for size in call) <= 200
    for answer, expected in zip(answers, ChannelDetector().detect(frames), strict=True):
        assert torch.allclose(answer.faces.box_xyxy, expected.box_xyxy, atol=5)


@BOTH
def test_people_who_cross_keep_their_numbers(tracking: Tracking | None) -> None:
    frames = [
        scene((40 + 6 * t, 100, 30, 40), (280 - 6 * t, 106, 30, 40), (160, 200, 30, 40))
        for t in range(40)
    ]
    answers = FaceTracker(ChannelDetector(), tracking).follow(frames)
    assert {*numbers_of(answers, RED)} <= {0, None}
    assert {*numbers_of(answers, GREEN)} <= {1, None}
    assert numbers_of(answers, BLUE) == [2] * 40
    for score in (RED, GREEN):
        # Where the two cover each other, one of them may count as the other's double.
        assert numbers_of(answers, score).count(None) <= 5
        assert numbers_of(answers, score)[-1] is not None


@BOTH
def test_who_comes_after_someone_left_is_someone_else(tracking: Tracking | None) -> None:
    frames = [scene((60 - 4 * t, 100, 30, 40)) for t in range(20)]
    frames += [scene(None, (200, 80, 30, 40)) for _ in range(40)]
    answers = FaceTracker(ChannelDetector(), tracking).follow(frames)
    assert {*numbers_of(answers, RED)} == {0, None}
    assert {*numbers_of(answers, GREEN)} <= {1, None}
    assert numbers_of(answers, GREEN)[-1] == 1


@BOTH
def test_a_person_hidden_for_a_moment_is_picked_up_again(tracking: Tracking | None) -> None:
    at = [(80 + 2 * t, 100, 30, 40) for t in range(24)]
    frames = [scene(None if 8 <= t < 14 else at[t]) for t in range(24)]
    tracker = FaceTracker(ChannelDetector(), tracking)
    answers = tracker.follow(frames)
    assert numbers_of(answers, RED) == [0] * 8 + [None] * 6 + [0] * 10
    assert tracker.detections == (24 if tracking is None else 2)


@BOTH
def test_a_person_away_for_long_is_forgotten(tracking: Tracking | None) -> None:
    frames = [scene(None if 8 <= t < 60 else (80, 100, 30, 40)) for t in range(90)]
    numbers = numbers_of(FaceTracker(ChannelDetector(), tracking).follow(frames), RED)
    assert numbers[:8] == [0] * 8
    assert numbers[-1] == 1


def test_a_loss_is_answered_by_full_detection_in_the_same_frame() -> None:
    frames = [scene((60 if t < 7 else 240, 100, 30, 40)) for t in range(12)]
    detector = ChannelDetector()
    tracker = FaceTracker(detector, Tracking(every=100))
    answers = tracker.follow(frames)
    assert all(len(answer.track) == 1 for answer in answers)
    assert numbers_of(answers, RED) == [0] * 7 + [1] * 5  # too far to be the same person
    assert tracker.detections == detector.full == 2


def test_soon_after_a_full_detection_the_next_one_waits() -> None:
    frames = [scene((60 if t < 2 else 240, 100, 30, 40)) for t in range(12)]
    tracker = FaceTracker(ChannelDetector(), Tracking(every=100))
    answers = tracker.follow(frames)
    assert numbers_of(answers, RED) == [0] * 2 + [None] * 3 + [1] * 7  # detected in full: 0, 5
    assert tracker.detections == 2


def test_who_is_found_again_meanwhile_needs_no_full_detection() -> None:
    frames = [scene(None if 2 <= t < 4 else (60, 100, 30, 40)) for t in range(12)]
    tracker = FaceTracker(ChannelDetector(), Tracking(every=100))
    assert numbers_of(tracker.follow(frames), RED) == [0, 0, None, None, *[0] * 8]
    assert tracker.detections == 1


def test_a_face_that_its_window_missed_is_looked_for_around_it_first() -> None:
    # 25 pixels in a frame: out of the window of 40 + 2 * 20, within the wider one.
    frames = [scene((60 if t < 5 else 85, 100, 40, 40)) for t in range(10)]
    tracker = FaceTracker(ChannelDetector(), Tracking(every=100))
    assert numbers_of(tracker.follow(frames), RED) == [0] * 10
    assert tracker.detections == 1


def test_a_flickering_face_costs_one_full_detection_between_keyframes() -> None:
    frames = [scene(None if t % 3 == 2 else (80, 100, 30, 40)) for t in range(60)]
    tracker = FaceTracker(ChannelDetector(), Tracking(every=30))
    answers = tracker.follow(frames)
    assert numbers_of(answers, RED) == [None if t % 3 == 2 else 0 for t in range(60)]
    assert tracker.detections <= 4


@BOTH
def test_a_cut_ends_all_tracks(tracking: Tracking | None) -> None:
    frames = [scene((80, 100, 30, 40), background=10) for _ in range(6)]
    frames += [scene((80, 100, 30, 40), background=90) for _ in range(6)]
    tracker = FaceTracker(ChannelDetector(), tracking)
    answers = tracker.follow(frames)
    assert numbers_of(answers, RED) == [0] * 6 + [1] * 6
    assert tracker.detections == (12 if tracking is None else 2)


def test_how_much_of_a_change_is_a_cut_can_be_said() -> None:
    frames = [scene((80, 100, 30, 40), background=level) for level in (10, 90)]
    answers = FaceTracker(ChannelDetector(), Tracking(cut=0.5)).follow(frames)
    assert numbers_of(answers, RED) == [0, 0]


@BOTH
def test_frames_of_another_size_are_another_scene(tracking: Tracking | None) -> None:
    frames = [scene((80, 100, 30, 40)), scene((80, 100, 30, 40), width=300), torch.zeros(3, 1, 1)]
    frames = [frame.to(torch.uint8) for frame in frames]
    answers = FaceTracker(ChannelDetector(), tracking).follow(frames)
    assert [answer.track.tolist() for answer in answers] == [[0], [1], []]


def test_without_faces_only_keyframes_are_looked_at() -> None:
    detector = ChannelDetector()
    tracker = FaceTracker(detector, Tracking(every=5))
    answers = tracker.follow([scene() for _ in range(11)])
    assert [len(call) for call in detector.calls] == [1, 1, 1]
    for answer in answers:
        assert answer.faces.box_xyxy.shape == (0, 4)
        assert answer.faces.landmarks.shape == (0, 5, 2)
        assert answer.track.dtype == torch.int64
    assert tracker.detections == 3


def test_uncertain_faces_are_told_where_found_and_not_followed() -> None:
    detector = ChannelDetector()
    tracker = FaceTracker(detector, Tracking(every=10), certain=0.985)
    frames = [scene((80, 120, 40, 40), (240, 60, 40, 40))] * 12
    answers = tracker.follow(frames)
    assert [len(one.track) for one in answers] == [2, *[1] * 9, 2, 1]
    assert detector.full == 2
    assert all(len(call) == 1 for call in detector.calls)


def test_who_comes_is_noticed_at_the_next_keyframe() -> None:
    frames = [scene((80, 100, 30, 40), None if t < 7 else (220, 100, 30, 40)) for t in range(25)]
    answers = FaceTracker(ChannelDetector(), Tracking(every=10)).follow(frames)
    assert numbers_of(answers, GREEN) == [None] * 10 + [1] * 15


@BOTH
def test_faces_at_the_border_are_followed(tracking: Tracking | None) -> None:
    corner = [scene((max(0, 60 - 3 * t), max(0, 60 - 3 * t), 40, 40)) for t in range(30)]
    tracker = FaceTracker(ChannelDetector(), tracking)
    answers = tracker.follow(corner)
    assert numbers_of(answers, RED) == [0] * 30
    assert answers[-1].faces.box_xyxy.tolist() == [[0, 0, 19, 19]]
    assert tracker.detections == (30 if tracking is None else 2)


@pytest.mark.parametrize("factor", [1.15, 1 / 1.15])
def test_a_face_that_comes_or_goes_fast_is_followed(factor: float) -> None:
    start = 24 if factor > 1 else 160
    sides = [start * factor**t for t in range(14)]
    frames = [scene((160, 120, side, side)) for side in sides]
    answers = FaceTracker(ChannelDetector(), Tracking()).follow(frames)
    assert numbers_of(answers, RED) == [0] * 14
    for answer, side in zip(answers, sides, strict=True):
        box = answer.faces.box_xyxy[0]
        assert float(box[2] - box[0]) == pytest.approx(side, abs=5)


def test_a_detector_that_needs_larger_faces_gets_them_after_the_first_miss() -> None:
    detector = ChannelDetector(smallest=100)
    tracker = FaceTracker(detector, Tracking(every=1000))
    frames = [scene((400, 300, 200, 200), height=600, width=800) for _ in range(30)]
    answers = tracker.follow(frames)
    assert numbers_of(answers, RED) == [0] * 30
    assert tracker.detections <= 2


def test_a_face_is_never_counted_for_two_people() -> None:
    # Both windows show both people, and in the end one of them covers the other.
    frames = [scene((120, 100, 40, 40), (170 - 4 * t, 100, 40, 40)) for t in range(13)]
    frames += [scene(None, (120, 100, 40, 40)) for _ in range(20)]
    tracker = FaceTracker(ChannelDetector(), Tracking(every=100))
    answers = tracker.follow(frames)
    for answer in answers:
        assert len(set(answer.track.tolist())) == len(answer.track)
        boxes = answer.faces.box_xyxy.tolist()
        assert len({tuple(box) for box in boxes}) == len(boxes)
    assert all(len(answer.track) == 1 for answer in answers[13:])


@pytest.mark.parametrize("kind", [ChannelDetector, RefiningDetector])
@BOTH
@pytest.mark.parametrize("sizes", [[1], [2, 3], [7, 1, 1, 5], [13]])
def test_answers_do_not_depend_on_how_the_video_is_cut(
    tracking: Tracking | None, sizes: list[int], kind: type[ChannelDetector]
) -> None:
    frames = [
        scene(
            (40 + 6 * t, 100, 30, 40) if t % 11 != 10 else None,
            (280 - 6 * t, 110, 26, 36),
            (160, 200, 30 + t, 30 + t) if t > 12 else None,
            background=10 if t < 33 else 90,
        )
        for t in range(45)
    ]
    if tracking is not None:
        tracking = Tracking(every=9)
    whole = FaceTracker(kind(), tracking)
    at_once = whole.follow(frames)
    tracker = FaceTracker(kind(), tracking)
    in_pieces: list[TrackedFaces] = []
    while len(in_pieces) < len(frames):
        for size in sizes:
            in_pieces += tracker.follow(frames[len(in_pieces) : len(in_pieces) + size])
    assert tracker.detections == whole.detections
    for one, other in zip(at_once, in_pieces, strict=True):
        assert one.track.tolist() == other.track.tolist()
        for mine, theirs in zip(one.faces, other.faces, strict=True):
            assert torch.equal(mine, theirs)


def test_answers_come_in_descending_score() -> None:
    frames = [scene((220, 100, 30, 40), (60, 100, 30, 40), (140, 180, 30, 30))] * 6
    for answer in FaceTracker(ChannelDetector(), Tracking()).follow(frames):
        scores = answer.faces.score.tolist()
        assert len(scores) == 3
        assert all(first >= second for first, second in pairwise(scores))


def test_a_detector_that_refines_is_given_boxes_instead_of_windows() -> None:
    detector = RefiningDetector()
    tracker = FaceTracker(detector, Tracking(every=10))
    frames = [scene((80 + 3 * t, 120, 30, 40), (240 - 2 * t, 60, 24, 30)) for t in range(30)]
    answers = tracker.follow(frames)
    assert len(detector.calls) == detector.full == tracker.detections == 3
    assert detector.refined == [2] * 27
    assert numbers_of(answers, RED) == [0] * 30
    assert numbers_of(answers, GREEN) == [1] * 30
    for answer, expected in zip(answers, ChannelDetector().detect(frames), strict=True):
        assert torch.equal(answer.faces.box_xyxy, expected.box_xyxy)


def test_refined_faces_of_lower_score_are_searched_in_windows() -> None:
    detector = RefiningDetector(confidence=0.9, drift=3)
    frames = [scene((80 + t, 120, 30, 40)) for t in range(10)]
    answers = FaceTracker(detector, Tracking()).follow(frames)
    assert detector.full == 1
    assert len(detector.calls) == 10
    assert numbers_of(answers, RED) == [0] * 10  # scores of the search, not the refined ones
    for answer, expected in zip(answers, ChannelDetector().detect(frames), strict=True):
        assert torch.equal(answer.faces.box_xyxy, expected.box_xyxy)


def test_scores_that_sink_slowly_are_compared_with_the_last_search() -> None:
    detector = RefiningDetector()
    tracker = FaceTracker(detector, Tracking())
    for t in range(10):
        detector.confidence = 0.99**t
        tracker.follow([scene((80 + t, 120, 30, 40))])
    # 0.99 ** 5 is above 0.95, 0.99 ** 6 below.
    assert len(detector.calls) == 1 + 4


def test_refining_does_not_put_two_people_on_one_face() -> None:
    frames = [scene((120, 100, 40, 40), (170 - 4 * t, 100, 40, 40)) for t in range(13)]
    frames += [scene(None, (120, 100, 40, 40)) for _ in range(20)]
    answers = FaceTracker(RefiningDetector(), Tracking(every=100)).follow(frames)
    assert all(len(answer.track) == 1 for answer in answers[13:])


def test_a_thumbnail_is_grey_and_small_whatever_the_frame() -> None:
    frame = torch.zeros(3, 200, 300, dtype=torch.uint8)
    frame[0, :, 150:] = 255
    small = thumbnail(frame)
    assert small.shape == (CELLS, CELLS)
    assert torch.equal(small[:, : CELLS // 2], torch.zeros(CELLS, CELLS // 2))
    assert torch.allclose(small[:, CELLS // 2 :], torch.tensor(1 / 3))
    one = thumbnail(torch.full((3, 1, 1), 51, dtype=torch.uint8))
    assert torch.allclose(one, torch.full((CELLS, CELLS), 0.2))


def test_a_real_face_is_followed_as_full_detection_finds_it(real_data: Path) -> None:
    decord = pytest.importorskip("ferkit_decord.reader")
    mtcnn = pytest.importorskip("ferkit_mtcnn.detector")
    from ferkit_decord.params import DecordParams
    from ferkit_mtcnn.params import MtcnnParams

    reader = decord.DecordReader(DecordParams(), Context())
    chunk = next(reader.read(real_data / "videos" / "single_face.mp4", Sampling("even", 24)))
    detector = mtcnn.MtcnnDetector(MtcnnParams(), Context())
    tracker = FaceTracker(detector, Tracking(every=12))
    frames = list(chunk.frames)
    answers = tracker.follow(frames)
    assert tracker.detections == 2
    for answer, full in zip(answers, detector.detect(frames), strict=True):
        assert answer.track.tolist() == [0]
        eyes = full.landmarks[0, 1] - full.landmarks[0, 0]
        away = (answer.faces.landmarks[0] - full.landmarks[0]).norm(dim=1).mean()
        assert float(away / eyes.norm()) < 0.12
