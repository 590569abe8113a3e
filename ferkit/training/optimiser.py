"""The optimiser, its rate by epoch, and its state as plain tensors."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from ferkit.sections import OptimiserSection


def make_optimiser(parameters: Iterable[nn.Parameter], section: OptimiserSection) -> Optimizer:
    """The optimiser of a phase (A15)."""
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    if section.name == "sgd":
        return SGD(
            trained, lr=section.lr, momentum=section.momentum, weight_decay=section.weight_decay
        )
    kind = Adam if section.name == "adam" else AdamW
    return kind(trained, lr=section.lr, betas=section.betas, weight_decay=section.weight_decay)


def learning_rate(section: OptimiserSection, *, epoch: int, epochs: int) -> float:
    """The rate of an epoch: a function of its number alone, so that nothing is to be resumed.

    Args:
        epoch: within the phase, from 0. epochs: of the phase, at most.
    """
    if section.schedule == "cosine":
        return section.lr * 0.5 * (1 + math.cos(math.pi * epoch / epochs))
    if section.schedule == "step":
        return section.lr * section.step_factor ** (epoch // section.step_epochs)
    return section.lr


def set_learning_rate(optimiser: Optimizer, rate: float) -> None:
    """Set the rate of all parameters."""
    for group in optimiser.param_groups:
        group["lr"] = rate


def optimiser_tensors(optimiser: Optimizer) -> dict[str, Tensor]:
    """Its state by "<number of the parameter>.<name>"."""
    state = optimiser.state_dict()["state"]
    return {
        f"{number}.{name}": value
        for number, entries in state.items()
        for name, value in entries.items()
        if isinstance(value, Tensor)
    }


def load_optimiser_tensors(optimiser: Optimizer, tensors: dict[str, Tensor]) -> None:
    """Take back what `optimiser_tensors` gave.

    A tensor of the parameter's shape also gets its memory layout: another layout would go
    through other vector instructions and round differently.
    """
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    for name, value in tensors.items():
        number, entry = name.split(".", 1)
        parameter = parameters[int(number)]
        if value.shape == parameter.shape:
            mine = torch.empty_like(parameter, requires_grad=False).copy_(value)
        else:
            mine = value.clone()  # Adam's step count stays on the CPU
        optimiser.state[parameter][entry] = mine
