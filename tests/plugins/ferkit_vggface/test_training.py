"""Frozen and slow blocks in a whole training: accumulation, dropout, resumption."""

from __future__ import annotations

import pytest
import torch

from ferkit.catalogue import catalogue
from ferkit.plugin import Context, Kind
from ferkit.plugins import load
from ferkit.recipe_models import pick_model
from ferkit.sections import OptimiserSection, TrainingSection
from ferkit.testing import tiny_job, tiny_model, tiny_split
from ferkit.training.job import Silence
from ferkit.training.trainer import train

KNOWN = catalogue(load())


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
def job(narrow, named, written, tmp_path):
    """A training of the narrow network with weights from a file; conv1 and conv2 are frozen."""
    file = written(named("underscored"))
    chosen = pick_model(KNOWN, Kind.SSL_LOOP, "supervised")(use="supervised", epochs=3)

    def build():
        backbone = narrow(
            tmp_path, weights=file, freeze="conv2", rates={"conv3": 0.1, "fc6": 0.5}, dropout=0.3
        )
        return tiny_model(backbone=backbone.train())

    def make(folder, observer=None):
        return tiny_job(
            KNOWN.build(Kind.SSL_LOOP, chosen, Context()),
            tmp_path / folder,
            build_model=build,
            labelled=tiny_split(8, size=32),
            unlabelled=None,
            validation=tiny_split(4, size=32, seed=2),
            training=TrainingSection(
                batch_size=4,
                accumulate=2,
                device="cpu",
                threads=1,
                checkpoint_minutes=1e-9,
                optimiser=OptimiserSection(lr=1e-3, weight_decay=0.1),
            ),
            image_size=32,
            observer=observer or Silence(),
        )

    return make


def test_frozen_blocks_keep_the_files_weights(job, named) -> None:
    trained = train(job("whole"))
    rgb = named("dag")
    kept = {
        layer
        for layer in trained.model.backbone.layers
        if torch.equal(trained.model.backbone.layers[layer].weight, rgb[f"{layer}.weight"])
    }
    assert kept == {"conv1_1", "conv1_2", "conv2_1", "conv2_2"}
    assert "conv_" not in trained.notes[0]
    assert "colours in the order BGR" in trained.notes[0]
    torch.testing.assert_close(trained.model.mean[0].item(), 129.186279296875 / 255)


@pytest.mark.parametrize("steps", [1, 4])
def test_resumed_it_is_the_same_bit_for_bit(job, steps) -> None:
    whole = train(job("whole"))
    with pytest.raises(Stop):
        train(job("cut", StopAt(steps)))
    resumed = train(job("cut"), resume=True)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name
    assert resumed.notes == whole.notes
