"""Samples of two splits that are different ones, and show a picture in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ferkit.contracts.data import Problem
from ferkit.data.members import Member
from ferkit.data.overlaps import PAIRS
from ferkit.data.picture_sets import PictureSet
from ferkit.data.pictures import Shows


def shared_pictures(
    parts: Mapping[str, Sequence[Member]], shown: Mapping[str, Sequence[Shows]]
) -> list[Problem]:
    """Count stills and clips of the same images, and parts of videos that overlap.

    Samples that are the same as a whole look alike, which `overlaps` tells.

    Args:
        parts: split -> its members. shown: split -> what each of them shows.
    Returns: a problem for each pair of splits with such samples.
    """
    found = []
    learned = {
        one: PictureSet(picture for shows in shown[one] for picture in shows.pictures)
        for one in dict(PAIRS)
    }
    for one, other in PAIRS:
        keys = {member.key for member in parts[one]}
        names = {shows.name for shows in shown[one]}
        count = sum(
            member.key not in keys
            and shows.name not in names
            and learned[one].has_any(shows.pictures)
            for member, shows in zip(parts[other], shown[other], strict=True)
        )
        if count:
            what = (
                f"{count} of {len(parts[other])} {other} samples show a picture that one of the"
                f" {one} split shows too, as a still of a clip, or where clips overlap; figures on"
                " them flatter the model."
            )
            found.append(Problem("pictures across splits", f"{one}, {other}", what, False))
    return found
