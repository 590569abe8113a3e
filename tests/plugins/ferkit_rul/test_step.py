"""RUL's step on given outputs, against its formulae written out."""

from __future__ import annotations

import math

import pytest
import torch
from ferkit_rul.loop import make_rul
from ferkit_rul.params import RulParams
from ferkit_rul.uncertainty import Uncertainty, mixed_features
from given_parts import GivenWeighting
from stopping import StoppingWeighting
from torch import nn

from ferkit.data import keyed
from ferkit.plugin import Context
from ferkit.testing.given_step import given_step
from ferkit.testing.tiny import tiny_job, tiny_split
from ferkit.training.job import PolicyChain
from ferkit.training.trainer import train

COUNT, DIM, CLASSES = 6, 3, 4


def outputs(count: int = COUNT):
    generator = torch.Generator().manual_seed(4)
    features = torch.randn(count, DIM, generator=generator)
    given = torch.randint(0, CLASSES, (count,), generator=generator)
    return features, given


def loop(seed: int = 7):
    torch.manual_seed(0)
    made = make_rul(RulParams(uncertainty_dim=5, uncertainty_dropout=0.0), Context(seed=seed))
    return made, made.make_module(DIM, CLASSES)


def uncertainties(features: torch.Tensor, module: Uncertainty) -> list[float]:
    """Sample by sample, from the layers' numbers."""
    _, _, layer, norm = module.requires_grad_(False).layers
    plain, lines = features.double(), list(zip(layer.weight.double(), layer.bias, strict=True))
    mean, var = plain.mean(0), plain.var(0, correction=0)
    normed = (plain - mean) / (var + 2e-5).sqrt()
    rows = [[float(w @ x + b) for w, b in lines] for x in normed]
    columns = torch.tensor(rows, dtype=torch.float64)
    mean, var = columns.mean(0), columns.var(0, correction=0)
    scaled = norm.weight.double() * (columns - mean) / (var + 2e-5).sqrt() + norm.bias.double()
    return [sum(math.exp(v) for v in row) / len(row) for row in scaled.tolist()]


@pytest.mark.parametrize("weighted", [False, True])
def test_equals_the_equations(weighted: bool) -> None:
    features, given = outputs()
    made, module = loop()
    head = nn.Linear(DIM, CLASSES)
    weight, scale, of_class = torch.ones(COUNT), torch.ones(COUNT), torch.ones(CLASSES)
    if weighted:
        weight, scale = torch.linspace(0, 1.5, COUNT), torch.linspace(0.5, 2, COUNT)
        of_class = torch.tensor([0.5, 1.0, 2.0, 0.25])
    found = given_step(
        made,
        given=given,
        logits={"labelled.weak": torch.zeros(COUNT, CLASSES)},
        features={"labelled.weak": features},
        labelled=PolicyChain([], [GivenWeighting(weight, scale)] if weighted else []),
        class_weight=of_class,
        head=head,
    )
    found.loss.backward()
    assert found.features.grad.any()
    assert module.layers[2].weight.grad.any()
    assert head.weight.grad.any()
    u = uncertainties(features, module)
    head.requires_grad_(False)
    partners = keyed.permutation(7, "rul", "phase", 0, n=COUNT).tolist()
    assert partners != list(range(COUNT))
    expected = 0.0
    for i, j in enumerate(partners):
        mixed = (u[i] * features[i].double() + u[j] * features[j].double()) / (u[i] + u[j])
        logits = head.weight.double() @ mixed + head.bias.double()
        for one in (i, j):
            said = (float(scale[one]) * logits).log_softmax(-1)
            label = int(given[one])
            part = float(weight[one]) * float(of_class[label]) * float(-said[label])
            expected += 0.5 * part / COUNT
    assert abs(found.loss.item() - expected) < 1e-6
    torch.testing.assert_close(
        found.scalars["uncertainty"].double(), torch.tensor(u).double().mean()
    )


def test_mixtures_by_hand() -> None:
    features = torch.tensor([[4.0, 0.0], [0.0, 8.0]])
    found = mixed_features(features, torch.tensor([3.0, 1.0]), torch.tensor([1, 0]))
    assert torch.equal(found, torch.tensor([[3.0, 2.0], [3.0, 2.0]]))
    alone = mixed_features(features, torch.tensor([3.0, 1.0]), torch.tensor([0, 1]))
    assert torch.equal(alone, features)


def test_one_sample_is_its_own_partner() -> None:
    features, given = outputs(1)
    head = nn.Linear(DIM, CLASSES)
    found = given_step(
        loop()[0],
        given=given,
        logits={"labelled.weak": torch.zeros(1, CLASSES)},
        features={"labelled.weak": features},
        head=head,
    )
    torch.testing.assert_close(found.loss, nn.functional.cross_entropy(head(features), given))


def test_partners_change_from_step_to_step_and_with_the_seed() -> None:
    pairs = {
        tuple(keyed.permutation(seed, "rul", "phase", step, n=8).tolist())
        for seed in (0, 1)
        for step in (0, 1)
    }
    assert len(pairs) == 4


@pytest.mark.parametrize("stop_at", [2, 4])
def test_a_resumed_training_ends_alike(stop_at: int, tmp_path) -> None:
    """On padded clips, the uncertainty's own statistics included."""

    def job(folder, stop):
        params = RulParams(epochs=2, uncertainty_dim=4, keep="last")
        return tiny_job(
            make_rul(params, Context(seed=3)),
            tmp_path / folder,
            labelled=tiny_split(9, frames=2),
            labelled_policies=PolicyChain((), (stop,)),
        )

    whole = job("whole", StoppingWeighting())
    expected = train(whole)
    with pytest.raises(KeyboardInterrupt):
        train(job("stopped", StoppingWeighting(stop_at)))
    resumed = job("stopped", StoppingWeighting())
    found = train(resumed, resume=True)
    assert torch.equal(found.model.head.weight, expected.model.head.weight)
    for mine, other in zip(
        resumed.loop._uncertainty.state_dict().values(),
        whole.loop._uncertainty.state_dict().values(),
        strict=True,
    ):
        assert torch.equal(mine, other)
