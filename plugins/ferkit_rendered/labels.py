"""Which emotion, which second one and which subject a sample has, and what label is given."""

from __future__ import annotations

import torch
from torch import Tensor

from ferkit.contracts.data import CLASSES
from ferkit_rendered.keyed import Draws, combine, sample_key

BY_FREQUENCY = ("happy", "neutral", "sad", "surprise", "anger", "fear", "disgust")
"""The usual order of frequency in photographs; `imbalance` follows it."""

_SAMPLES_PER_SUBJECT = 5
_BALANCED_BLOCK = 10 * len(CLASSES)
_IMBALANCED_BLOCK = 420


def class_shares(imbalance: float) -> list[float]:
    """Shares of `BY_FREQUENCY`, a geometric series from `imbalance` down to 1; sums to 1."""
    last = len(BY_FREQUENCY) - 1
    weights = [imbalance ** (1.0 - place / last) for place in range(last + 1)]
    return [weight / sum(weights) for weight in weights]


def emotions(seed: int, number: Tensor, imbalance: float) -> Tensor:
    """The true class of each sample.

    Within every block of consecutive numbers the classes have their exact shares (as near
    as whole samples go), in an order drawn at random.

    Args:
        seed: of the data set.
        number: (B,) int64.
        imbalance: >= 1, ratio of the most to the least frequent class.
    Returns: (B,) int64, index into `CLASSES`.
    """
    size = _BALANCED_BLOCK if imbalance == 1.0 else _IMBALANCED_BLOCK
    block, which = torch.unique(torch.div(number, size, rounding_mode="floor"), return_inverse=True)
    places = torch.arange(size, device=number.device)
    keys = combine(Draws(sample_key(seed, block)).named("block")[:, None], places)  # (blocks, size)
    # Ties are broken by place, so that the rank is a permutation.
    rank = (keys * size + places).argsort(dim=1).argsort(dim=1)
    rank = rank[which, number % size]  # (B,)
    edges, total = [], 0.0
    for share in class_shares(imbalance):
        total += share * size
        edges.append(total)
    bounds = torch.tensor(edges[:-1], dtype=torch.float64, device=number.device)
    place = (rank.to(torch.float64)[:, None] + 0.5 > bounds).sum(dim=1)
    order = torch.tensor([CLASSES.index(name) for name in BY_FREQUENCY], device=number.device)
    return order[place]


def second_emotions(seed: int, number: Tensor, emotion: Tensor) -> Tensor:
    """Another class for each sample: the one a blend mixes in. (B,) int64."""
    other = Draws(sample_key(seed, number)).integer("second", len(CLASSES) - 1)
    return (emotion + 1 + other) % len(CLASSES)


def given_labels(
    seed: int,
    number: Tensor,
    truth: Tensor,
    second: Tensor,
    noise: float,
    noise_kind: str,
    *,
    classes: int = len(CLASSES),
) -> Tensor:
    """Labels of which a fraction is wrong.

    Args:
        seed: of the data set.
        number, truth, second: (B,) int64.
        noise: probability of a wrong label.
        noise_kind: "symmetric" (any other class) or "confusion" (the second emotion).
        classes: how many there are.
    Returns: (B,) int64.
    """
    draws = Draws(sample_key(seed, number))
    if noise_kind == "confusion":
        wrong = second
    else:
        shift = draws.integer("wrong label", classes - 1)
        wrong = (truth + 1 + shift) % classes
    return torch.where(draws.chance("label noise", noise), wrong, truth)


def people(identities: int) -> tuple[str, ...]:
    """Names of the classes where the label says who it is, in the order of their numbers."""
    return tuple(f"person-{number:05d}" for number in range(identities))


def subjects(seed: int, number: Tensor, identities: int | None) -> Tensor:
    """The number of the person each sample shows, (B,) int64."""
    if identities is None:
        return torch.div(number, _SAMPLES_PER_SUBJECT, rounding_mode="floor")
    return Draws(sample_key(seed, number)).integer("subject", identities)
