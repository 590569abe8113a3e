"""Clean predictions: streamed, in evaluation mode, in a precision of their own."""

from __future__ import annotations

import threading
import weakref
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from ferkit.contracts.training import Phase
from ferkit.data.loader import SplitData
from ferkit.errors import FerkitError
from ferkit.sections import OptimiserSection, TrainingSection
from ferkit.testing import TinyBackbone, tiny_job, tiny_model, tiny_split
from ferkit.training.predict import predict, prediction_autocast
from ferkit.training.trainer import train

CPU = torch.device("cpu")


def section(**changes) -> TrainingSection:
    given = {"batch_size": 4, "device": "cpu", "optimiser": OptimiserSection(lr=1e-2)}
    return TrainingSection(**(given | changes))


class Alive:
    """Counts which of the batches that a split has read are still held."""

    def __init__(self, split: SplitData) -> None:
        self.now = self.most = self.reads = 0
        self._read, self._lock = split.read, threading.Lock()
        self.split = replace(split, read=self.read)

    def read(self, ids, frames):
        clips = self._read(ids, frames)
        with self._lock:
            self.now += 1
            self.reads += 1
            self.most = max(self.most, self.now)
        weakref.finalize(clips.frames, self._freed)
        return clips

    def _freed(self) -> None:
        with self._lock:
            self.now -= 1


def test_however_many_samples_only_a_few_batches_are_held() -> None:
    outputs: list[weakref.ref] = []
    most = 0

    def look(module, given, output):
        nonlocal most
        outputs.append(weakref.ref(output.features))
        most = max(most, sum(ref() is not None for ref in outputs))

    model = tiny_model()
    model.register_forward_hook(look)
    seen = []
    for count in (40, 400):
        alive = Alive(tiny_split(count))
        probs = predict(model, alive.split, frames=1, batch_size=4, device=CPU)
        assert probs.shape == (count, 3)
        assert alive.reads == count // 4
        assert alive.now == 0
        seen.append(alive.most)
    assert seen[1] <= 6  # two read ahead, one in the making, one or two in use
    assert most <= 3
    # What stays is the answer: (N, K) float32 and nothing behind it.
    assert probs.untyped_storage().nbytes() == 400 * 3 * 4


def test_chosen_samples_are_predicted_and_the_others_equal() -> None:
    model, split = tiny_model(), tiny_split(11)
    whole = predict(model, split, frames=1, batch_size=4, device=CPU)
    chosen = torch.tensor([9, 2, 5, 7, 0])
    some = predict(model, split, frames=1, batch_size=2, device=CPU, chosen=chosen)
    torch.testing.assert_close(some[chosen], whole[chosen])
    rest = [i for i in range(11) if i not in chosen]
    assert some[rest].tolist() == torch.full((6, 3), 1 / 3).tolist()
    first = predict(model, split, frames=1, batch_size=2, device=CPU, chosen=chosen, limit=1)
    assert (first != 1 / 3).any(-1).nonzero().flatten().tolist() == [9]
    none = predict(model, split, frames=1, batch_size=2, device=CPU, chosen=chosen[:0])
    assert none.tolist() == torch.full((11, 3), 1 / 3).tolist()


class WithNorm(TinyBackbone):
    """Also has batch statistics and a dropout of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.drop = nn.BatchNorm2d(3), nn.Dropout(0.5)

    def forward(self, images):
        return super().forward(self.drop(self.norm(images.flatten(0, 1))).reshape(images.shape))


def test_before_an_epoch_all_of_a_network_is_in_evaluation_mode_on_the_clean_view(
    make_loop, tmp_path: Path
) -> None:
    """A3: no augmentation, no dropout, running statistics, and these stay as they are."""
    predicted, trained_on = [], []

    def build():
        model = tiny_model(backbone=WithNorm(), dropout=0.9)
        model.register_forward_pre_hook(look)
        return model

    def look(module, given):
        modes = {part.training for part in module.modules()}
        assert modes == {torch.is_grad_enabled()}
        frames = given[0]
        (trained_on if torch.is_grad_enabled() else predicted).append(frames)
        if not torch.is_grad_enabled():
            held.append((module, module.backbone.norm.running_mean.clone()))

    held: list[tuple[nn.Module, torch.Tensor]] = []
    unlabelled = tiny_split(14, labelled=False, seed=1)
    job = tiny_job(
        make_loop(Phase("only", 1, beliefs=True, keep="last")),
        tmp_path,
        training=section(prediction_batch_size=100),
        unlabelled=unlabelled,
        build_model=build,
    )
    train(job)
    for split, frames in zip((job.labelled, unlabelled), predicted, strict=False):
        clean = split.read(torch.arange(len(split)), 2).frames
        assert torch.equal(frames, clean.float() / 255)
    # The steps see augmented views: in this job they differ from every clean one.
    clean = predicted[0][:, :1]
    assert not any((each[:, None] == clean[None]).flatten(2).all(-1).any() for each in trained_on)
    assert torch.equal(held[0][1], held[1][1])
    assert not torch.equal(held[1][1], held[2][1])  # the epoch moved them


def test_precision_of_predictions_is_that_of_the_beliefs_alone(make_loop, tmp_path: Path) -> None:
    kinds: list[tuple[int, torch.dtype, bool]] = []

    def build():
        model = tiny_model()
        model.backbone.layer.register_forward_hook(
            lambda _, given, output: kinds.append(
                (len(given[0]), output.dtype, torch.is_grad_enabled())
            )
        )
        return model

    job = tiny_job(
        make_loop(Phase("only", 1, beliefs=True, keep="last")),
        tmp_path,
        training=section(prediction_precision="bf16-mixed", prediction_batch_size=100),
        validation=tiny_split(6, seed=2),
        build_model=build,
    )
    trained = train(job)
    half, full = torch.bfloat16, torch.float32
    passes = [(count, kind) for count, kind, steps in kinds if not steps]
    assert passes == [(10, half), (14, half), (6, full), (10, full), (14, full)]
    assert {kind for _, kind, steps in kinds if steps} == {full}
    assert trained.labelled.probs.dtype == torch.float32


def test_full_precision_within_half_precision_training(make_loop, tmp_path: Path) -> None:
    kinds = []

    def build():
        model = tiny_model()
        model.backbone.layer.register_forward_hook(
            lambda _, given, output: kinds.append((output.dtype, torch.is_grad_enabled()))
        )
        return model

    changes = {"precision": "bf16-mixed", "prediction_precision": "32-true"}
    job = tiny_job(
        make_loop(Phase("only", 1, beliefs=True, keep="last")),
        tmp_path,
        training=section(**changes),
        unlabelled=None,
        validation=None,
        build_model=build,
    )
    train(job)
    beliefs = [kind for kind, steps in kinds if not steps][:1]
    assert beliefs == [torch.float32]
    assert {kind for kind, steps in kinds if steps} == {torch.bfloat16}


def test_auto_is_the_training_precision_on_a_cpu() -> None:
    def training():
        return nullcontext()

    assert prediction_autocast("auto", CPU, training) is training
    assert prediction_autocast("32-true", CPU, training) is nullcontext


def test_16_mixed_needs_a_gpu(make_loop, tmp_path: Path) -> None:
    job = tiny_job(make_loop(), tmp_path, training=section(prediction_precision="16-mixed"))
    with pytest.raises(FerkitError, match=r"training\.prediction_precision: '16-mixed' needs a GP"):
        train(job)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_auto_is_bf16_on_a_gpu_that_has_it() -> None:
    device = torch.device("cuda", 0)
    made = prediction_autocast("auto", device, nullcontext)
    if torch.cuda.get_device_capability(device) < (8, 0):
        assert made is nullcontext
        return
    model, split = tiny_model().to(device), tiny_split(20)
    kinds = []
    model.backbone.layer.register_forward_hook(lambda *given: kinds.append(given[2].dtype))
    half = predict(model, split, frames=1, batch_size=8, device=device, autocast=made)
    assert set(kinds) == {torch.bfloat16}
    whole = predict(model, split, frames=1, batch_size=8, device=device)
    assert half.dtype == whole.dtype == torch.float32
    assert (half - whole).abs().max() < 0.02
