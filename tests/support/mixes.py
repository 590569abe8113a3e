"""Which methods each mix of the recipe compare/mixes is made of."""

from __future__ import annotations

PARENTS = {
    "flex_replacement": ("self_training_half", "flexmatch_no_warm_up"),
    "fixmatch_loss_trend": ("fixmatch", "loss_trend"),
    "noisy_student_scn": ("noisy_student", "scn"),
    "softmatch_elr": ("softmatch", "elr"),
    "fixmatch_scn": ("fixmatch", "scn"),
    "mean_teacher_gmm": ("mean_teacher", "gmm"),
    "mixmatch_confident_joint": ("mixmatch", "confident_joint"),
    "uda_alignment": ("uda", "alignment"),
}
