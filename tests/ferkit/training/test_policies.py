"""Who is asked when, and what becomes of the answers."""

from __future__ import annotations

import pytest
import torch

from ferkit.contracts.policies import Progress, Targets, Weights
from ferkit.contracts.training import Prediction
from ferkit.errors import FerkitError, RunError
from ferkit.training.job import PolicyChain
from ferkit.training.policies import SplitPolicies

PROGRESS = Progress("phase", 0, 0, 1, 0, 1, ())
GIVEN = torch.tensor([0, 1, 1])
ONE_HOT = torch.eye(2)[GIVEN]
PROBS = torch.tensor([[0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])


class Towards:
    """Moves the target half way towards a class."""

    def __init__(self, every: str, target: int) -> None:
        self.every, self.told = every, []
        self.towards = torch.eye(2)[target]

    def update(self, beliefs, progress):
        self.told.append(beliefs)
        return Targets((beliefs.targets + self.towards) / 2)


class Constant:
    def __init__(self, every: str, weight: float, *, scale=None, penalty: float = 0.0) -> None:
        self.every, self.weight, self.scale, self.penalty = every, weight, scale, penalty
        self.asked = 0

    def weigh(self, beliefs, targets, progress):
        self.asked += 1
        weight = torch.full((len(targets),), self.weight)
        scale = None if self.scale is None else torch.full_like(weight, self.scale)
        return Weights(weight, torch.tensor(self.penalty), scale)


def policies(updates=(), weightings=(), *, split="labelled") -> SplitPolicies:
    labelled = split == "labelled"
    return SplitPolicies(
        split,
        PolicyChain(updates, weightings),
        given=GIVEN if labelled else torch.full((3,), -1),
        given_probs=ONE_HOT if labelled else torch.zeros(3, 2),
        device=torch.device("cpu"),
    )


def decide(made: SplitPolicies, ids=(2, 0), *, adaptive: bool = True):
    chosen = torch.tensor(ids)
    decision, _ = made.decide(
        chosen, probs=PROBS[chosen], student=None, progress=PROGRESS, adaptive=adaptive
    )
    return decision


def test_without_policies_the_given_labels_count_the_same() -> None:
    made = policies()
    made.begin(PROGRESS, adaptive=True)
    decision = decide(made)
    assert decision.target.tolist() == [[0, 1], [1, 0]]
    assert decision.weight.tolist() == [1, 1]
    assert decision.logit_scale is None
    assert decision.penalty.item() == 0


def test_updates_are_composed_in_order() -> None:
    first, second, third = Towards("start", 0), Towards("epoch", 1), Towards("step", 0)
    made = policies([first, second, third])
    made.begin(PROGRESS, adaptive=True)
    assert made.targets[1].tolist() == [0.5, 0.5]
    made.act(made.beliefs(PROBS), PROGRESS, {"epoch"})
    assert made.targets[1].tolist() == [0.25, 0.75]
    assert second.told[0].targets[1].tolist() == [0.5, 0.5]
    assert decide(made, [1]).target[0].tolist() == [0.625, 0.375]
    assert len(first.told) == 1


def test_an_update_that_does_not_act_keeps_its_answer() -> None:
    first, second = Towards("round", 0), Towards("epoch", 1)
    made = policies([first, second])
    made.begin(PROGRESS, adaptive=True)
    made.act(made.beliefs(PROBS), PROGRESS, {"round", "epoch"})
    made.act(made.beliefs(PROBS), PROGRESS, {"epoch"})
    assert [len(u.told) for u in (first, second)] == [1, 2]
    assert second.told[1].targets[1].tolist() == [0.5, 0.5]


def test_a_phase_that_is_not_adaptive_keeps_the_start_policies_alone() -> None:
    made = policies(
        [Towards("start", 0), Towards("epoch", 1), Towards("step", 1)],
        [Constant("start", 0.5), Constant("epoch", 0.1), Constant("step", 3.0)],
    )
    made.begin(PROGRESS, adaptive=True)
    made.act(made.beliefs(PROBS), PROGRESS, {"epoch"})
    made.begin(PROGRESS, adaptive=False)
    decision = decide(made, [1], adaptive=False)
    assert decision.target[0].tolist() == [0.5, 0.5]
    assert decision.weight.tolist() == [0.5]


def test_weights_and_scales_are_multiplied_and_step_penalties_added() -> None:
    made = policies(
        (),
        [
            Constant("start", 0.5, scale=2.0, penalty=100.0),
            Constant("epoch", 0.5),
            Constant("step", 3.0, scale=0.5, penalty=0.25),
            Constant("step", 1.0, penalty=0.5),
        ],
    )
    made.begin(PROGRESS, adaptive=True)
    made.act(made.beliefs(PROBS), PROGRESS, {"epoch"})
    decision = decide(made)
    assert decision.weight.tolist() == [0.75, 0.75]
    assert decision.logit_scale.tolist() == [1.0, 1.0]
    assert decision.penalty.item() == 0.75


def test_unlabelled_targets_are_predictions_and_start_updates_act_on_them() -> None:
    made = policies([Towards("start", 0)], split="unlabelled")
    made.begin(PROGRESS, adaptive=True)
    assert made.targets is None
    torch.testing.assert_close(decide(made, [1]).target[0], torch.tensor([0.65, 0.35]))
    made.act(made.beliefs(PROBS), PROGRESS, {"epoch"})
    torch.testing.assert_close(made.targets, (PROBS + torch.eye(2)[0]) / 2)
    plain = policies(split="unlabelled")
    plain.begin(PROGRESS, adaptive=True)
    plain.act(plain.beliefs(PROBS), PROGRESS, set())
    assert torch.equal(plain.targets, PROBS)


def test_seldom_after_often_is_refused() -> None:
    with pytest.raises(FerkitError, match=r"labelled\.label_updates.*every 'round'.*'epoch'"):
        policies([Towards("epoch", 0), Towards("start", 0), Towards("round", 0)])


def test_a_start_update_acts_again_on_what_those_before_it_say() -> None:
    for often in ("epoch", "step"):
        last = Towards("start", 0)
        made = policies([Towards(often, 1), last])
        made.begin(PROGRESS, adaptive=True)
        assert made.targets[1].tolist() == [0.5, 0.5]
        made.act(made.beliefs(PROBS), PROGRESS, {"epoch"})
        # (0, 1) half way to class 1 stays, then half way to class 0.
        assert decide(made, [1]).target[0].tolist() == [0.5, 0.5]
        assert decide(made, [0]).target[0].tolist() == [0.75, 0.25]
        assert decide(made, [0], adaptive=False).target[0].tolist() == (
            [0.75, 0.25] if often == "epoch" else [1.0, 0.0]
        )


def test_later_policies_see_the_predictions_that_an_update_aligned() -> None:
    aligned = torch.tensor([[0.1, 0.9]])

    class Aligning(Towards):
        def update(self, beliefs, progress):
            return Targets(super().update(beliefs, progress).target, aligned)

    class Asking(Constant):
        def weigh(self, beliefs, targets, progress):
            self.told = beliefs
            return super().weigh(beliefs, targets, progress)

    after, asking = Towards("step", 0), Asking("step", 1.0)
    made = policies([Aligning("step", 0), after], [asking], split="unlabelled")
    made.begin(PROGRESS, adaptive=True)
    decide(made, [1])
    assert torch.equal(after.told[0].probs, aligned)
    assert torch.equal(asking.told.probs, aligned)
    assert asking.told.total == 3


def test_scaled_logits_are_what_policies_see_and_the_loss_takes() -> None:
    class Doubling(Constant):
        def scale_logits(self, features):
            return features.sum(-1)

    seeing = Towards("step", 0)
    made = policies([seeing], [Doubling("step", 1.0)])
    made.begin(PROGRESS, adaptive=True)
    logits = torch.tensor([[0.0, 1.0], [2.0, 0.0]], requires_grad=True)
    features = torch.tensor([[2.0], [0.5]], requires_grad=True)
    student = Prediction(logits, features, torch.zeros(2))
    chosen = torch.tensor([0, 1])
    decision, beliefs = made.decide(
        chosen, probs="student", student=student, progress=PROGRESS, adaptive=True
    )
    scaled = torch.tensor([[0.0, 2.0], [1.0, 0.0]]).softmax(-1)
    torch.testing.assert_close(seeing.told[0].probs, scaled)
    assert not seeing.told[0].probs.requires_grad
    torch.testing.assert_close(beliefs.student_probs, scaled)
    assert decision.logit_scale.tolist() == [2.0, 0.5]
    assert decision.logit_scale.requires_grad
    plain, _ = made.decide(
        chosen, probs="student", student=student, progress=PROGRESS, adaptive=False
    )
    assert plain.logit_scale is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (torch.ones(3, 3) / 3, r"answered \(3, 3\), not \(3, 2\)"),
        (torch.ones(3, 2), "not distributions"),
        (torch.tensor([[2.0, -1.0]] * 3), "not distributions"),
        (torch.full((3, 2), float("nan")), "not distributions"),
    ],
)
def test_targets_that_are_none(answer, message) -> None:
    class Wrong:
        every = "start"

        def update(self, beliefs, progress):
            return Targets(answer)

    with pytest.raises(RunError, match=f"Wrong {message}|Wrong answered rows that are {message}"):
        policies([Wrong()]).begin(PROGRESS, adaptive=True)


def test_weights_that_are_none() -> None:
    with pytest.raises(RunError, match="Constant answered weights that are negative"):
        policies((), [Constant("start", -1.0)]).begin(PROGRESS, adaptive=True)


def test_tables_and_state_of_policies_come_back() -> None:
    class Counting(Constant):
        def __init__(self) -> None:
            super().__init__("epoch", 0.5, scale=2.0)
            self.count = torch.zeros(3)

        def weigh(self, beliefs, targets, progress):
            self.count += 1
            return super().weigh(beliefs, targets, progress)

        def state_dict(self):
            return {"count": self.count}

        def load_state_dict(self, state):
            self.count = state["count"]

    def made() -> SplitPolicies:
        return policies([Towards("start", 0), Towards("epoch", 1)], [Counting()])

    first = made()
    first.begin(PROGRESS, adaptive=True)
    first.act(first.beliefs(PROBS), PROGRESS, {"epoch"})
    second = made()
    second.load_state_dict({k: v.clone() for k, v in first.state_dict().items()})
    assert second.weightings[0].count.tolist() == [1, 1, 1]
    for name in ("targets", "weight", "scale"):
        assert torch.equal(getattr(first, name), getattr(second, name))
    assert [a.tolist() for a in second.answers] == [a.tolist() for a in first.answers]


def test_step_policies_are_told_what_the_student_says() -> None:
    student = Prediction(torch.randn(1, 2), torch.randn(1, 3), torch.zeros(1))
    update = Towards("step", 0)
    made = policies([update])
    made.begin(PROGRESS, adaptive=True)
    made.decide(
        torch.tensor([1]), probs=PROBS[1:2], student=student, progress=PROGRESS, adaptive=True
    )
    assert torch.equal(update.told[0].student_probs, student.logits.softmax(-1))
    assert update.told[0].student_features is student.features
    assert update.told[0].given.tolist() == [1]


def test_predictions_that_are_kept_serve_the_steps_of_the_phase() -> None:
    made = policies([Towards("step", 0)], split="unlabelled")
    made.begin(PROGRESS, adaptive=True)
    chosen = torch.tensor([2, 0])

    def ask():
        return made.decide(chosen, probs=None, student=None, progress=PROGRESS, adaptive=True)

    with pytest.raises(RunError, match="gives no predictions of unlabelled samples, and this"):
        ask()
    made.keep(PROBS)
    decision, beliefs = ask()
    assert beliefs.probs.tolist() == PROBS[chosen].tolist()
    expected = (PROBS[chosen] + torch.tensor([1.0, 0.0])) / 2
    torch.testing.assert_close(decision.target, expected)
    resumed = policies([Towards("step", 0)], split="unlabelled")
    resumed.load_state_dict(made.state_dict())
    assert resumed.predicted.tolist() == PROBS.tolist()
    assert made.beliefs(None).probs.tolist() == PROBS.tolist()
    made.begin(PROGRESS, adaptive=True)  # the next phase
    assert made.predicted is None
