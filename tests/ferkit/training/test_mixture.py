"""The mixture, against plain loops, by hand, and against scikit-learn where it is installed."""

from __future__ import annotations

import math
import warnings

import pytest
import torch

from ferkit.training.mixture import (
    Mixture,
    expected,
    fitted,
    maximised,
    normalised,
    of_low_component,
    two_groups,
)

SETTINGS = {"iterations": 10, "tolerance": 1e-2, "variance_floor": 5e-4}


def losses(seed: int = 0, *, low: int = 70, high: int = 30) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    clean = torch.randn(low, generator=generator).abs() * 0.3
    noisy = torch.randn(high, generator=generator) * 0.6 + 2.5
    return torch.cat([clean, noisy])[torch.randperm(low + high, generator=generator)]


def density(x: float, mean: float, variance: float) -> float:
    return math.exp(-((x - mean) ** 2) / (2 * variance)) / math.sqrt(2 * math.pi * variance)


def plain_em(values, parts, *, iterations, tolerance, variance_floor):
    """EM of a textbook, sample by sample: shares, means, variances and the posteriors."""

    def m_step():
        shares, means, variances = [], [], []
        for c in range(2):
            size = sum(part[c] for part in parts)
            mean = sum(part[c] * x for part, x in zip(parts, values, strict=True)) / size
            square = sum(part[c] * (x - mean) ** 2 for part, x in zip(parts, values, strict=True))
            shares.append(size / len(values))
            means.append(mean)
            variances.append(square / size + variance_floor)
        return shares, means, variances

    def e_step(shares, means, variances):
        said, likelihood = [], 0.0
        for x in values:
            joint = [shares[c] * density(x, means[c], variances[c]) for c in range(2)]
            likelihood += math.log(sum(joint)) / len(values)
            said.append([each / sum(joint) for each in joint])
        return said, likelihood

    model, before = m_step(), None
    for _ in range(iterations):
        parts, likelihood = e_step(*model)
        model = m_step()
        if before is not None and abs(likelihood - before) < tolerance:
            break
        before = likelihood
    return model, e_step(*model)[0]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("changed", [{}, {"iterations": 1}, {"iterations": 60, "tolerance": 1e-9}])
def test_em_is_the_textbooks(seed, changed) -> None:
    settings = SETTINGS | changed
    values = normalised(losses(seed))
    (shares, means, variances), parts = plain_em(
        values.tolist(), two_groups(values).tolist(), **settings
    )
    found = fitted(values, **settings)
    assert found.shares.tolist() == pytest.approx(shares, rel=1e-9)
    assert found.means.tolist() == pytest.approx(means, rel=1e-9)
    assert found.variances.tolist() == pytest.approx(variances, rel=1e-9)
    low = means.index(min(means))
    right = of_low_component(values, found)
    assert right.dtype == torch.float64
    assert right.tolist() == pytest.approx([part[low] for part in parts], abs=1e-9)


def test_posterior_by_hand() -> None:
    mixture = Mixture(*(torch.tensor(pair).double() for pair in ([0.5, 0.5], [1, 0], [0.5, 0.5])))
    # Equal shares and variances: sigmoid((1 - 2 x) / (2 * .5)) for the component at 0.
    right = of_low_component(torch.tensor([0.5, 0.0, 1.0]), mixture)
    assert right.tolist() == pytest.approx([0.5, 1 / (1 + math.exp(-1)), 1 / (1 + math.e)])


@pytest.mark.parametrize("seed", range(5))
def test_two_groups_are_the_best_of_all_cuts(seed) -> None:
    values = losses(seed, low=9, high=6).double()
    ordered = sorted(values.tolist())

    def spread(part):
        mean = sum(part) / len(part)
        return sum((x - mean) ** 2 for x in part)

    best = min(range(1, 15), key=lambda cut: spread(ordered[:cut]) + spread(ordered[cut:]))
    expected_low = [float(x < ordered[best]) for x in values.tolist()]
    assert two_groups(values)[:, 0].tolist() == expected_low


def test_two_groups_do_not_part_equal_values() -> None:
    values = torch.tensor([0.0, 1.0, 1.0, 1.0, 0.0, 1.0])
    assert two_groups(values)[:, 0].tolist() == [1, 0, 0, 0, 1, 0]
    assert two_groups(torch.tensor([3.0, 1.0]))[:, 0].tolist() == [0, 1]


def test_an_empty_component_has_a_finite_mean() -> None:
    values = torch.tensor([0.0, 1.0]).double()
    mixture = maximised(values, torch.tensor([[1.0, 0.0], [1.0, 0.0]]).double(), 1e-3)
    assert all(bool(torch.isfinite(each).all()) for each in mixture)
    parts, likelihood = expected(values, mixture)
    assert math.isfinite(likelihood)
    assert bool(torch.isfinite(parts).all())


def test_one_outlier_takes_a_component_alone() -> None:
    values = normalised(torch.cat([torch.rand(50) * 0.1, torch.tensor([27.0])]))
    right = of_low_component(values, fitted(values, **SETTINGS))
    assert right[:50].min() > 0.99
    assert right[50] < 1e-6


def test_normalised_is_none_where_there_is_nothing_to_part() -> None:
    assert normalised(torch.full((5,), 0.7)) is None
    assert normalised(torch.tensor([0.7])) is None
    assert normalised(torch.tensor([])) is None
    assert normalised(torch.tensor([1.0, 3.0, 2.0])).tolist() == [0, 1, 0.5]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("changed", [{}, {"iterations": 100, "tolerance": 1e-7}])
def test_equals_scikit_learn_from_the_same_start(seed, changed) -> None:
    mixtures = pytest.importorskip("sklearn.mixture")
    settings = SETTINGS | changed
    values = normalised(losses(seed, low=150 + 20 * seed, high=60))
    start = maximised(values, two_groups(values), settings["variance_floor"])
    model = mixtures.GaussianMixture(
        n_components=2,
        max_iter=settings["iterations"],
        tol=settings["tolerance"],
        reg_covar=settings["variance_floor"],
        weights_init=start.shares.numpy(),
        means_init=start.means[:, None].numpy(),
        precisions_init=(1 / start.variances)[:, None, None].numpy(),
    )
    column = values[:, None].numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it did not converge
        model.fit(column)
    theirs = model.predict_proba(column)[:, model.means_.argmin()]
    found = fitted(values, **settings)
    assert of_low_component(values, found).tolist() == pytest.approx(theirs.tolist(), abs=1e-8)
    assert found.means.tolist() == pytest.approx(model.means_[:, 0].tolist(), abs=1e-9)


def test_agrees_with_scikit_learns_own_start_where_groups_are_clear() -> None:
    mixtures = pytest.importorskip("sklearn.mixture")
    values = normalised(losses(3, low=300, high=120))
    settings = {"max_iter": 200, "tol": 1e-9, "reg_covar": 5e-4, "random_state": 0}
    model = mixtures.GaussianMixture(n_components=2, **settings).fit(values[:, None].numpy())
    theirs = model.predict_proba(values[:, None].numpy())[:, model.means_.argmin()]
    found = fitted(values, iterations=200, tolerance=1e-9, variance_floor=5e-4)
    assert of_low_component(values, found).tolist() == pytest.approx(theirs.tolist(), abs=1e-4)
