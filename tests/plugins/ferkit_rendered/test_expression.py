"""Action units, intensity and the course of a clip."""

from __future__ import annotations

import torch
from ferkit_rendered.domains import DOMAINS
from ferkit_rendered.expression import ACTIONS, PROTOTYPES, envelope
from ferkit_rendered.keyed import Draws, sample_key

from ferkit.contracts.data import CLASSES


def test_prototypes_are_the_published_ones() -> None:
    assert {name: set(units) for name, units in PROTOTYPES.items()} == {
        "happy": {6, 12},
        "sad": {1, 4, 15},
        "surprise": {1, 2, 5, 26},
        "fear": {1, 2, 4, 5, 20, 26},
        "anger": {4, 5, 7, 23},
        "disgust": {9, 10, 15},
        "neutral": set(),
    }
    assert tuple(sorted(PROTOTYPES)) == CLASSES


def test_active_units_are_those_of_the_class(rendered) -> None:
    data = rendered(domain="lab", count=70, au_jitter=0, asymmetry=0)
    truth = data.frame_truth(range(70))
    for sample, units in zip(data.samples(), truth.actions[:, 0, :, 0], strict=True):
        # AU 25 (lips part) is random in every class.
        active = {u for u, a in zip(ACTIONS, units.tolist(), strict=True) if a > 0} - {25}
        assert active == set(PROTOTYPES[CLASSES[sample.truth]])
        for unit in active:
            at_peak = float(units[ACTIONS.index(unit)]) / sample.attributes["intensity"]
            assert 0.59 < at_peak < 1.0


def test_blends_add_the_units_of_the_second_emotion(rendered) -> None:
    data = rendered(domain="lab", count=70, au_jitter=0, asymmetry=0, blends=1)
    truth = data.frame_truth(range(70))
    for sample, units in zip(data.samples(), truth.actions[:, 0, :, 0], strict=True):
        if CLASSES[sample.truth] == "neutral":
            continue
        active = {u for u, a in zip(ACTIONS, units.tolist(), strict=True) if a > 0} - {25}
        second = sample.attributes["second"]
        assert active == set(PROTOTYPES[CLASSES[sample.truth]]) | set(PROTOTYPES[second])
        assert 0.25 <= sample.attributes["second_share"] < 0.45


def test_the_sides_of_a_face_differ(rendered) -> None:
    actions = rendered(domain="wild", count=70).frame_truth(range(70)).actions
    moved = actions.amax(-1) > 0.2
    difference = (actions[..., 0] - actions[..., 1]).abs()[moved]
    assert float(difference.median()) > 0.02
    even = rendered(domain="wild", count=7, asymmetry=0).frame_truth(range(7)).actions
    assert torch.equal(even[..., 0], even[..., 1])


def test_intensity_fills_its_range_and_is_nil_for_neutral_faces(rendered) -> None:
    data = rendered(domain="wild", count=1400)
    peaks = [s.attributes["intensity"] for s in data.samples() if CLASSES[s.truth] != "neutral"]
    least = DOMAINS["wild"].least_intensity
    assert least <= min(peaks) < least + 0.01
    assert 0.99 < max(peaks) <= 1
    neutral = [s.attributes["intensity"] for s in data.samples() if CLASSES[s.truth] == "neutral"]
    assert set(neutral) == {0.0}


def test_a_clip_shows_nothing_then_the_apex_then_nothing() -> None:
    for length in (5, 8, 30):
        keys = sample_key(2, torch.arange(200))
        course = torch.stack(
            [envelope(Draws(keys), torch.full((200,), float(t)), length) for t in range(length)], 1
        )
        assert bool((course.amax(1) == 1).all())
        assert float(course[:, 0].mean()) < 0.2
        assert float(course[:, -1].mean()) < 0.2
        top = course.argmax(1)
        for row, peak in zip(course, top.tolist(), strict=True):
            assert bool((row[: peak + 1].diff() >= 0).all())
            assert bool((row[peak:].diff() <= 0).all())
        if length == 30:
            assert bool((course[:, 0] == 0).all())
            assert bool((course[:, -1] == 0).all())
    assert envelope(Draws(keys), torch.zeros(200), 1).tolist() == [1.0] * 200


def test_frames_of_nothing_have_no_intensity_and_clips_move(rendered) -> None:
    data = rendered(domain="wild", count=14, clip_length=24)
    truth = data.frame_truth(range(14))
    peaks = torch.tensor([s.attributes["intensity"] for s in data.samples()])
    assert bool((truth.intensity[:, 0] == 0).all())
    assert torch.allclose(truth.intensity.amax(1), peaks)
    span = truth.pose.amax(1) - truth.pose.amin(1)
    assert float(span.median()) > 1.0
    assert bool((truth.pose.diff(dim=1).abs() < 5.0).all())
    assert float((truth.exposure.amax(1) - truth.exposure.amin(1)).max()) == 0.0
