"""Distribution alignment, against hand-worked numbers and plain loops."""

from __future__ import annotations

import pytest
import torch
from ferkit_alignment.distribution_alignment import make_distribution_alignment
from ferkit_alignment.params import DistributionAlignmentParams
from ferkit_basics.confidence import ConfidenceWeighting
from ferkit_basics.hard import HardTargets
from ferkit_fixmatch.loop import make_fixmatch
from ferkit_fixmatch.params import FixMatchParams
from torch.nn.functional import cross_entropy

from ferkit.contracts.policies import Beliefs, Progress
from ferkit.errors import FerkitError
from ferkit.plugin import Context
from ferkit.testing.given_step import given_step
from ferkit.training.job import PolicyChain

AT = Progress("phase", 0, 0, 1, 0, 100, ())


def made(**params):
    return make_distribution_alignment(DistributionAlignmentParams(**params), Context())


def believed(probs, *, given=None, targets=None, labelled=None) -> Beliefs:
    probs = torch.tensor(probs) if isinstance(probs, list) else probs
    ids = torch.arange(len(probs))
    given_probs = probs * 0 if given is None else torch.tensor(given)
    targets = probs if targets is None else torch.tensor(targets)
    return Beliefs(ids, ids * 0 - 1, given_probs, probs, targets, probs[:, 0], labelled=labelled)


@pytest.mark.parametrize("to", ["uniform", "labelled", (6, 2, 2)])
def test_steps_equal_the_equations(to) -> None:
    """FixMatch on aligned predictions: targets and the threshold are of these."""
    count, classes, momentum = 8, 3, 0.7
    update = made(to=to, momentum=momentum)
    chain = PolicyChain([update, HardTargets()], [ConfidenceWeighting(0.6)])
    loop = make_fixmatch(FixMatchParams(), Context())
    generator = torch.Generator().manual_seed(6)
    predicted: list[float] | None = None
    seen = [0, 0, 0]
    relabelled = partly = 0
    for _ in range(6):
        weak_logits = torch.randn(count, classes, generator=generator)
        weak_logits[:, 1] += 1
        logits = {
            "labelled.weak": torch.randn(4, classes, generator=generator),
            "unlabelled.weak": weak_logits,
            "unlabelled.strong": torch.randn(count, classes, generator=generator),
        }
        given = torch.randint(0, classes, (4,), generator=generator)
        found = given_step(loop, given=given, logits=logits, unlabelled=chain)
        weak = weak_logits.softmax(-1).tolist()
        batch = [sum(one[k] for one in weak) / count for k in range(classes)]
        predicted = [
            momentum * old + (1 - momentum) * new
            for old, new in zip(predicted or batch, batch, strict=True)
        ]
        for label in given.tolist():
            seen[label] += 1
        if to == "uniform":
            wanted = [1 / 3] * 3
        else:
            wanted = [n / sum(seen) for n in seen] if to == "labelled" else [0.6, 0.2, 0.2]
        expected, used = cross_entropy(logits["labelled.weak"], given).item(), 0
        for i, one in enumerate(weak):
            scaled = [
                p * (q + 1e-6) / (m + 1e-6) for p, q, m in zip(one, wanted, predicted, strict=True)
            ]
            scaled = [each / sum(scaled) for each in scaled]
            label = scaled.index(max(scaled))
            relabelled += label != one.index(max(one))
            if max(scaled) >= 0.6:
                used += 1
                answer = logits["unlabelled.strong"][i][None]
                expected += cross_entropy(answer, torch.tensor([label])).item() / count
        partly += 0 < used < count
        assert found.loss.item() == pytest.approx(expected, abs=1e-6)
    assert relabelled
    assert partly


def test_one_step_by_hand() -> None:
    update = made(to="uniform")
    said = update.update(believed([[0.6, 0.4], [0.9, 0.1]]), AT)  # mean (.75, .25)
    assert said.target[0].tolist() == pytest.approx([1 / 3, 2 / 3], abs=1e-5)
    assert said.target[1].tolist() == pytest.approx([0.75, 0.25], abs=1e-5)
    assert torch.equal(said.target, said.probs)
    told = {name: float(value) for name, value in update.scalars().items()}
    assert told == pytest.approx({"off": 0.25, "relabelled": 0.5})


def test_what_an_update_before_it_said_is_aligned_too() -> None:
    update = made(to="uniform")
    said = update.update(believed([[0.6, 0.4], [0.9, 0.1]], targets=[[0.8, 0.2], [1.0, 0.0]]), AT)
    assert said.target[0].tolist() == pytest.approx([4 / 7, 3 / 7], abs=1e-5)
    assert said.target[1].tolist() == [1, 0]
    assert said.probs[0].tolist() == pytest.approx([1 / 3, 2 / 3], abs=1e-5)


def test_without_a_labelled_sample_nothing_is_aligned() -> None:
    update = made(to="labelled")
    probs = [[0.6, 0.4], [0.9, 0.1]]
    said = update.update(believed(probs), AT)
    torch.testing.assert_close(said.target, torch.tensor(probs))
    labelled = believed(probs, given=[[1.0, 0.0], [0.5, 0.5]])  # votes count as they are
    update.update(believed(probs, labelled=labelled), AT)
    assert update.state_dict()["given"].tolist() == [1.5, 0.5]


def test_an_empty_step() -> None:
    update = made(to="uniform")
    said = update.update(believed(torch.zeros(0, 3)), AT)
    assert said.target.shape == (0, 3)


def test_frequencies_that_make_no_sense_are_refused() -> None:
    params = DistributionAlignmentParams(to=(1, 2))
    context = Context(classes=("a", "b", "c"))
    with pytest.raises(FerkitError, match="2 frequencies for 3 classes"):
        make_distribution_alignment(params, context)
    with pytest.raises(FerkitError, match="no class has a frequency above 0"):
        made(to=(0, 0))


def test_goes_on_where_it_was() -> None:
    first, second = made(momentum=0.7), made(momentum=0.7)
    assert second.state_dict() == {}
    generator = torch.Generator().manual_seed(0)
    probs = torch.randn(6, 3, generator=generator).softmax(-1)
    labelled = believed(probs, given=[[1.0, 0, 0], [0, 1, 0]] * 3)
    first.update(believed(probs, labelled=labelled), AT)
    second.load_state_dict(first.state_dict())
    later = torch.randn(6, 3, generator=generator).softmax(-1)
    one, other = (each.update(believed(later), AT).target for each in (first, second))
    assert torch.equal(one, other)
