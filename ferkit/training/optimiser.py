"""The optimiser, its rate by epoch, and its state as plain tensors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from ferkit.errors import FerkitError
from ferkit.sections import OptimiserSection

FACTOR = "rate_factor"
"""Key of a group's factor in the optimiser."""


def rate_factors(module: nn.Module) -> dict[str, float]:
    """The factor of the learning rate by parameter, of those that change.

    Args:
        module: parts of it may have `rate_factors`, see `ferkit.contracts.model.Backbone`; an
            outer part's count over those of parts within it.
    Returns: by name, in the order of `module.named_parameters()`.
    Raises: FerkitError: a factor is negative, or a name in a part is of no parameter.
    """
    factors: dict[str, float] = {}
    for part_name, part in module.named_modules():
        given: Mapping[str, float] = getattr(part, "rate_factors", {})
        for name, factor in _by_parameter(part, given).items():
            factors.setdefault(f"{part_name}.{name}".lstrip("."), factor)
    return {
        name: factors.get(name, 1.0)
        for name, parameter in module.named_parameters()
        if parameter.requires_grad and factors.get(name) != 0
    }


def _by_parameter(part: nn.Module, given: Mapping[str, float]) -> dict[str, float]:
    """What a part says of its own parameters."""
    names = [name for name, _ in part.named_parameters()]
    found: dict[str, float] = {}
    for start, factor in sorted(given.items(), key=lambda item: len(item[0])):  # longest last
        inside = [name for name in names if name == start or name.startswith(f"{start}.")]
        if not inside or not factor >= 0:
            wrong = f"factor {factor}" if inside else f"no parameter {start!r}"
            raise FerkitError(f"rate_factors of {type(part).__name__}: {wrong}.")
        found |= dict.fromkeys(inside, float(factor))
    return found


def freeze(module: nn.Module) -> None:
    """Let no gradient be computed for parameters whose factor is 0."""
    changing = rate_factors(module)
    for name, parameter in module.named_parameters():
        if name not in changing:
            parameter.requires_grad_(False)


def make_optimiser(module: nn.Module, section: OptimiserSection) -> Optimizer:
    """The optimiser of a phase (A15): a group of parameters for each factor of the rate.

    Args:
        module: whose parameters are trained, those that are not frozen.
    """
    named = dict(module.named_parameters())
    by_factor: dict[float, list[nn.Parameter]] = {}
    for name, factor in rate_factors(module).items():
        by_factor.setdefault(factor, []).append(named[name])
    groups: list[dict[str, Any]] = [
        {"params": parameters, "lr": section.lr * factor, FACTOR: factor}
        for factor, parameters in by_factor.items()
    ]
    if section.name == "sgd":
        return SGD(
            groups, lr=section.lr, momentum=section.momentum, weight_decay=section.weight_decay
        )
    kind = Adam if section.name == "adam" else AdamW
    return kind(groups, lr=section.lr, betas=section.betas, weight_decay=section.weight_decay)


def learning_rate(section: OptimiserSection, *, epoch: int, epochs: int) -> float:
    """The rate of an epoch: a function of its number alone, so that nothing is to be resumed.

    Args:
        epoch: within the phase, from 0. epochs: of the phase, at most.
    """
    if section.schedule == "cosine":
        return section.lr * 0.5 * (1 + math.cos(math.pi * epoch / epochs))
    if section.schedule == "step":
        between = section.step_epochs or math.ceil(epochs / 4)
        return section.lr * section.step_factor ** (epoch // between)
    return section.lr


def set_learning_rate(optimiser: Optimizer, rate: float) -> None:
    """Set the rate, times each group's factor."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group[FACTOR]


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
