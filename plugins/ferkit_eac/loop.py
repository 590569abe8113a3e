"""The loop `eac`."""

from __future__ import annotations

from torch import Tensor

from ferkit.contracts.data import Clips
from ferkit.contracts.training import Batch, Parts, Prediction, StepResult
from ferkit.data.erasing import erased_view
from ferkit.errors import RunError
from ferkit.plugin import Context
from ferkit.training.labelled import LabelledLoop
from ferkit.training.losses import weighted_cross_entropy
from ferkit_eac.class_maps import class_maps, flip_inconsistency
from ferkit_eac.params import EacParams


class EacLoop(LabelledLoop):
    """Erased weak views are learnt; their class maps are held to those of their mirror images.

    Args:
        params: see `EacParams`.
        seed: of the run; says what is erased.
    """

    def __init__(self, params: EacParams, *, seed: int) -> None:
        super().__init__("eac", params)
        self.params, self.seed = params, seed

    def step(self, batch: Batch, parts: Parts) -> StepResult:
        """Mean cross-entropy plus `weight` times the mean difference of the maps.

        Labels, weights and policies are of the erased images; their mirror images have none.
        """
        ids, views = batch.labelled
        shown, mirrored = self._shown(views["weak"], ids, turn=parts.progress.step)
        student = parts.predict(shown, maps=True)
        decision = parts.decide("labelled", ids, probs="student", student=student)
        learnt = weighted_cross_entropy(
            student.logits, decision, class_weight=parts.class_weight
        ).mean()
        other = parts.predict(mirrored, maps=True)
        inconsistency = self._inconsistency(student, other, shown.valid, parts)
        return StepResult(
            learnt + self.params.weight * inconsistency,
            {"labelled_loss": learnt, "inconsistency": inconsistency},
        )

    def _shown(self, clips: Clips, ids: Tensor, *, turn: int) -> tuple[Clips, Clips]:
        """The erased clips, and the mirrored ones."""

        def erased(view: int) -> Clips:
            return erased_view(
                clips,
                seed=self.seed,
                turn=turn,
                ids=ids,
                probability=self.params.erasing,
                area=self.params.area,
                view=view,
            )

        shown = erased(0)
        frames, valid = shown if self.params.same_erasing else erased(1)
        return shown, Clips(frames.flip(-1), valid)

    @staticmethod
    def _inconsistency(
        student: Prediction, other: Prediction, valid: Tensor, parts: Parts
    ) -> Tensor:
        """(); 0 where there is no valid frame."""
        if student.maps is None or other.maps is None:
            if bool(valid.any()):
                raise RunError("the backbone gives no maps, and 'eac' compares them.", where="loop")
            return student.logits.new_zeros(())
        vectors = parts.class_vectors().detach()
        plain, mirrored = (class_maps(each, vectors) for each in (student.maps, other.maps))
        return flip_inconsistency(plain, mirrored, valid.to(plain.device, non_blocking=True))


def make_eac(params: EacParams, context: Context) -> EacLoop:
    """Factory of the component `eac`."""
    return EacLoop(params, seed=context.seed)
