"""What ten votes about an image amount to, by the rules of FER+.

The counts of an image are ten: of the eight expressions in the order of `COLUMNS`, of "unknown"
and of "no face". Rules follow the authors' programme (github.com/microsoft/FERPlus,
src/ferplus.py); arXiv:1608.01041 describes them in less detail.
"""

from __future__ import annotations

from collections.abc import Sequence

from ferkit.data.keyed import text_key

COLUMNS = {
    "neutral": "neutral",
    "happiness": "happy",
    "surprise": "surprise",
    "sadness": "sad",
    "anger": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "contempt": "contempt",
}
"""Its columns in order, and their classes here; `unknown` and `NF` follow."""

EXPRESSIONS = len(COLUMNS)
MOST_PEAKS = 3
ENOUGH, LEAST = 0.75, 0.5
"""Of all votes: no more peaks are taken from here on; not more than this is too few."""


def without_outliers(counts: Sequence[int]) -> list[int]:
    """Expressions that one person alone named count as not named."""
    return [count if count > 1 else 0 for count in counts]


def majority(counts: Sequence[int]) -> int | None:
    """The place that has more than half of the votes, outliers apart; None if none has.

    It may be one of the last two: unknown or no face.
    """
    kept = without_outliers(counts)
    most = max(kept)
    return kept.index(most) if most > LEAST * sum(kept) else None


def distribution(counts: Sequence[int]) -> list[float] | None:
    """The share of each expression among the highest counts; None where the image is left out.

    The highest counts are taken in turn, equal ones together, until three quarters of the votes
    are covered or three are taken. Unknown or no face ends that and does not count. Too few votes
    covered, or more than three expressions of equal height, and the image is left out.
    """
    kept = without_outliers(counts)
    total = sum(kept)
    taken: dict[int, int] = {}
    for height in sorted(set(kept) - {0}, reverse=True):
        if sum(taken.values()) >= ENOUGH * total or len(taken) >= MOST_PEAKS:
            break
        peaks = [place for place, count in enumerate(kept) if count == height]
        taken |= {place: height for place in peaks if place < EXPRESSIONS}
        if peaks[-1] >= EXPRESSIONS:
            break
    covered = sum(taken.values())
    if covered <= LEAST * total or len(taken) > MOST_PEAKS:
        return None
    return [taken.get(place, 0) / covered for place in range(EXPRESSIONS)]


def drawn(shares: Sequence[float], *, seed: int, image: str) -> int:
    """One place, drawn by the shares; the same for an image and a seed."""
    height = text_key(f"ferplus {seed} {image}") * 2.0**-64  # [0, 1)
    last = max(place for place, share in enumerate(shares) if share > 0)
    for place, share in enumerate(shares[:last]):
        height -= share
        if height < 0:
            return place
    return last  # also where rounding left the sum of the shares below 1
