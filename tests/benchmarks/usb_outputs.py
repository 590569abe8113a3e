"""Outputs of a network that learns, made up, and one step of USB's and of ours on them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ferkit.contracts.policies import Beliefs, Cadence, Progress, SampleWeighting, Weights
from ferkit.contracts.training import SSLLoop
from ferkit.testing.given_step import given_step
from ferkit.training.job import PolicyChain

CLASSES, LABELLED, OTHERS, TOTAL = 7, 8, 56, 600


class Outputs(NamedTuple):
    """given: (LABELLED,) classes. ids: (OTHERS,) below TOTAL. logits: (n, CLASSES) of the labelled
    samples, of both views of the others, and of a teacher on the first one."""

    given: Tensor
    ids: Tensor
    labelled: Tensor
    first: Tensor
    second: Tensor
    teacher: Tensor


class Step(NamedTuple):
    """What one side said: mask (n,), target (n, K), both None where there is none; loss ();
    gradients of the labelled logits and of both views'."""

    mask: Tensor | None
    target: Tensor | None
    loss: Tensor
    gradient: Tensor


def sequence(steps: int, seed: int = 0) -> Iterator[Outputs]:
    """Outputs that grow surer and righter from step to step; some classes are rare.

    Every unlabelled sample comes again before any comes a third time.
    """
    draws = torch.Generator().manual_seed(seed)
    frequency = 1 / torch.arange(1.0, CLASSES + 1)
    truth = torch.multinomial(frequency, TOTAL, replacement=True, generator=draws)
    hardness = torch.rand(TOTAL, generator=draws) + 0.5
    order = torch.empty(0, dtype=torch.int64)

    def logits(truth: Tensor, strength: Tensor) -> Tensor:
        noise = torch.randn(len(truth), CLASSES, generator=draws)
        return torch.eye(CLASSES)[truth] * strength[:, None] + noise

    for step in range(steps):
        strength = 8.0 * (step + 1) / steps
        if len(order) < OTHERS:
            order = torch.randperm(TOTAL, generator=draws)
        ids, order = order[:OTHERS], order[OTHERS:]
        given = torch.randint(CLASSES, (LABELLED,), generator=draws)
        own = strength / hardness[ids]
        yield Outputs(
            given,
            ids,
            logits(given, torch.full((LABELLED,), strength)),
            logits(truth[ids], own),
            logits(truth[ids], own * 0.6),
            logits(truth[ids], own * 1.2),
        )


class Looked(nn.Module):
    """A network of USB's kind that looks the logits up in a table; inputs say which row."""

    def __init__(self, num_classes: int, **_: object) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.zeros(LABELLED + 2 * OTHERS, num_classes))

    def forward(self, rows: Tensor) -> dict[str, Tensor]:
        logits = self.table[rows[:, 0]]
        return {"logits": logits, "feat": logits}


def usb_step(algorithm: Any, step: int, said: Outputs) -> Step:
    """`train_step` of an algorithm on these outputs."""
    table = algorithm.model.table
    table.data = torch.cat([said.labelled, said.first, said.second])
    table.grad = None
    if algorithm.ema is not None:
        shadow = torch.cat([said.labelled, said.teacher, said.second])
        algorithm.ema.shadow = {"table": shadow}
    algorithm.it = step
    rows = torch.arange(len(table))[:, None].split([LABELLED, OTHERS, OTHERS])
    heard: dict[str, Tensor] = {}
    call = type(algorithm).call_hook

    def listening(name: str, hook: str | None = None, *args: Any, **fields: Any) -> Any:
        answer = call(algorithm, name, hook, *args, **fields)
        heard[name] = answer
        return answer

    algorithm.call_hook = listening
    every = {
        "x_lb": rows[0],
        "y_lb": said.given,
        "idx_ulb": said.ids,
        "x_ulb_w": rows[1],
        "x_ulb_s": rows[2],
    }
    wanted = inspect.signature(algorithm.train_step).parameters
    out, _ = algorithm.train_step(**{k: v for k, v in every.items() if k in wanted})
    out["loss"].backward()
    target = heard.get("gen_ulb_targets")
    if target is not None and target.ndim == 1:
        target = torch.eye(CLASSES)[target]
    assert table.grad is not None
    return Step(heard.get("masking"), target, out["loss"].detach(), table.grad)


class Watched:
    """Weightings as one, that remembers what it said last."""

    every: Cadence = "step"

    def __init__(self, weightings: Sequence[SampleWeighting]) -> None:
        self.weightings = weightings
        self.weight: Tensor | None = None
        self.target: Tensor | None = None

    def weigh(self, beliefs: Beliefs, targets: Tensor, progress: Progress) -> Weights:
        said = [one.weigh(beliefs, targets, progress) for one in self.weightings]
        weight = torch.stack([one.weight for one in said]).prod(0)
        self.weight, self.target = weight, targets
        penalty = torch.stack([one.penalty for one in said]).sum()
        return Weights(weight, penalty)


def our_step(
    loop: SSLLoop,
    progress: Progress,
    said: Outputs,
    *,
    views: Mapping[str, str],
    updates: Sequence[Any],
    watched: Watched | None,
    labelled: PolicyChain,
) -> Step:
    """A loop's step with its policies on the same outputs.

    Args:
        views: of ours, by the name of USB's: "first" and "second".
    """
    tensors = {"labelled.weak": said.labelled}
    tensors |= {f"unlabelled.{ours}": getattr(said, usb) for usb, ours in views.items()}
    if "weak2" in loop.views["labelled"]:
        tensors["labelled.weak2"] = said.labelled.roll(1, 0)
    chain = PolicyChain(updates, () if watched is None else (watched,))
    first = f"unlabelled.{views.get('first', '')}"
    teacher = {first: said.teacher} if loop.phases()[0].teacher == "ema" else None
    made = given_step(
        loop,
        given=said.given,
        logits=tensors,
        labelled=labelled,
        unlabelled=chain,
        teacher=teacher,
        ids=said.ids,
        total=TOTAL,
        progress=progress,
    )
    made.loss.backward()
    assert made.logits.grad is not None
    zeros = torch.zeros(OTHERS, CLASSES)
    gradients = [made.logits.grad[made.rows["labelled.weak"]]]
    for usb in ("first", "second"):
        rows = made.rows.get(f"unlabelled.{views.get(usb, '')}")
        gradients.append(zeros if rows is None else made.logits.grad[rows])
    said_of = (None, None) if watched is None else (watched.weight, watched.target)
    return Step(*said_of, made.loss.detach(), torch.cat(gradients))
