"""MixMatch's step and the moving average of weights, USB's and ours, on networks that compute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import ferkit_mixmatch.loop as ours
import numpy as np
import torch
from ferkit_mixmatch.mixing import Mixing
from ferkit_mixmatch.params import MixMatchParams
from ferkit_uda.sharpen import SharpenedTargets
from torch import Tensor, nn
from usb import usb_algorithm
from usb_outputs import CLASSES

from ferkit.contracts.data import Clips
from ferkit.contracts.policies import Progress
from ferkit.contracts.training import Batch, Part, Split
from ferkit.model.face_model import Output
from ferkit.plugin import Context
from ferkit.training.job import PolicyChain
from ferkit.training.parts import StepParts, TrainingStep
from ferkit.training.policies import SplitPolicies
from ferkit.training.teacher import Teacher

SIDE, COUNT, ALPHA = 4, 8, 0.75

Row = tuple[str, str, bool, Callable[[int], dict[str, float]]]


class Linear(nn.Module):
    """A linear network of USB's kind."""

    def __init__(self, num_classes: int, **_: object) -> None:
        super().__init__()
        self.layer = nn.Linear(3 * SIDE * SIDE, num_classes)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        features = images.flatten(1)
        return {"logits": self.layer(features), "feat": features}


class AsOurs(nn.Module):
    """The same network as a loop sees one."""

    def __init__(self, network: Linear) -> None:
        super().__init__()
        self.network, self.classes = network, CLASSES

    def forward(self, frames: Tensor, valid: Tensor, *, keep_maps: bool = False) -> Output:
        said = self.network(frames.flatten(1, 2).squeeze(1))
        return Output(said["logits"], said["feat"], frames.new_zeros(len(frames)), {})


def mixmatch_steps() -> Iterator[Row]:
    """Rows of the table: name, how ours is made to do as USB, whether it is not, the comparison."""
    slip = "one share for all mixtures of a step, not one for each"
    yield "MixMatch", slip, False, lambda steps: mixmatch(steps, published=False)
    yield "MixMatch", "", True, lambda steps: mixmatch(steps, published=True)


def mixmatch(steps: int, *, published: bool) -> dict[str, float]:
    """The largest difference of loss and gradient; both draw the same partners."""
    loop = ours.make_mixmatch(
        MixMatchParams(alpha=ALPHA, weight=75.0, ramp="linear", ramp_share=0.4), Context()
    )
    settings = {"T": 0.5, "mixup_alpha": ALPHA, "ulb_loss_ratio": 75.0, "unsup_warm_up": 0.4}
    theirs = usb_algorithm(
        "mixmatch", Linear, num_classes=CLASSES, num_train_iter=steps, **settings
    )
    theirs.ema = None
    drawn = ours.drawn_mixing
    worst = {"loss": 0.0, "gradient": 0.0}
    for step in range(steps):
        generator = torch.Generator().manual_seed(step)
        network = Linear(CLASSES)
        nn.init.normal_(network.layer.weight, std=0.3, generator=generator)
        theirs.model.load_state_dict(network.state_dict())
        images = torch.rand(3, COUNT, 3, SIDE, SIDE, generator=generator)
        given = torch.randint(CLASSES, (COUNT,), generator=generator)

        def as_usb(count: int, alpha: float, step: int = step) -> Mixing:
            np.random.seed(step)
            torch.manual_seed(step)
            share = np.random.beta(alpha, alpha)
            share = max(share, 1 - share)
            return Mixing(torch.full((count,), share, dtype=torch.float32), torch.randperm(count))

        def own(count: int, alpha: float, step: int = step) -> Mixing:
            return drawn(count, alpha)._replace(partner=as_usb(count, alpha, step).partner)

        np.random.seed(step)
        torch.manual_seed(step)
        theirs.it = step
        theirs.model.zero_grad()
        out, _ = theirs.train_step(x_lb=images[0], y_lb=given, x_ulb_w=images[1], x_ulb_s=images[2])
        out["loss"].backward()
        try:
            ours.drawn_mixing = own if published else as_usb  # type: ignore[assignment]
            loss = _our_mixmatch(loop, network, images, given, step=step, steps=steps)
        finally:
            ours.drawn_mixing = drawn
        loss.backward()  # type: ignore[no-untyped-call]
        mine, other = network.layer.weight.grad, theirs.model.layer.weight.grad
        worst["loss"] = max(worst["loss"], float((loss - out["loss"]).abs()))
        worst["gradient"] = max(worst["gradient"], float((mine - other).abs().max()))
    return worst


def _our_mixmatch(
    loop: Any, network: Linear, images: Tensor, given: Tensor, *, step: int, steps: int
) -> Tensor:
    chains = {
        "labelled": PolicyChain(),
        "unlabelled": PolicyChain([SharpenedTargets(0.5)]),
    }
    progress = Progress("phase", 0, 0, 1, step, steps, ())
    probs = torch.eye(CLASSES)[given]
    policies: dict[Split, SplitPolicies] = {
        "labelled": SplitPolicies(
            "labelled",
            chains["labelled"],
            given=given,
            given_probs=probs,
            device=torch.device("cpu"),
        ),
        "unlabelled": SplitPolicies(
            "unlabelled",
            chains["unlabelled"],
            given=torch.full((COUNT,), -1),
            given_probs=torch.zeros(COUNT, CLASSES),
            device=torch.device("cpu"),
        ),
    }
    for one in policies.values():
        one.begin(progress, adaptive=True)
    student = AsOurs(network)
    parts = StepParts(
        [student],  # type: ignore[list-item]
        [student],  # type: ignore[list-item]
        policies,
        class_weight=torch.ones(CLASSES),
        adaptive=True,
        penalty=0.0,
        progress=progress,
    )
    clips = [
        Clips(each[:, None, None], torch.ones(COUNT, 1, 1, dtype=torch.bool)) for each in images
    ]
    ids = torch.arange(COUNT)
    batch = Batch(Part(ids, {"weak": clips[0]}), Part(ids, {"weak": clips[1], "weak2": clips[2]}))
    loss: Tensor = TrainingStep(loop, [], {})(batch, parts)[0]
    return loss


def moving_average() -> Iterator[Row]:
    """Rows of the table for the moving average of weights."""
    slip = "a constant momentum; ours is less in the first steps"
    yield "moving average of weights", slip, False, lambda steps: averages(steps, first=10_000)
    yield "moving average of weights", "", True, lambda steps: averages(steps, first=0)


def averages(steps: int, *, first: int) -> dict[str, float]:
    """The largest difference of the averages of weights that wander.

    Args:
        first: number of the step that ours begins with.
    """
    from semilearn.core.utils import EMA

    network = Linear(CLASSES)
    student = AsOurs(network)
    theirs = EMA(network, 0.999)
    theirs.register()
    mine = Teacher("ema", [student], [student], average=0.999)  # type: ignore[list-item]
    draws, worst = torch.Generator().manual_seed(0), 0.0
    for step in range(steps):
        for weight in network.parameters():
            weight.data += 0.02 * torch.randn(weight.shape, generator=draws)
        theirs.update()
        mine.follow(first + step)
        for name, own in mine.validated.network.named_parameters():  # type: ignore[union-attr]
            worst = max(worst, float((own - theirs.shadow[name]).abs().max()))
    return {"state": worst}
