"""A step in bf16: of a narrow network on the CPU, of the whole one where there is a GPU."""

from __future__ import annotations

import math

import pytest
import torch
from ferkit_vggface.backbone import make_vggface
from ferkit_vggface.network import FULL, Widths
from ferkit_vggface.params import VggFaceParams

from ferkit.catalogue import catalogue
from ferkit.plugin import Context, Kind
from ferkit.plugins import load
from ferkit.recipe_models import pick_model
from ferkit.sections import TrainingSection
from ferkit.testing import tiny_job, tiny_model, tiny_split
from ferkit.training.trainer import train


@pytest.mark.parametrize(
    ("device", "widths", "size"),
    [
        ("cpu", Widths((3, 4, 5, 6, 7), 8), 32),
        pytest.param(
            "cuda",
            FULL,
            224,
            marks=[
                pytest.mark.gpu,
                pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA"),
                # Max pooling has no deterministic gradient on CUDA; torch says so.
                pytest.mark.filterwarnings("ignore:.*deterministic.*:UserWarning"),
            ],
        ),
    ],
)
def test_a_step_of_32_in_bf16(device, widths, size, tmp_path) -> None:
    known = catalogue(load())
    chosen = pick_model(known, Kind.SSL_LOOP, "supervised")(
        use="supervised", epochs=1, patience=None
    )
    kinds, first = set(), {}

    def build():
        backbone = make_vggface(VggFaceParams(), Context(image_size=size), widths=widths)
        backbone.layers["fc7"].register_forward_hook(lambda *given: kinds.add(given[2].dtype))
        first["fc7"] = backbone.layers["fc7"].weight.detach().clone()
        return tiny_model(backbone=backbone)

    trained = train(
        tiny_job(
            known.build(Kind.SSL_LOOP, chosen, Context()),
            tmp_path,
            build_model=build,
            labelled=tiny_split(32, size=size),
            unlabelled=None,
            validation=None,
            training=TrainingSection(
                batch_size=32, precision="bf16-mixed", device=device, threads=1
            ),
            image_size=size,
        )
    )
    (row,) = trained.history
    assert row["step"] == 1
    assert math.isfinite(row["train_loss"])
    assert kinds == {torch.bfloat16}
    last = trained.model.backbone.layers["fc7"].weight
    assert last.dtype == torch.float32
    assert last.device.type == device
    assert not torch.equal(last.cpu(), first["fc7"])
    assert bool(trained.labelled.probs.isfinite().all())
