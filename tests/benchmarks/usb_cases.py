"""What `usb_steps.py` compares by USB's `train_step`: both sides of each method."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from ferkit_alignment.distribution_alignment import DistributionAlignment
from ferkit_basics.confidence import ConfidenceWeighting
from ferkit_basics.hard import HardTargets
from ferkit_fixmatch.loop import make_fixmatch
from ferkit_fixmatch.params import FixMatchParams
from ferkit_flexmatch.equations import learning_effect
from ferkit_flexmatch.flexmatch import FlexMatchWeighting
from ferkit_freematch.freematch import AVERAGES, FreeMatchWeighting
from ferkit_freematch.params import FreeMatchParams
from ferkit_mean_teacher.loop import make_mean_teacher
from ferkit_mean_teacher.params import MeanTeacherParams
from ferkit_pi_model.loop import make_pi_model
from ferkit_pi_model.params import PiModelParams
from ferkit_pseudo_label.loop import make_pseudo_label
from ferkit_pseudo_label.params import PseudoLabelParams
from ferkit_softmatch.params import SoftMatchParams
from ferkit_softmatch.softmatch import SoftMatchWeighting
from ferkit_uda.loop import make_uda
from ferkit_uda.params import UdaParams
from ferkit_uda.sharpen import SharpenedTargets
from ferkit_uda.signal_annealing import SignalAnnealing, annealing_threshold
from torch import Tensor
from usb_outputs import CLASSES, TOTAL

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Weights
from ferkit.plugin import Context

CONTEXT = Context()
STRONG = {"first": "weak", "second": "strong"}
TWO_WEAK = {"first": "weak2", "second": "weak"}
ALIGNED = torch.arange(1.0, CLASSES + 1) / sum(range(CLASSES + 1))

State = Callable[[Any, Any], Sequence[tuple[Tensor, Tensor]]]


class Case(NamedTuple):
    """usb: name and settings of USB's side. loop: ours. views: of ours, by USB's.
    slip: what ours does as USB, "" if nothing. published: whether it is left as it is instead."""

    name: str
    usb: tuple[str, dict[str, object]]
    loop: Any
    updates: Sequence[Any] = ()
    weightings: Sequence[Any] | None = None
    labelled: Sequence[Any] = ()
    views: Mapping[str, str] = STRONG
    align: Tensor | None = None
    state: State = lambda theirs, mine: ()
    slip: str = ""
    published: bool = False


class UsbAnnealing:
    """Training signal annealing as USB has it: the largest probability decides, not that of the
    given class, and the mean is over all samples, not over those that are left."""

    every: Cadence = "step"

    def weigh(self, beliefs: Beliefs, targets: Tensor, progress: Progress) -> Weights:
        assert beliefs.student_probs is not None
        most = annealing_threshold("linear", t=progress.step / progress.steps, classes=CLASSES)
        weight = (beliefs.student_probs.detach().amax(-1) <= most).float()
        return Weights(weight, weight.new_zeros(()))


def aligned_state(theirs: Any, mine: Any) -> list[tuple[Tensor, Tensor]]:
    state = mine[0].state_dict()
    return [(theirs.hooks_dict["DistAlignHook"].p_model, state["mean_prediction"])]


def flexmatch_state(theirs: Any, mine: Any) -> list[tuple[Tensor, Tensor]]:
    hook, state = theirs.hooks_dict["MaskingHook"], mine[-1].state_dict()
    unused = TOTAL - state["counts"].sum()
    effect = learning_effect(state["counts"], unused, warm_up=mine[-1].warm_up)
    return [(hook.selected_label, state["latest"][:-1]), (hook.classwise_acc, effect)]


def freematch_state(theirs: Any, mine: Any) -> list[tuple[Tensor, Tensor]]:
    hook, state = theirs.hooks_dict["MaskingHook"], mine[-1].state_dict()
    said = (hook.time_p, hook.p_model, hook.label_hist)
    return [(one, state[name]) for one, name in zip(said, AVERAGES, strict=True)]


def softmatch_state(theirs: Any, mine: Any) -> list[tuple[Tensor, Tensor]]:
    hook, state = theirs.hooks_dict["MaskingHook"], mine[-1].state_dict()
    moments = torch.stack([hook.prob_max_mu_t, hook.prob_max_var_t])
    mean = theirs.hooks_dict["DistAlignHook"].p_model
    return [(moments, state["moments"]), (mean, state["mean_prediction"])]


def both_sides() -> list[Case]:
    """All that are compared by `train_step`; new policies each."""
    fixmatch = make_fixmatch(FixMatchParams(), CONTEXT)
    uda = make_uda(UdaParams(), CONTEXT)
    hard, sure = HardTargets(), ConfidenceWeighting(0.95)
    pi = PiModelParams(weight=10.0, ramp="linear", ramp_share=0.4, labelled_too=False)
    one_way = make_pi_model(pi, CONTEXT)
    one_way.both_ways = False
    mean_teacher = MeanTeacherParams(weight=10.0, ramp="linear", ramp_share=0.4)
    uda_usb: dict[str, object] = {"T": 0.4, "p_cutoff": 0.8}
    tsa = {**uda_usb, "tsa_schedule": "linear"}
    quantile = FreeMatchParams(quantile=0.8, limit=0.95)
    heavy: dict[str, object] = {"ulb_loss_ratio": 10.0, "unsup_warm_up": 0.4}
    return [
        Case(
            "pseudo-label",
            ("pseudolabel", {}),
            make_pseudo_label(PseudoLabelParams(), CONTEXT),
            [hard],
            [sure],
            views={"first": "weak"},
        ),
        Case(
            "Pi-model",
            ("pimodel", heavy),
            one_way,
            views=TWO_WEAK,
            slip="no gradient through one of the two views; unlabelled samples alone",
        ),
        Case(
            "Pi-model",
            ("pimodel", heavy),
            make_pi_model(pi.model_copy(update={"labelled_too": True}), CONTEXT),
            views=TWO_WEAK,
            published=True,
        ),
        Case(
            "MeanTeacher",
            ("meanteacher", heavy),
            make_mean_teacher(mean_teacher.model_copy(update={"labelled_too": False}), CONTEXT),
            views=TWO_WEAK,
            slip="unlabelled samples alone are held to the teacher",
        ),
        Case(
            "MeanTeacher",
            ("meanteacher", heavy),
            make_mean_teacher(mean_teacher, CONTEXT),
            views=TWO_WEAK,
            published=True,
        ),
        Case(
            "UDA",
            ("uda", uda_usb),
            uda,
            [SharpenedTargets(1.0)],
            [ConfidenceWeighting(0.8)],
            slip="the temperature is not used, as it is handed probabilities",
        ),
        Case(
            "UDA",
            ("uda", uda_usb),
            uda,
            [SharpenedTargets(0.4)],
            [ConfidenceWeighting(0.8)],
            published=True,
        ),
        Case(
            "UDA, annealing",
            ("uda", tsa),
            uda,
            [SharpenedTargets(1.0)],
            [ConfidenceWeighting(0.8)],
            [UsbAnnealing()],
            slip="as UDA; the largest probability decides instead of the given class's, and the "
            "mean is over all samples",
        ),
        Case(
            "UDA, annealing",
            ("uda", tsa),
            uda,
            [SharpenedTargets(0.4)],
            [ConfidenceWeighting(0.8)],
            [SignalAnnealing("linear")],
            published=True,
        ),
        Case("FixMatch", ("fixmatch", {}), fixmatch, [hard], [sure]),
        Case(
            "FixMatch, use_cat: false", ("fixmatch", {"use_cat": False}), fixmatch, [hard], [sure]
        ),
        Case(
            "FixMatch, aligned to equal classes",
            ("fixmatch", {}),
            fixmatch,
            [DistributionAlignment("uniform", momentum=0.99), hard],
            [sure],
            align=torch.full((CLASSES,), 1 / CLASSES),
            state=aligned_state,
        ),
        Case(
            "FixMatch, aligned to given shares",
            ("fixmatch", {}),
            fixmatch,
            [DistributionAlignment(ALIGNED, momentum=0.99), hard],
            [sure],
            align=ALIGNED,
            state=aligned_state,
        ),
        *(
            Case(
                f"FlexMatch{', without warm-up' * (not warm)}",
                ("flexmatch", {"ulb_dest_len": TOTAL, "thresh_warmup": warm}),
                fixmatch,
                [hard],
                [FlexMatchWeighting(0.95, mapping="convex", warm_up=warm)],
                state=flexmatch_state,
            )
            for warm in (True, False)
        ),
        Case(
            "FreeMatch",
            ("freematch", {"ema_p": 0.999}),
            fixmatch,
            [hard],
            [FreeMatchWeighting(FreeMatchParams())],
            state=freematch_state,
        ),
        Case(
            "FreeMatch, quantile and limit, momentum .99",
            ("freematch", {"ema_p": 0.99, "use_quantile": True, "clip_thresh": True}),
            fixmatch,
            [hard],
            [FreeMatchWeighting(quantile.model_copy(update={"momentum": 0.99}))],
            state=freematch_state,
        ),
        *(
            Case(
                f"SoftMatch, momentum {momentum}",
                ("softmatch", {"ema_p": momentum}),
                fixmatch,
                [hard],
                [SoftMatchWeighting(SoftMatchParams(momentum=momentum))],
                state=softmatch_state,
            )
            for momentum in (0.999, 0.97)
        ),
    ]
