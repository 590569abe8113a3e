"""The policies of one split: what its samples are to answer and how much they count.

Policies live outside the network that a strategy may wrap. Those that act at the start, by round
or by epoch fill tables over the whole split; those that act every step are asked with the batch.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

import torch
from torch import Tensor

from ferkit.contracts.policies import (
    Beliefs,
    Cadence,
    LabelUpdate,
    Progress,
    SampleWeighting,
)
from ferkit.contracts.training import Decision, Prediction, Split
from ferkit.errors import RunError
from ferkit.training.job import PolicyChain
from ferkit.training.losses import cross_entropy_of_probs
from ferkit.training.policy_answers import own_scale, product, seen_anew
from ferkit.training.policy_checks import check_order, checked_targets, checked_weight

AT_START: tuple[Cadence, ...] = ("start",)


class SplitPolicies:
    """Tables of targets (N, K) and weights (N,), and who keeps them up to date.

    Args:
        split: which one.
        chain: its policies.
        given, given_probs: (N,), (N, K) of the split.
        device: where the tables lie.
    Raises: FerkitError: a label update that acts seldom follows one that acts more often.
    """

    def __init__(
        self,
        split: Split,
        chain: PolicyChain,
        *,
        given: Tensor,
        given_probs: Tensor,
        device: torch.device,
    ) -> None:
        self.split = split
        self.updates = tuple(chain.label_updates)
        self.weightings = tuple(chain.weightings)
        check_order(split, self.updates)
        self.given, self.given_probs = given.to(device), given_probs.to(device)
        self.ids = torch.arange(len(given), device=device)
        self.targets: Tensor | None = None  # (N, K); None: nothing is said of this split yet
        self.predicted: Tensor | None = None  # (N, K) of the whole phase, if predicted once in it
        self.weight = torch.ones(len(given), device=device)
        self.scale: Tensor | None = None
        self.answers: list[Tensor | None] = [None] * len(self.updates)
        self.weights: list[Tensor | None] = [None] * len(self.weightings)
        self.scales: list[Tensor | None] = [None] * len(self.weightings)

    @property
    def keeps_weights(self) -> bool:
        """Whether a weighting fills the table of weights; those of cadence `step` do not."""
        return any(weighting.every != "step" for weighting in self.weightings)

    def wants(self, cadences: Collection[Cadence]) -> bool:
        """Whether some policy acts at one of these moments."""
        return any(policy.every in cadences for policy in self._policies().values())

    def begin(self, progress: Progress, *, adaptive: bool) -> None:
        """At the start of a phase: ask the `start` policies; drop what the others said before,
        unless the phase is adaptive and they go on."""
        self.predicted = None
        if not adaptive:
            self.answers = [None] * len(self.updates)
            self.weights = [None] * len(self.weightings)
            self.scales = [None] * len(self.weightings)
        uniform = torch.full_like(self.given_probs, 1 / self.given_probs.shape[1])
        known = self.given_probs if self.split == "labelled" else uniform
        # Nothing is predicted yet: what is given stands for the predictions.
        beliefs = self._beliefs(known, known)
        if self.split == "labelled":
            self._update(beliefs, progress, AT_START)
        else:
            self.targets = None
        self._weigh(beliefs, progress, AT_START)

    def keep(self, probs: Tensor) -> None:
        """Keep (N, K) predictions for the whole phase."""
        self.predicted = probs.to(self.given_probs.device)

    def beliefs(self, probs: Tensor | None, labelled: Beliefs | None = None) -> Beliefs:
        """Beliefs over the split: predictions and the targets of the finished epoch.

        Args:
            probs: (N, K); None: those that were kept.
        """
        chosen = self.predicted if probs is None else probs
        assert chosen is not None
        probs = chosen.to(self.given_probs.device)
        in_force = probs if self.targets is None else self.targets
        return self._beliefs(probs, in_force, labelled)

    def weighs(self, cadence: Cadence) -> bool:
        """Whether a weighting acts at this moment."""
        return any(weighting.every == cadence for weighting in self.weightings)

    def act(
        self,
        beliefs: Beliefs,
        progress: Progress,
        cadences: Collection[Cadence],
        *,
        losses: Beliefs | None = None,
    ) -> None:
        """Ask the policies of these cadences: weightings first, then label updates.

        Args:
            losses: what weightings get instead of `beliefs`.

        A9 measures losses against the targets that the finished epoch used, so weights move
        before the targets do.
        """
        self._weigh(beliefs if losses is None else losses, progress, cadences)
        self._update(beliefs, progress, self._updating(cadences))

    def acting(self, cadences: Collection[Cadence]) -> list[LabelUpdate | SampleWeighting]:
        """Those that `act` (or, for cadence `step`, `decide`) asks, label updates first."""
        updating = self._updating(cadences)
        return [
            *(update for update in self.updates if update.every in updating),
            *(weighting for weighting in self.weightings if weighting.every in cadences),
        ]

    def _updating(self, cadences: Collection[Cadence]) -> Collection[Cadence]:
        """Cadences of the label updates that are asked together with those of `cadences`."""
        if self.split == "unlabelled" and "step" not in cadences:
            # Nothing is given here: what acts "at the start" acts on the predictions.
            return {*cadences, "start"}
        return cadences

    def decide(
        self,
        ids: Tensor,
        *,
        probs: Tensor | Literal["student"] | None,
        student: Prediction | None,
        progress: Progress,
        adaptive: bool,
        labelled: Beliefs | None = None,
    ) -> tuple[Decision, Beliefs]:
        """Targets and weights of a batch, and the beliefs they were decided on.

        Args: as for `ferkit.contracts.training.Parts.decide`.
        Raises: RunError: no `probs`, and none were predicted for the phase.
        """
        ids = ids.to(self.weight.device)
        scale = None if self.scale is None else self.scale[ids]
        logits = None
        if student is not None:
            own = own_scale(self.weightings, student.features) if adaptive else None
            scale = product(scale, own)
            logits = student.logits if own is None else student.logits * own[:, None]
        if isinstance(probs, str):
            assert logits is not None
            probs = logits.detach().float().softmax(-1)
        if probs is None:
            if self.predicted is None:
                raise RunError(
                    f"the loop gives no predictions of {self.split} samples, and this phase has "
                    "not predicted them once for all its epochs.",
                    where="loop",
                )
            probs = self.predicted[ids]
        table = self._before_steps() if adaptive else self.targets
        target = probs if table is None else table[ids]
        beliefs = Beliefs(
            ids=ids,
            given=self.given[ids],
            given_probs=self.given_probs[ids],
            probs=probs,
            targets=target,
            losses=cross_entropy_of_probs(probs, target),
            labelled=labelled,
            total=len(self.ids),
        )
        acting: set[Cadence] = {"step"} if adaptive else set()
        if student is not None and logits is not None and self.wants(acting):
            beliefs = beliefs._replace(
                student_probs=logits.softmax(-1), student_features=student.features
            )
        if table is None:
            acting.add("start")
        anew = False
        for update in self.updates:
            if update.every in acting or (anew and update.every == "start"):
                anew = True
                said = update.update(beliefs._replace(targets=target), progress)
                target, beliefs = said.target, seen_anew(beliefs, said)
        weight = self.weight[ids]
        penalty = weight.new_zeros(())
        for weighting in self.weightings:
            if adaptive and weighting.every == "step":
                weighed = weighting.weigh(beliefs._replace(targets=target), target, progress)
                weight, penalty = weight * weighed.weight, penalty + weighed.penalty
                scale = product(scale, weighed.logit_scale)
        return Decision(target, weight, penalty, scale), beliefs._replace(targets=target)

    def _beliefs(self, probs: Tensor, targets: Tensor, labelled: Beliefs | None = None) -> Beliefs:
        losses = cross_entropy_of_probs(probs, targets)
        return Beliefs(
            self.ids,
            self.given,
            self.given_probs,
            probs,
            targets,
            losses,
            labelled=labelled,
            total=len(self.ids),
        )

    def _before_steps(self) -> Tensor | None:
        """The targets that the first update of cadence `step` is handed, (N, K); None where that
        is the prediction of the step. Without such an update those in force."""
        places = [place for place, update in enumerate(self.updates) if update.every == "step"]
        if not places:
            return self.targets
        said = [answer for answer in self.answers[: places[0]] if answer is not None]
        if said:
            return said[-1]
        return self.given_probs if self.split == "labelled" else None

    def _update(self, beliefs: Beliefs, progress: Progress, cadences: Collection[Cadence]) -> None:
        current = self.given_probs if self.split == "labelled" else beliefs.probs
        anew = False
        for place, update in enumerate(self.updates):
            asked = update.every in cadences or (anew and update.every == "start")
            if asked and update.every != "step":
                anew = True
                said = update.update(beliefs._replace(targets=current), progress)
                self.answers[place] = checked_targets(said.target, current, update)
                beliefs = seen_anew(beliefs, said)
            answer = self.answers[place]
            current = current if answer is None else answer
        self.targets = current

    def _weigh(self, beliefs: Beliefs, progress: Progress, cadences: Collection[Cadence]) -> None:
        for place, weighting in enumerate(self.weightings):
            if weighting.every in cadences and weighting.every != "step":
                said = weighting.weigh(beliefs, beliefs.targets, progress)
                self.weights[place] = checked_weight(said.weight, self.weight, weighting)
                self.scales[place] = said.logit_scale
        self.weight, self.scale = torch.ones_like(self.weight), None
        for weight, scale in zip(self.weights, self.scales, strict=True):
            self.weight = self.weight if weight is None else self.weight * weight
            self.scale = product(self.scale, scale)

    def state_dict(self) -> dict[str, Tensor]:
        """All tables, and the policies' own state, as tensors by name."""
        state = {"weight": self.weight}
        optional = {"targets": self.targets, "scale": self.scale, "predicted": self.predicted}
        for name, table in (
            ("answer", self.answers),
            ("weights", self.weights),
            ("scales", self.scales),
        ):
            optional |= {f"{name}.{place}": tensor for place, tensor in enumerate(table)}
        state |= {name: tensor for name, tensor in optional.items() if tensor is not None}
        for name, policy in self._policies().items():
            if hasattr(policy, "state_dict"):
                state |= {f"{name}.{key}": value for key, value in policy.state_dict().items()}
        return state

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Take back what `state_dict` gave."""
        state = {name: tensor.to(self.weight.device) for name, tensor in state.items()}
        self.weight = state["weight"]
        self.targets, self.scale = state.get("targets"), state.get("scale")
        self.predicted = state.get("predicted")
        self.answers = [state.get(f"answer.{place}") for place in range(len(self.updates))]
        self.weights = [state.get(f"weights.{place}") for place in range(len(self.weightings))]
        self.scales = [state.get(f"scales.{place}") for place in range(len(self.weightings))]
        for name, policy in self._policies().items():
            if hasattr(policy, "load_state_dict"):
                start = f"{name}."
                own = {k.removeprefix(start): v for k, v in state.items() if k.startswith(start)}
                policy.load_state_dict(own)

    def _policies(self) -> dict[str, Any]:
        named: dict[str, Any] = {f"update{place}": p for place, p in enumerate(self.updates)}
        return named | {f"weighting{place}": p for place, p in enumerate(self.weightings)}
