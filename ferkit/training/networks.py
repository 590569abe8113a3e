"""Makes the networks that phases train, with the weights that they start from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ferkit.contracts.training import NetworkName, Phase
from ferkit.errors import FerkitError, RunError
from ferkit.model.face_model import FaceModel
from ferkit.training.devices import seed_device
from ferkit.training.job import TrainingJob
from ferkit.training.weights import differing, load_init


class Networks:
    """The networks of a training, by the name of their section.

    Args:
        job: what is trained.
        seed: (round, number) -> seed of a network's first weights.
        statistics: mean and deviation of the training pixels, (3,) each.
        note: told what the user must read.
    """

    def __init__(
        self,
        job: TrainingJob,
        *,
        seed: Callable[[int, int], int],
        statistics: Callable[[], tuple[Tensor, Tensor]],
        note: Callable[[str], None],
    ) -> None:
        self._job, self._seed, self._statistics, self._note = job, seed, statistics, note
        self.new_head = False
        """Whether the last layer of what was made last starts anew though weights were given."""

    def blank(self, network: NetworkName, round_: int) -> list[FaceModel]:
        """Networks with weights of their own seeds, keyed by the round: the same for every loop.

        Changes torch's global generator. Raises: RunError: not a network.
        """
        build = self._job.blueprint(network).build
        made = []
        for number in range(self._job.loop.networks):
            seed_device(self._seed(round_, number), torch.device("cpu"))  # they are made there
            model = build()
            if not isinstance(model, FaceModel):
                raise RunError(f"build_model gave a {type(model).__name__}, not a FaceModel.")
            made.append(model)
        return made

    def starting(
        self, phase: Phase, *, before: Sequence[FaceModel], trained: NetworkName
    ) -> list[FaceModel]:
        """The networks of a phase that begins, on the CPU unless they are those of `before`.

        Args:
            before: those that were handed on; () at the start of the training.
            trained: name of these.
        Raises: FerkitError: weights are of another network.
        """
        if before and phase.start == "previous":
            if phase.network == trained:
                return list(before)
            return self._taken_over(phase, before)
        made = self.blank(phase.network, phase.round)
        blueprint = self._job.blueprint(phase.network)
        init = blueprint.init if not before or phase.start == "initial" else None
        if init is None and phase.network == "student" and self._job.init is not None:
            why = "stands for its teacher" if self._job.init_is_first else "is of another network"
            self._note(f"The student starts without the recipe's 'init', which {why}.")
        self.new_head = False
        statistics = None
        for model in made:
            if init is not None:  # with its normalisation
                self.new_head = not load_init(
                    model, init, classes=self._job.classes, note=self._note
                )
                continue
            for part in model.modules():
                for text in getattr(part, "weight_notes", ()):
                    self._note(text)
            if not model.own_normalisation:
                statistics = statistics or self._input_statistics(before)
                model.set_normalisation(*statistics)
        return made

    def _input_statistics(self, before: Sequence[FaceModel]) -> tuple[Tensor, Tensor]:
        """Inputs stay normalised as before, unless that was a backbone's own way."""
        if before and not before[0].own_normalisation:
            return before[0].mean, before[0].std
        return self._statistics()

    def _taken_over(self, phase: Phase, before: Sequence[FaceModel]) -> list[FaceModel]:
        """Networks of another section with the weights that were handed on."""
        made = self.blank(phase.network, phase.round)
        for model, handed_on in zip(made, before, strict=True):
            tensors = handed_on.state_dict()
            differences = differing(model.state_dict(), tensors)
            if differences:
                raise FerkitError(
                    f"phase '{phase.name}' starts from the weights of the phase before, which are "
                    f"of another network: {differences}.",
                    where="student.model",
                    hint="This loop needs a student like the model.",
                )
            model.load_state_dict(tensors)
        return made
