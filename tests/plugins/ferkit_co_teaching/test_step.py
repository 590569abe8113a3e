"""Co-teaching's step on given outputs, against algorithm 1 written out."""

from __future__ import annotations

import pytest
import torch
from ferkit_co_teaching.equations import kept_count, kept_share, smallest
from ferkit_co_teaching.loop import make_co_teaching
from ferkit_co_teaching.params import CoTeachingParams
from given_parts import GivenWeighting
from stopping import StoppingWeighting

from ferkit.contracts.policies import Progress
from ferkit.plugin import Context
from ferkit.testing.given_step import given_step
from ferkit.testing.tiny import tiny_job, tiny_split
from ferkit.training.job import PolicyChain
from ferkit.training.trainer import train

COUNT, CLASSES = 10, 4


def outputs(count: int = COUNT):
    generator = torch.Generator().manual_seed(4)
    first, second = (torch.randn(count, CLASSES, generator=generator) * 2 for _ in range(2))
    return first, second, torch.randint(0, CLASSES, (count,), generator=generator)


def step(first, second, given, *, epoch: int = 10, **more):
    return given_step(
        make_co_teaching(CoTeachingParams(forget_rate=0.3), Context()),
        given=given,
        logits={"labelled.weak": first},
        further=[{"labelled.weak": second}],
        progress=Progress("phase", 0, epoch, 30, epoch, 30, ()),
        **more,
    )


def entropies(logits: torch.Tensor, given: torch.Tensor) -> list[float]:
    said = logits.double().log_softmax(-1)
    return [-float(row[label]) for row, label in zip(said, given.tolist(), strict=True)]


def best(losses: list[float], count: int) -> list[int]:
    return sorted(range(len(losses)), key=lambda row: losses[row])[:count]


@pytest.mark.parametrize(("epoch", "kept"), [(0, 10), (5, 8), (10, 7), (20, 7)])
def test_equals_the_algorithm(epoch: int, kept: int) -> None:
    """R(T) is 1, 1 - .3 * .5, .7, .7, and of ten samples the whole part counts."""
    first, second, given = outputs()
    found = step(first, second, given, epoch=epoch)
    ours, theirs = entropies(first, given), entropies(second, given)
    by_first, by_second = best(ours, kept), best(theirs, kept)
    assert kept == 10 or by_first != by_second
    expected = [sum(ours[row] for row in by_second) / kept]
    expected += [sum(theirs[row] for row in by_first) / kept]
    assert abs(found.loss.item() - sum(expected)) < 1e-6
    assert abs(found.scalars["first_loss"].item() - expected[0]) < 1e-6
    assert abs(found.scalars["second_loss"].item() - expected[1]) < 1e-6
    assert found.scalars["kept"] == kept / 10
    alike = len(set(by_first) & set(by_second)) / kept
    assert abs(found.scalars["chosen_alike"].item() - alike) < 1e-6
    found.loss.backward()
    assert found.logits.grad.any(-1).nonzero().flatten().tolist() == sorted(by_second)
    assert found.further[0].grad.any(-1).nonzero().flatten().tolist() == sorted(by_first)


def test_weights_count_in_what_is_learnt_and_not_in_the_choice() -> None:
    first, second, given = outputs()
    weight, of_class = torch.linspace(0, 1.5, COUNT), torch.tensor([0.5, 1.0, 2.0, 0.25])
    scale = torch.linspace(0.5, 2, COUNT)
    found = step(
        first,
        second,
        given,
        labelled=PolicyChain([], [GivenWeighting(weight, scale)]),
        class_weight=of_class,
    )
    ours, theirs = entropies(scale[:, None] * first, given), entropies(second, given)
    factor = [float(weight[i]) * float(of_class[given[i]]) for i in range(COUNT)]
    expected = sum(factor[i] * ours[i] for i in best(theirs, 7)) / 7
    expected += sum(factor[i] * theirs[i] for i in best(ours, 7)) / 7
    assert abs(found.loss.item() - expected) < 1e-6


def test_schedules() -> None:
    def shares(exponent: float) -> list[float]:
        return [
            round(kept_share(epoch, forget_rate=0.4, gradual=4, exponent=exponent), 6)
            for epoch in (0, 1, 2, 4, 16, 17)
        ]

    assert shares(1.0) == [1.0, 0.9, 0.8, 0.6, 0.6, 0.6]
    assert shares(2.0) == [1.0, 0.9, 0.6, 0.6, 0.6, 0.6]
    assert shares(0.5) == [1.0, 0.9, round(1 - 0.1 * 2**0.5, 6), 0.8, 0.6, 0.6]


def test_counts() -> None:
    assert kept_count(1 - 0.71, 100) == 29  # 28.999999999999996
    assert kept_count(0.8, 9) == 7
    assert kept_count(0.1, 3) == kept_count(0.5, 1) == 1


def test_of_equal_losses_the_first() -> None:
    assert smallest(torch.tensor([1.0, 0.5, 0.5, 0.0]), 2).tolist() == [3, 1]
    assert smallest(torch.zeros(70), 3).tolist() == [0, 1, 2]


def test_one_sample_is_learnt_by_both() -> None:
    first, second, given = outputs(1)
    found = step(first, second, given)
    expected = entropies(first, given)[0] + entropies(second, given)[0]
    assert abs(found.loss.item() - expected) < 1e-6


@pytest.mark.parametrize(("views", "stop_at"), [("shared", 2), ("own", 5)])
def test_a_resumed_training_ends_alike(views: str, stop_at: int, tmp_path) -> None:
    """On padded clips; both networks go on as they were."""

    def job(folder, stop):
        params = CoTeachingParams(epochs=3, gradual=1, forget_rate=0.5, keep="last", views=views)
        return tiny_job(
            make_co_teaching(params, Context()),
            tmp_path / folder,
            labelled=tiny_split(9, frames=2),
            labelled_policies=PolicyChain((), (stop,)),
        )

    expected = train(job("whole", StoppingWeighting()))
    with pytest.raises(KeyboardInterrupt):
        train(job("stopped", StoppingWeighting(stop_at)))
    found = train(job("stopped", StoppingWeighting()), resume=True)
    assert torch.equal(found.model.head.weight, expected.model.head.weight)
    rows = [(row["first_loss"], row["second_loss"], row["kept"]) for row in expected.history]
    assert rows == [(row["first_loss"], row["second_loss"], row["kept"]) for row in found.history]
    assert rows[0][2] == 1
    assert rows[0][0] != rows[0][1]  # the networks start differently
    assert rows[1][2] < 0.6
