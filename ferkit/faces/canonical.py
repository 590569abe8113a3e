"""One way to write settings that cut the same crops, so that nothing is prepared twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ferkit.contracts.faces import Sampling


def canonical_sampling(mode: Literal["all", "every", "even", "fps"], value: float) -> Sampling:
    """The same frames, said in one way: counts rounded, no value where none is used.

    Args:
        value: > 0; frames, or frames per second.
    """
    if mode == "all":
        return Sampling(mode)
    if mode == "fps":
        return Sampling(mode, int(value) if float(value).is_integer() else value)
    return Sampling(mode, max(1, round(value)))


def canonical(
    settings: Mapping[str, Any],
    *,
    regions: Sequence[str],
    least_score: float,
    idle_enhancer: bool,
) -> dict[str, Any]:
    """Settings without what changes no crop; equal wherever the crops are.

    * Without a detector nobody is followed, chosen or left out for a score, so `tracking`, `keep`
      and `min_score` are null.
    * With one, `min_score` is the number in force, also where the detector gives it.
    * An enhancer that changes nothing is none at all. Not so where it gets the face, from which
      the other regions are then cut: that second resampling stays.
    * Without an enhancer `enhance` is null; with one region, "crops" is "face".

    Args:
        settings: detector, cropper, enhancer as mappings or None; tracking, keep, min_score,
            enhance as in the recipe; `enhancer_files` and whatever else there is.
        regions: of the cropper.
        least_score: faces below are not used.
        idle_enhancer: whether the enhancer leaves images as they are.
    """
    answer = dict(settings)
    if answer["detector"] is None:
        answer |= {"tracking": None, "keep": None, "min_score": None}
    else:
        answer["min_score"] = least_score
    if answer["enhance"] == "crops" and len(regions) == 1:
        answer["enhance"] = "face"
    cut_again = answer["enhance"] == "face" and len(regions) > 1
    if answer["enhancer"] is None or (idle_enhancer and not cut_again):
        answer |= {"enhancer": None, "enhance": None}
        answer.pop("enhancer_files", None)
    return answer
