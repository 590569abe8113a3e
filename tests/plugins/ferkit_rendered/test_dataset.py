"""The data set: rows, pixels that depend on nothing but the sample, and the truth."""

from __future__ import annotations

import pytest
import torch
from ferkit_rendered import dataset as dataset_module
from ferkit_rendered import render as render_module
from ferkit_rendered.params import RenderedParams
from pydantic import ValidationError

from ferkit.contracts.data import CLASSES, DrawnDataset


def views(batch: int, length: int) -> torch.Tensor:
    """Two regions: a tilted half-size view and a corner at full size."""
    two = torch.tensor([[[0.4, 0.1, -10.0], [-0.1, 0.4, -3.0]], [[1.0, 0, -60], [0, 1.0, -50]]])
    return two.expand(batch, length, 2, 2, 3).contiguous()


def test_it_is_a_drawn_dataset(rendered) -> None:
    data = rendered(domain="lab", count=7)
    assert isinstance(data, DrawnDataset)
    assert data.classes == CLASSES
    assert data.frame_size == (160, 160)
    assert data.problems() == ()


@pytest.mark.parametrize("length", [1, 3])
def test_pixels_are_identical_whatever_the_batch_and_the_order(rendered, length: int) -> None:
    data = rendered(domain="hard", count=40, clip_length=length)
    count = 24 if length == 1 else 10
    rows, transforms = list(range(count)), views(count, length)
    size = 29  # not a multiple of any vector register
    whole = data.draw(rows, transforms, size)
    assert whole.shape == (count, length, 2, 3, size, size)
    assert whole.dtype == torch.uint8
    for batch in (1, 3, 17):
        stop = 6 if batch == 1 else count
        parts = [
            data.draw(rows[at : at + batch], transforms[at : at + batch], size)
            for at in range(0, stop, batch)
        ]
        assert torch.equal(torch.cat(parts), whole[: len(torch.cat(parts))])
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0))
    assert torch.equal(data.draw(order.tolist(), transforms, size), whole[order])


def test_pixels_are_identical_whatever_is_held_in_memory_at_a_time(rendered, monkeypatch) -> None:
    data = rendered(domain="wild", count=9, clip_length=3)
    whole, points = data.draw(range(9), views(9, 3), 20), data.landmarks(range(9))
    monkeypatch.setattr(dataset_module, "_BLOCK", 4)
    monkeypatch.setattr(render_module, "CHUNK_PIXELS", 3 * 20 * 20)
    assert torch.equal(data.draw(range(9), views(9, 3), 20), whole)
    assert torch.equal(data.landmarks(range(9)), points)


def test_a_sample_depends_on_seed_and_number_only(rendered) -> None:
    whole = rendered(domain="wild", count=30, frame_size=64)
    part = rendered(domain="wild", count=5, start=20, frame_size=64)
    assert torch.equal(part.draw(range(5)), whole.draw(range(20, 25)))
    assert torch.equal(part.landmarks(range(5)), whole.landmarks(range(20, 25)))
    assert part.samples() == whole.samples()[20:25]
    other = rendered(domain="wild", count=30, seed=1, frame_size=64)
    assert not torch.equal(other.draw(range(3)), whole.draw(range(3)))


def test_a_crop_is_drawn_where_the_frame_shows_it(rendered) -> None:
    data = rendered(domain="wild", count=6, blur=0, sensor_noise=0)
    rows = range(6)
    frame = data.draw(rows)[:, 0, 0]
    shift = torch.tensor([[1.0, 0, -40], [0, 1.0, -30]]).expand(6, 1, 1, 2, 3)
    crop = data.draw(rows, shift, 64)[:, 0, 0]
    inner = frame[:, :, 31:93, 41:103].int()
    assert int((crop[:, :, 1:-1, 1:-1].int() - inner).abs().max()) <= 1
    # At half the size a crop is close to the averaged frame, drawn without resampling.
    half = torch.tensor([[0.5, 0, -0.25], [0, 0.5, -0.25]]).expand(6, 1, 1, 2, 3)
    small = data.draw(rows, half, 80)[:, 0, 0].float()
    averaged = torch.nn.functional.avg_pool2d(frame.float(), 2)
    assert float((small - averaged).abs().mean()) < 2.5


def test_labels_noise_and_hidden_labels(rendered) -> None:
    noisy = rendered(domain="lab", count=700, noise=0.3, noise_kind="confusion")
    wrong = [s for s in noisy.samples() if s.label != s.truth]
    assert 0.24 < len(wrong) / 700 < 0.36
    assert all(CLASSES[s.label] == s.attributes["second"] for s in wrong)
    hidden = rendered(domain="lab", count=700, noise=0.3, labelled=False).samples()
    assert {s.label for s in hidden} == {-1}
    assert [s.truth for s in hidden] == [s.truth for s in noisy.samples()]


def test_rows_have_distinct_ids_and_subjects(rendered) -> None:
    rows = rendered(domain="lab", count=50, start=10).samples()
    assert len({s.id for s in rows}) == 50
    assert rows[0].id == "lab-seed0/0000010"
    assert len({s.subject for s in rows}) == 10
    assert rows[0].subject == "seed0-0000002"
    assert rows[0].attributes["domain"] == "lab"


def test_a_subject_keeps_face_and_changes_surroundings(rendered) -> None:
    data = rendered(domain="wild", count=10)
    who, back = data.scene(range(10)).who, data.scene(range(10)).backdrop
    assert torch.equal(who.skin[0], who.skin[4])
    assert not torch.equal(who.skin[4], who.skin[5])
    assert not torch.equal(back.wall[0], back.wall[1])


def test_fingerprint_follows_what_decides_pixels(rendered) -> None:
    one = rendered(domain="lab", count=7).fingerprint()
    same = rendered(domain="lab", count=8, start=3, noise=0.5, labelled=False)
    assert same.fingerprint() == one
    assert torch.equal(same.draw([0], size=None), rendered(domain="lab", count=7).draw([3]))
    assert rendered(domain="lab", count=7, yaw=1).fingerprint() != one


def test_frame_truth_has_a_value_for_every_frame(rendered) -> None:
    truth = rendered(domain="wild", count=4, clip_length=6).frame_truth([0, 3])
    assert truth.intensity.shape == (2, 6)
    assert truth.actions.shape == (2, 6, 14, 2)
    assert truth.pose.shape == (2, 6, 3)
    assert torch.allclose(truth.light.norm(dim=-1), torch.ones(2, 6), atol=1e-5)
    assert truth.exposure.shape == (2, 6)


def test_sensor_noise_is_new_in_every_frame(rendered) -> None:
    data = rendered(domain="lab", count=1, clip_length=4, sensor_noise=0.1, frame_size=64)
    corner = data.draw([0])[0, :, 0, :, :12, :12].float()  # the wall, which stands still
    noise = corner - corner.mean(0)
    pair = torch.stack([noise[0].flatten(), noise[1].flatten()])
    assert float(noise.std()) > 2
    assert float(torch.corrcoef(pair)[0, 1]) < 0.1


def test_nothing_outside_the_face_depends_on_the_class(rendered, monkeypatch) -> None:
    data = rendered(domain="hard", count=12, frame_size=72)
    rows = range(12)
    seen, hidden = [], []
    for name in ("surprise", "anger", "happy"):
        place = CLASSES.index(name)
        monkeypatch.setattr(
            dataset_module,
            "emotions",
            lambda seed, number, imbalance, place=place: torch.full_like(number, place),
        )
        seen.append(data.draw(rows))
        hidden.append(data.draw_variant(rows, hide_face=True))
    for other_seen, other_hidden in zip(seen[1:], hidden[1:], strict=True):
        assert not torch.equal(other_seen, seen[0])
        assert torch.equal(other_hidden, hidden[0])


def test_wrong_calls_are_refused(rendered) -> None:
    data = rendered(domain="lab", count=3)
    with pytest.raises(IndexError, match="rows must be in 0 to 2"):
        data.draw([3])
    with pytest.raises(ValueError, match="crops need a size"):
        data.draw([0], views(1, 1))
    with pytest.raises(ValueError, match=r"not \(2, 1, regions, 2, 3\)"):
        data.draw([0, 1], views(1, 1), 48)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"domain": "studio"}, "'lab', 'easy', 'wild' or 'hard'"),
        ({"yaw": 60}, "less than or equal to 25"),
        ({"nois": 0.1}, "Extra inputs are not permitted"),
        ({"count": 0}, "greater than or equal to 1"),
    ],
)
def test_wrong_parameters_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        RenderedParams.model_validate(settings)


def test_every_parameter_is_described() -> None:
    assert all(field.description for field in RenderedParams.model_fields.values())


def test_labels_may_say_who_it_is(rendered) -> None:
    faces = rendered(count=400, identities=5, target="subject", noise=0.1)
    assert faces.classes == tuple(f"person-0000{number}" for number in range(5))
    rows = faces.samples()
    assert {row.truth for row in rows} == {0, 1, 2, 3, 4}
    assert {row.subject for row in rows} == {""}  # each person belongs into every split
    wrong = sum(row.label != row.truth for row in rows)
    assert 20 < wrong < 60
    emotional = rendered(count=400, identities=5)
    assert [int(row.subject[-1]) for row in emotional.samples()] == [row.truth for row in rows]
    assert emotional.fingerprint() == faces.fingerprint()  # the pixels are the same


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"target": "subject"}, "needs 'identities'"),
        (
            {"target": "subject", "identities": 9, "noise": 0.1, "noise_kind": "confusion"},
            "is of emotions",
        ),
    ],
)
def test_people_need_a_number(rendered, settings: dict, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        rendered(**settings)
