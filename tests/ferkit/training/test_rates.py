"""Factors of the learning rate by name: frozen parts, slow parts, resumption, notes."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from ferkit.contracts.model import Features, FeatureSpec
from ferkit.contracts.training import Phase
from ferkit.errors import FerkitError
from ferkit.sections import OptimiserSection, TrainingSection
from ferkit.testing import tiny_job, tiny_model
from ferkit.training.job import Silence
from ferkit.training.optimiser import freeze, make_optimiser, rate_factors, set_learning_rate
from ferkit.training.trainer import train


class Two(nn.Module):
    """Two numbers, 1 and 2; the loss is their sum."""

    def __init__(self, factors) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.tensor(1.0))
        self.second = nn.Parameter(torch.tensor(2.0))
        self.rate_factors = factors

    def step(self, optimiser):
        (self.first + self.second).backward()
        optimiser.step()
        return self.first.item(), self.second.item()


def test_a_factor_scales_the_step() -> None:
    two = Two({"first": 0.1})
    optimiser = make_optimiser(two, OptimiserSection(name="sgd", lr=0.5, momentum=0.0))
    # 1 - 0.5 * 0.1 * 1 and 2 - 0.5 * 1
    assert two.step(optimiser) == pytest.approx((0.95, 1.5))
    set_learning_rate(optimiser, 0.2)
    two.zero_grad()
    assert two.step(optimiser) == pytest.approx((0.95 - 0.02, 1.5 - 0.2))


def test_the_factor_scales_weight_decay_too() -> None:
    two = Two({"first": 0.1})
    section = OptimiserSection(name="sgd", lr=0.5, momentum=0.0, weight_decay=0.3)
    # 1 - 0.05 * (1 + 0.3 * 1) and 2 - 0.5 * (1 + 0.3 * 2)
    assert two.step(make_optimiser(two, section)) == pytest.approx((0.935, 1.2))


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_what_is_frozen_has_no_gradient_no_state_and_no_decay(name) -> None:
    two = Two({"first": 0.0})
    freeze(two)
    optimiser = make_optimiser(two, OptimiserSection(name=name, lr=0.5, weight_decay=0.3))
    first, second = two.step(optimiser)
    assert first == 1.0
    assert second != 2.0
    assert two.first.grad is None
    assert list(optimiser.state) == [two.second]


def test_without_factors_there_is_one_group() -> None:
    model = tiny_model()
    optimiser = make_optimiser(model, OptimiserSection())
    (group,) = optimiser.param_groups
    assert [id(p) for p in group["params"]] == [id(p) for p in model.parameters()]


def test_the_longest_beginning_counts_and_whole_parts_only() -> None:
    outer = nn.Module()
    outer.part = nn.Module()
    outer.part.a = nn.Linear(1, 1)
    outer.part.ab = nn.Linear(1, 1)
    outer.part.rate_factors = {"a": 0.5, "a.bias": 0.25}
    assert rate_factors(outer) == {
        "part.a.weight": 0.5, "part.a.bias": 0.25, "part.ab.weight": 1.0, "part.ab.bias": 1.0
    }  # fmt: skip
    outer.rate_factors = {"part.a": 0.0}
    assert list(rate_factors(outer)) == ["part.ab.weight", "part.ab.bias"]


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        ({"fist": 1.0}, "rate_factors of Two: no parameter 'fist'"),
        ({"first": -1.0}, "factor -1"),
        ({"first": math.nan}, "factor nan"),
    ],
)
def test_wrong_factors_are_errors(factors, message) -> None:
    with pytest.raises(FerkitError, match=message):
        rate_factors(Two(factors))


class Slow(nn.Module):
    """A backbone of three layers: frozen, slow, and as usual."""

    def __init__(self) -> None:
        super().__init__()
        self.frozen, self.slow = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.usual = nn.Conv2d(4, 5, 3, padding=1)
        self.rate_factors = {"frozen": 0.0, "slow": 0.01}
        self.weight_notes = ("Drawn by chance.",)

    def spec(self, regions):
        return FeatureSpec(dim=5, regions=regions)

    def forward(self, images):
        hidden = images.flatten(0, 1)
        for layer in (self.frozen, self.slow, self.usual):
            hidden = layer(hidden).tanh()
        return Features(hidden.mean((2, 3)).reshape(*images.shape[:2], -1))


class Stop(Exception):
    pass


class StopAt(Silence):
    def __init__(self, steps) -> None:
        self.steps = steps

    def step_finished(self, done, total, loss):
        self.steps -= 1
        if self.steps == 0:
            raise Stop


@pytest.fixture
def job(make_loop):
    def make(folder, observer=None, *, optimiser="adam"):
        phases = (
            Phase("first", 2, teacher="ema", keep="last"),
            Phase("second", 2, teacher="ema", keep="last"),
        )
        return tiny_job(
            make_loop(*phases),
            folder,
            build_model=lambda: tiny_model(backbone=Slow()),
            training=TrainingSection(
                batch_size=4,
                accumulate=2,
                device="cpu",
                threads=1,
                checkpoint_minutes=1e-9,
                optimiser=OptimiserSection(name=optimiser, lr=1e-2, weight_decay=0.1),
            ),
            observer=observer or Silence(),
        )

    return make


def test_a_frozen_part_stays_in_student_and_average(job, tmp_path) -> None:
    drawn = []

    def build():
        model = tiny_model(backbone=Slow())
        drawn.append({name: value.detach().clone() for name, value in model.named_parameters()})
        return model

    trained = train(replace(job(tmp_path), build_model=build))
    for name, value in trained.model.named_parameters():
        same = name.startswith("backbone.frozen")
        assert torch.equal(value, drawn[0][name]) == same, name
    assert trained.model.backbone.usual.weight.requires_grad
    assert "Drawn by chance." in trained.notes


@pytest.mark.parametrize("steps", [1, 7, 13])
def test_a_resumed_run_is_the_same_bit_for_bit(job, tmp_path, steps) -> None:
    whole = train(job(tmp_path / "whole"))
    with pytest.raises(Stop):
        train(job(tmp_path / "cut", StopAt(steps)))
    resumed = train(job(tmp_path / "cut"), resume=True)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name
    assert resumed.notes == whole.notes


def test_notes_on_weights_are_not_said_of_weights_that_init_replaces(job, tmp_path) -> None:
    train(job(tmp_path / "before"))
    given = replace(job(tmp_path / "after"), init=tmp_path / "before" / "second.safetensors")
    assert "Drawn by chance." not in train(given).notes
