"""Predictions under noise: on an augmented view, with dropout on (an arm of B26)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, closing

import torch
from torch import Tensor, nn

from ferkit.contracts.training import BatchIds
from ferkit.model.face_model import FaceModel
from ferkit.training.batches import BatchMaker, Piece
from ferkit.training.devices import seed_device
from ferkit.training.predict import evaluating, id_batches

DROPOUT = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)


class dropping(AbstractContextManager[None]):
    """Evaluation mode within, but for dropout, which acts; the mode before it afterwards.

    Args:
        probability: of the dropout before the head within; layers of the backbone keep theirs.
    """

    def __init__(self, model: FaceModel, probability: float) -> None:
        self._model, self._evaluating = model, evaluating(model)
        self._within, self._before = probability, model.dropout.p

    def __enter__(self) -> None:
        self._evaluating.__enter__()
        self._model.dropout.p = self._within
        for part in self._model.modules():
            if isinstance(part, DROPOUT):
                part.train()

    def __exit__(self, *error: object) -> None:
        self._model.dropout.p = self._before
        self._model.eval()  # also where it was in evaluation mode before
        self._evaluating.__exit__(*error)


def predict_noisy(
    model: FaceModel,
    maker: BatchMaker,
    places: Tensor,
    *,
    samples: int,
    view: str,
    dropout: float | None,
    phase: str,
    epoch: int,
    seed: int,
    batch_size: int,
    device: torch.device,
    autocast: Callable[[], AbstractContextManager[object]],
    between: Callable[[], None],
) -> Tensor:
    """Class probabilities of unlabelled samples, each predicted once under noise.

    Args:
        maker: makes `view` of unlabelled samples.
        places: (m,) int64 ids on the CPU, those to predict; the others get equal probabilities.
        samples: N.
        dropout: its probability before the head; None: dropout does not act.
        phase, epoch: what the view is keyed by, together with the sample.
        seed: of dropout's first batch; the next ones count on.
        between: called after each batch; may raise to stop.
    Returns: (N, K) float32 on the CPU.
    """
    nobody = torch.arange(0)
    pieces = [
        Piece(BatchIds(nobody, places[piece]), 1.0, True)
        for piece in id_batches(len(places), batch_size)
    ]
    found = torch.empty((len(places), model.classes), device=device)
    done = 0
    with closing(maker.batches(pieces, phase=phase, epoch=epoch)) as batches:
        for number, (_, batch) in enumerate(batches):
            clips = batch.unlabelled.views[view]
            seed_device(seed + number, device)
            mode = evaluating(model) if dropout is None else dropping(model, dropout)
            with torch.no_grad(), autocast(), mode:
                logits = model(clips.frames, clips.valid).logits
            found[done : done + len(logits)] = logits.softmax(-1)
            done += len(logits)
            between()
    probs = torch.full((samples, model.classes), 1 / model.classes)
    probs[places] = found.cpu()
    return probs
