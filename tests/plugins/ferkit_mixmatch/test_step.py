"""MixMatch's step with a small network, against algorithm 1 written out."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from ferkit_mixmatch.loop import make_mixmatch
from ferkit_mixmatch.mixing import drawn_mixing
from ferkit_mixmatch.params import MixMatchParams
from ferkit_uda.sharpen import SharpenedTargets

from ferkit.contracts.data import Clips
from ferkit.contracts.policies import Progress, Weights
from ferkit.contracts.training import Batch, Part
from ferkit.plugin import Context
from ferkit.sections import TrainingSection
from ferkit.testing.tiny import tiny_job, tiny_model, tiny_split
from ferkit.training.job import PolicyChain
from ferkit.training.parts import StepParts, TrainingStep
from ferkit.training.policies import SplitPolicies
from ferkit.training.trainer import train

GIVEN = torch.tensor([2, 0])
CLASSES = 3


def part(count: int, views: int, *, frames: int, seed: int) -> Part:
    generator = torch.Generator().manual_seed(seed)
    length = torch.arange(count) % frames + 1
    valid = (torch.arange(frames) < length[:, None])[..., None]
    names = ["weak", *(f"weak{number}" for number in range(2, views + 1))]
    made = {
        name: Clips(torch.rand(count, frames, 1, 3, 4, 4, generator=generator), valid)
        for name in names
    }
    return Part(torch.arange(count), made if count else {})


def policies(split, chain: PolicyChain, given: torch.Tensor) -> SplitPolicies:
    known = torch.eye(CLASSES)[given.clamp(min=0)] * (given >= 0)[:, None]
    made = SplitPolicies(split, chain, given=given, given_probs=known, device=torch.device("cpu"))
    made.begin(Progress("mixmatch", 0, 0, 1, 0, 100, ()), adaptive=True)
    return made


def step(batch: Batch, *, params: MixMatchParams, at: int = 99, unlabelled=None, labelled=None):
    """-> loss, scalars, the network."""
    torch.manual_seed(7)
    model = tiny_model(CLASSES)
    others = torch.full((len(batch.unlabelled.ids),), -1)
    update = PolicyChain([SharpenedTargets(0.5)], unlabelled or [])
    parts = StepParts(
        [model],
        [model],
        {
            "labelled": policies("labelled", PolicyChain((), labelled or []), GIVEN),
            "unlabelled": policies("unlabelled", update, others),
        },
        class_weight=torch.ones(CLASSES),
        adaptive=True,
        penalty=0.0,
        progress=Progress("mixmatch", 0, 0, 1, at, 100, ()),
    )
    loop = make_mixmatch(params, Context(seed=0))
    torch.manual_seed(11)
    return *TrainingStep(loop, [], {})(batch, parts), model


def answer(model, frames, valid) -> torch.Tensor:
    return model(frames[None], valid[None]).logits[0].softmax(-1)


def written_out(batch: Batch, model, *, views: int, alpha: float, factor: float) -> torch.Tensor:
    labelled, unlabelled = batch
    frames, valid, target = [], [], []
    for i, label in enumerate(GIVEN.tolist()):
        clip = labelled.views["weak"]
        frames.append(clip.frames[i])
        valid.append(clip.valid[i])
        target.append(torch.eye(CLASSES)[label])
    shown = list(unlabelled.views.values())
    guesses = []
    for i in range(len(unlabelled.ids)):
        mean = sum(answer(model, clip.frames[i], clip.valid[i]) for clip in shown) / views
        guesses.append((mean**2 / (mean**2).sum()).detach())  # T = .5
    for clip in shown:
        for i, guess in enumerate(guesses):
            frames.append(clip.frames[i])
            valid.append(clip.valid[i])
            target.append(guess)
    torch.manual_seed(11)
    mixing = drawn_mixing(len(frames), alpha)
    supervised, consistency = torch.zeros(()), torch.zeros(())
    for i, (share, j) in enumerate(zip(*(each.tolist() for each in mixing), strict=True)):
        both = valid[i] & valid[j]
        pixels = frames[i].clone()
        for t in range(len(pixels)):
            if both[t, 0]:
                pixels[t] = share * frames[i][t] + (1 - share) * frames[j][t]
        mine = 1 - (1 - share) * both.sum().item() / valid[i].sum().item()
        wanted = mine * target[i] + (1 - mine) * target[j]
        said = answer(model, pixels, valid[i])
        if i < len(GIVEN):
            supervised = supervised - (wanted * said.log()).sum()
        else:
            consistency = consistency + ((wanted - said) ** 2).sum() / CLASSES
    count = max(1, len(frames) - len(GIVEN))
    return supervised / len(GIVEN) + factor * consistency / count


@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize(("views", "others"), [(2, 3), (1, 1), (3, 2), (2, 0)])
def test_equals_algorithm_1(frames: int, views: int, others: int) -> None:
    batch = Batch(part(2, 1, frames=frames, seed=1), part(others, views, frames=frames, seed=2))
    params = MixMatchParams(views=views, alpha=0.75, weight=20.0, ramp="linear", ramp_share=0.5)
    loss, scalars, model = step(batch, params=params, at=25)
    expected = written_out(batch, model, views=views, alpha=0.75, factor=10.0)
    torch.testing.assert_close(loss, expected, rtol=0, atol=1e-6)
    assert ("unlabelled_loss" in scalars) == (others > 0)


def test_the_gradient_is_that_of_fixed_targets() -> None:
    batch = Batch(part(2, 1, frames=2, seed=1), part(3, 2, frames=2, seed=2))
    loss, _, model = step(batch, params=MixMatchParams(weight=5.0, ramp="none"))
    expected = written_out(batch, model, views=2, alpha=0.75, factor=5.0)
    pairs = [torch.autograd.grad(value, list(model.parameters())) for value in (loss, expected)]
    for mine, theirs in zip(*pairs, strict=True):
        assert mine.any()
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-6)


def test_policies_see_unmixed_predictions_of_each_sample_once() -> None:
    class Spy:
        every = "step"
        seen = None

        def weigh(self, beliefs, targets, progress):
            self.seen = beliefs
            return Weights(torch.tensor([1.0, 0.0, 0.0][: len(targets)]), torch.zeros(()))

    batch = Batch(part(2, 1, frames=1, seed=1), part(3, 2, frames=1, seed=2))
    one, other = Spy(), Spy()
    params = MixMatchParams(weight=1.0, ramp="none")
    _, scalars, model = step(batch, params=params, unlabelled=[one], labelled=[other])
    shown = batch.unlabelled.views
    mean = sum(model(*clip).logits.softmax(-1) for clip in shown.values()) / 2
    torch.testing.assert_close(one.seen.probs, mean.detach(), rtol=0, atol=1e-6)
    said = model(*batch.labelled.views["weak"]).logits.softmax(-1)
    torch.testing.assert_close(other.seen.probs, said.detach(), rtol=0, atol=1e-6)
    assert one.seen.student_probs.shape == (3, CLASSES)
    assert one.seen.labelled is not None
    assert scalars["unlabelled_loss"] > 0


def test_the_seed_decides_on_clips(tmp_path: Path) -> None:
    def run(name: str):
        job = tiny_job(
            make_mixmatch(MixMatchParams(epochs=2, ratio=2), Context(seed=3)),
            tmp_path / name,
            labelled=tiny_split(10, frames=2),
            unlabelled=tiny_split(14, frames=2, labelled=False, seed=1),
            validation=tiny_split(6, frames=2, seed=2),
        )
        return train(job).history

    first, second = run("one"), run("two")
    assert [row["train_loss"] for row in first] == [row["train_loss"] for row in second]
    assert all(row["unlabelled_loss"] > 0 for row in first)


def test_pieces_of_a_step_may_be_without_labelled_samples(tmp_path: Path) -> None:
    training = TrainingSection(batch_size=2, device="cpu", accumulate=4)
    loop = make_mixmatch(MixMatchParams(epochs=1, ratio=4), Context(seed=3))
    job = tiny_job(loop, tmp_path, training=training, labelled=tiny_split(3))
    assert math.isfinite(train(job).history[0]["train_loss"])
