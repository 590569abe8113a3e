"""The contracts of label updates and sample weightings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ferkit.contracts.policies import Beliefs, Progress
from ferkit.plugin import Context
from ferkit.testing.backbone import Make, seeded
from ferkit.training.losses import cross_entropy_of_probs
from ferkit.training.policy_checks import ORDER

SAMPLES, CLASSES, FEATURES = 12, 4, 5
EPOCHS = 6


def random_beliefs(seed: int, *, labelled: bool = True) -> Beliefs:
    """Beliefs over 12 samples and 4 classes, with what a step gives too."""
    generator = torch.Generator().manual_seed(seed)
    probs = (torch.randn(SAMPLES, CLASSES, generator=generator) * 2).softmax(-1)
    given = torch.arange(SAMPLES) % CLASSES if labelled else torch.full((SAMPLES,), -1)
    one_hot = torch.nn.functional.one_hot(given.clamp(min=0), CLASSES).float()
    given_probs = one_hot if labelled else torch.zeros(SAMPLES, CLASSES)
    targets = one_hot if labelled else probs
    return Beliefs(
        ids=torch.arange(SAMPLES),
        given=given,
        given_probs=given_probs,
        probs=probs,
        targets=targets,
        losses=cross_entropy_of_probs(probs, targets),
        student_probs=torch.randn(SAMPLES, CLASSES, generator=generator).softmax(-1),
        student_features=torch.randn(SAMPLES, FEATURES, generator=generator),
        labelled=None if labelled else random_beliefs(seed + 100),
        total=SAMPLES,
    )


def progress_at(epoch: int) -> Progress:
    """Of the contract checks: six epochs, a validation loss that falls and then rises."""
    losses = tuple(1.0 + 0.1 * abs(done - 1) for done in range(epoch))
    return Progress("phase", 0, epoch, EPOCHS, epoch * 3, EPOCHS * 3, losses)


def check_label_update(make: Make, *, unlabelled: bool = True) -> None:
    """Hold a label update to `ferkit.contracts.policies.LabelUpdate`.

    Args:
        make: context -> label update.
        unlabelled: whether it is also to work on a split without labels.
    Raises: AssertionError: says what is wrong.
    """

    def ask(policy: Any, beliefs: Beliefs, progress: Progress) -> tuple[Tensor, ...]:
        target = policy.update(beliefs, progress).target
        assert target.shape == beliefs.probs.shape, f"target is {tuple(target.shape)}, not (N, K)"
        assert bool((target >= 0).all()), "a target is negative"
        torch.testing.assert_close(
            target.sum(-1), torch.ones(len(target)), msg="the rows of target do not sum to 1"
        )
        return (target.detach(),)

    _check(make, ask, unlabelled=unlabelled)


def check_sample_weighting(make: Make, *, unlabelled: bool = True) -> None:
    """Hold a weighting to `ferkit.contracts.policies.SampleWeighting`; see `check_label_update`."""

    def ask(policy: Any, beliefs: Beliefs, progress: Progress) -> tuple[Tensor, ...]:
        said = policy.weigh(beliefs, beliefs.targets, progress)
        count = (len(beliefs.ids),)
        assert said.weight.shape == count, f"weight is {tuple(said.weight.shape)}, not (N,)"
        assert bool((torch.isfinite(said.weight) & (said.weight >= 0)).all()), (
            "a weight is negative or not finite"
        )
        assert said.penalty.shape == (), f"penalty is {tuple(said.penalty.shape)}, not ()"
        if hasattr(policy, "scale_logits"):
            scale = policy.scale_logits(beliefs.student_features)
            assert scale.shape == count, f"scale_logits gives {tuple(scale.shape)}, not (n,)"
            assert bool((scale > 0).all()), "scale_logits gives a factor that is not above 0"
            return said.weight.detach(), said.penalty.detach(), scale.detach()
        if said.logit_scale is None:
            return (said.weight.detach(),)
        assert said.logit_scale.shape == count, "logit_scale is (N,) or None"
        return said.weight.detach(), said.logit_scale.detach()

    _check(make, ask, unlabelled=unlabelled)


def _check(
    make: Make, ask: Callable[[Any, Beliefs, Progress], tuple[Tensor, ...]], *, unlabelled: bool
) -> None:
    context = Context(classes=tuple(f"class{i}" for i in range(CLASSES)))
    for labelled in (True, False) if unlabelled else (True,):
        first, second = _made(make, context), _made(make, context)
        assert first.every in ORDER, f"every is {first.every!r}, not one of {', '.join(ORDER)}"
        for epoch in range(EPOCHS - 1):
            beliefs = random_beliefs(epoch, labelled=labelled)
            kept = [t.clone() if isinstance(t, Tensor) else t for t in beliefs]
            answer = ask(first, beliefs, progress_at(epoch))
            for name, before, now in zip(Beliefs._fields, kept, beliefs, strict=True):
                if isinstance(before, Tensor) and isinstance(now, Tensor):
                    assert torch.equal(before, now), f"it changes beliefs.{name} in place"
            again = ask(second, beliefs, progress_at(epoch))
            assert _equal(answer, again), "the same seed and beliefs give other answers"
            _check_scalars(first)
        _check_state(first, make, context, ask, labelled=labelled)


def _made(make: Make, context: Context) -> Any:
    """A policy with what it learns, if it does."""

    def whole(context: Context) -> Any:
        policy = make(context)
        if hasattr(policy, "make_module"):
            policy.make_module(FEATURES, CLASSES)
        return policy

    return seeded(whole, context)


def _check_scalars(policy: Any) -> None:
    for name, value in (policy.scalars() if hasattr(policy, "scalars") else {}).items():
        assert isinstance(name, str), f"a name in scalars is {name!r}, not text"
        number = isinstance(value, (int, float)) or (isinstance(value, Tensor) and not value.shape)
        assert number, f"{name} in scalars is {value!r}, not a number"


def _check_state(
    policy: Any,
    make: Make,
    context: Context,
    ask: Callable[[Any, Beliefs, Progress], tuple[Tensor, ...]],
    *,
    labelled: bool,
) -> None:
    resumed = _made(make, context)  # what it learns is saved by the trainer
    if hasattr(policy, "state_dict"):
        state = policy.state_dict()
        assert all(isinstance(value, Tensor) for value in state.values()), (
            "state_dict holds something else than tensors"
        )
        resumed.load_state_dict({name: value.clone() for name, value in state.items()})
    beliefs, progress = random_beliefs(77, labelled=labelled), progress_at(EPOCHS - 1)
    assert _equal(ask(policy, beliefs, progress), ask(resumed, beliefs, progress)), (
        "it goes on otherwise after state_dict and load_state_dict"
    )


def _equal(first: tuple[Tensor, ...], second: tuple[Tensor, ...]) -> bool:
    return len(first) == len(second) and all(map(torch.equal, first, second))
