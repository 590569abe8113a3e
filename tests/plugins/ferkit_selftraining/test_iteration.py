"""An iteration through the trainer: the order of its events, its log, and each part by itself."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from ferkit_selftraining import self_training
from ferkit_selftraining.loss_trend import LossTrendWeighting
from ferkit_selftraining.params import SelfTrainingParams
from ferkit_selftraining.self_training import SelfTrainingLoop, make_self_training
from ferkit_selftraining.successive_smoothing import SuccessiveSmoothing

from ferkit.catalogue import catalogue
from ferkit.errors import FerkitError
from ferkit.plugin import Context, Kind
from ferkit.plugins import load
from ferkit.recipe_models import pick_model
from ferkit.running.progress import SilentDisplay
from ferkit.running.watch import TrainingWatch
from ferkit.sections import OptimiserSection, TrainingSection
from ferkit.testing import tiny_job, tiny_model, tiny_split
from ferkit.training.job import PolicyChain
from ferkit.training.trainer import train

CLASSES = ("anger", "happy", "sad")


def loop(**params) -> SelfTrainingLoop:
    given = {"initial_epochs": 2, "patience": None, "iterations": 4, "tau": 0.34} | params
    return SelfTrainingLoop(SelfTrainingParams(**given), classes=3)


def unlabelled(count: int = 14):
    """Whose truth is known of every second sample."""
    split = tiny_split(count, labelled=False, seed=1)
    truth = torch.arange(count) % 3
    truth[1::2] = -1
    return replace(split, truth=truth)


def rows_of(trained) -> list[dict]:
    return [row for row in trained.history if row["phase"] == "self_training"]


def test_order_of_calls_in_an_iteration(tmp_path: Path, monkeypatch) -> None:
    calls: list[str] = []

    def recorded(name, function):
        def call(*given, **named):
            calls.append(name)
            return function(*given, **named)

        return call

    def reading(name, split):
        return replace(split, read=recorded(f"read {name}", split.read))

    def network():
        model = tiny_model()
        model.register_forward_pre_hook(
            lambda module, _: calls.append("train" if module.training else "predict")
        )
        return model

    for step in ("confident_pool", "balanced_pick", "kept_after_replacement"):
        monkeypatch.setattr(self_training, step, recorded(step, getattr(self_training, step)))
    weighting = LossTrendWeighting(c=0.3, sigma=2.0, w0=1.0, window=1)
    smooth, follow = SuccessiveSmoothing(alpha=0.5), SuccessiveSmoothing(alpha=0.5)
    weighting.weigh = recorded("weights", weighting.weigh)
    smooth.update = recorded("targets of the labelled", smooth.update)
    follow.update = recorded("targets of the unlabelled", follow.update)
    train(
        tiny_job(
            loop(iterations=2, fraction=0.5, tau=0.0),
            tmp_path,
            training=TrainingSection(batch_size=100, device="cpu"),
            labelled=reading("labelled", tiny_split(10)),
            unlabelled=reading("unlabelled", unlabelled()),
            validation=reading("validation", tiny_split(6, seed=2)),
            build_model=network,
            labelled_policies=PolicyChain([smooth], [weighting]),
            unlabelled_policies=PolicyChain([follow]),
        )
    )
    iteration = [
        *("read labelled", "predict", "read unlabelled", "predict"),  # A3, clean
        *("confident_pool", "balanced_pick", "kept_after_replacement"),  # A3, A4, A5
        *("weights", "targets of the labelled", "targets of the unlabelled"),  # A9, A6, A7
        *("read labelled", "read unlabelled", "train"),  # A8, an epoch of one step here
        *("read validation", "predict"),  # A10
    ]
    start = calls.index("confident_pool") - 4
    assert calls[start : start + 2 * len(iteration)] == iteration * 2
    assert "weights" not in calls[:start]
    # Afterwards the tables of the run, with the final network.
    assert calls[start + 2 * len(iteration) :] == iteration[:4]


def test_what_an_iteration_logs(tmp_path: Path) -> None:
    weighting = LossTrendWeighting(c=0.3, sigma=0.1, w0=1.0, window=1)
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []

    class Watched(SelfTrainingLoop):
        def plan_epoch(self, phase, sizes, beliefs, **named):
            plan = super().plan_epoch(phase, sizes, beliefs, **named)
            if beliefs.unlabelled is not None:
                picked = torch.cat([batch.unlabelled for batch in plan.batches])
                seen.append((beliefs.unlabelled.probs, picked))
            return plan

    params = loop(iterations=5, fraction=0.3).params
    trained = train(
        tiny_job(
            Watched(params, classes=3),
            tmp_path,
            unlabelled=unlabelled(),
            labelled_policies=PolicyChain([SuccessiveSmoothing(alpha=0.5)], [weighting]),
        )
    )
    truth = [i % 3 if i % 2 == 0 else -1 for i in range(14)]
    losses = [row["validation_loss"] for row in rows_of(trained)]
    for epoch, (row, (probs, picked)) in enumerate(zip(rows_of(trained), seen, strict=True)):
        predicted = probs.argmax(-1).tolist()
        pool = [i for i in range(14) if max(probs[i].tolist()) > 0.34]
        for name, ids in (("pool", pool), ("picked", picked.tolist())):
            assert row[name] == len(ids)
            for place, label in enumerate(CLASSES):
                assert row[f"{name}_{label}"] == sum(predicted[i] == place for i in ids)
            known = [i for i in ids if truth[i] >= 0]
            if known:
                right = sum(predicted[i] == truth[i] for i in known) / len(known)
                assert row[f"{name}_right"] == pytest.approx(right)
            else:
                assert f"{name}_right" not in row
        assert row["predicted"] == 24
        assert row["predicting_seconds"] >= 0
        assert 0 <= row["labelled_at_floor"] <= 10
        rises = epoch >= 2 and losses[epoch - 1] > losses[epoch - 2]
        assert row["labelled_weights_moved"] == int(rises)
        if epoch < 2:
            assert "labelled_validation_trend" not in row
        else:
            trend = losses[epoch - 1] - losses[epoch - 2]
            assert row["labelled_validation_trend"] == pytest.approx(trend)
    weight = trained.labelled.weight
    last = rows_of(trained)[-1]
    assert last["mean_weight_labelled"] == pytest.approx(weight.mean().item())
    assert last["weight_zero_labelled"] == pytest.approx((weight == 0).double().mean().item())
    # Nothing of it in the first phase, and a histogram per iteration.
    assert not {"pool", "predicted", "labelled_at_floor"} & set(trained.history[0])
    assert [(h.phase, h.epoch, sum(h.counts)) for h in trained.histograms] == [
        ("self_training", epoch, 10) for epoch in range(1, 6)
    ]


def test_a_part_of_the_unlabelled_samples_is_predicted_anew(tmp_path: Path) -> None:
    seen: list[list[int]] = []

    class Watched(SelfTrainingLoop):
        def plan_epoch(self, phase, sizes, beliefs, **named):
            if beliefs.unlabelled is not None:
                uniform = (beliefs.unlabelled.probs == 1 / torch.tensor(3.0)).all(-1)
                seen.append((~uniform).nonzero().flatten().tolist())
            return super().plan_epoch(phase, sizes, beliefs, **named)

    def job(folder: str):
        made = Watched(loop(predict_part=0.3, fraction=0.3).params, classes=3)
        return tiny_job(made, tmp_path / folder, unlabelled=unlabelled(20))

    trained = train(job("first"))
    assert [len(ids) for ids in seen] == [6] * 4
    assert len({tuple(ids) for ids in seen}) == 4
    assert [row["predicted"] for row in rows_of(trained)] == [16] * 4
    assert all(row["picked"] <= row["pool"] <= 6 for row in rows_of(trained))
    assert "Phase 'self_training' predicts 6 of the 20 unlabelled samples" in trained.notes[0]
    train(job("again"))
    assert seen[:4] == seen[4:]
    # The tables of the run are of all samples.
    assert bool((trained.unlabelled.probs != 1 / 3).any(-1).all())


def test_a_tiny_part_is_one_sample(tmp_path: Path) -> None:
    trained = train(tiny_job(loop(predict_part=1e-6), tmp_path))
    assert [row["predicted"] for row in rows_of(trained)] == [11] * 4


def test_what_is_not_predicted_must_not_exceed_tau() -> None:
    params = SelfTrainingParams(tau=0.3, predict_part=0.5)
    with pytest.raises(FerkitError, match=r"loop\.tau: predict_part gives.*Set it to 0\.34 or"):
        make_self_training(params, Context(classes=CLASSES))
    make_self_training(params.model_copy(update={"tau": 0.34}), Context(classes=CLASSES))
    make_self_training(params.model_copy(update={"predict_part": 1.0}), Context(classes=CLASSES))


def test_a5_fraction_1_replaces_as_many_as_the_pool_has(tmp_path: Path) -> None:
    trained = train(tiny_job(loop(fraction=1.0, tau=0.0), tmp_path, labelled=tiny_split(6)))
    for row in rows_of(trained):
        shares = [min(2, row[f"pool_{label}"]) for label in CLASSES]
        assert row["picked"] == sum(shares)
        assert row["step"] % 2 == 0  # 6 samples in batches of 4


def supervised(epochs: int):
    known = catalogue(load())
    chosen = pick_model(known, Kind.SSL_LOOP, "supervised")
    made = chosen(use="supervised", epochs=epochs, patience=None, keep="last")
    return known.build(Kind.SSL_LOOP, made, Context(classes=CLASSES))


@pytest.fixture(scope="module")
def first_model(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    train(tiny_job(supervised(3), folder))
    return folder / "supervised.safetensors"


@pytest.mark.parametrize("without", ["supervised", "fraction 0"])
def test_a6_each_part_by_itself_with_the_same_number_of_updates(
    tmp_path: Path, first_model: Path, without: str
) -> None:
    """Table I: none, ST, SW and ST+SW, all from one first model."""
    iterations, steps = 5, {}
    for st in (False, True):
        for sw in (False, True):
            made = loop(iterations=iterations, fraction=0.3 if st else 0.0)
            updates = [SuccessiveSmoothing(alpha=0.5)] if st or sw else []
            weighting = LossTrendWeighting(c=0.3, sigma=0.1, w0=1.0, window=1)
            trained = train(
                tiny_job(
                    supervised(iterations) if not st and without == "supervised" else made,
                    tmp_path / f"{st} {sw}",
                    training=TrainingSection(
                        batch_size=4, device="cpu", optimiser=OptimiserSection(lr=0.1)
                    ),
                    labelled_policies=PolicyChain(updates, [weighting] if sw else []),
                    init=first_model,
                )
            )
            steps[st, sw] = [phase.steps for phase in trained.phases]
            assert any(row.get("picked", 0) > 0 for row in trained.history) == st
            assert bool((trained.labelled.weight != 1).any()) == sw
            assert bool(trained.histograms) == sw
            assert ("predicted" in trained.history[0]) == (st or sw)
    assert list(steps.values()) == [[iterations * 3]] * 4  # 10 samples in batches of 4


def test_what_a_user_reads_while_it_trains(tmp_path: Path) -> None:
    """The columns of metrics.csv, and the bins beside it, as the run folder holds them."""
    path = tmp_path / "metrics.csv"
    weighting = LossTrendWeighting(c=0.3, sigma=0.1, w0=1.0, window=1)
    train(
        tiny_job(
            loop(),
            tmp_path / "checkpoints",
            unlabelled=unlabelled(),
            labelled_policies=PolicyChain([SuccessiveSmoothing(alpha=0.5)], [weighting]),
            observer=TrainingWatch(path, SilentDisplay(), lambda row: None),
        )
    )
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    counted = ("pool", *(f"pool_{name}" for name in CLASSES), "picked", "predicted")
    for row in rows:
        for column in (*counted, "labelled_at_floor", "labelled_weights_moved"):
            assert row[column].isdigit() == (row["phase"] == "self_training"), column
    with (tmp_path / "weight_histograms.csv").open(newline="") as file:
        bins = list(csv.DictReader(file))
    assert len(bins) == 4 * 21
    assert {row["phase"] for row in bins} == {"self_training"}
    assert sum(int(row["count"]) for row in bins) == 4 * 10
