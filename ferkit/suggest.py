"""Close matches for messages: what somebody who mistyped a name probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name closest to `name`, or None if none comes near."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def hint(name: str, known: Iterable[str], *, label: str = "Known") -> str:
    """A sentence for an error: the nearest name, else the whole list, else "".

    Args:
        name: what was given.
        known: what would have been right.
        label: opens the list where nothing is near ("Known: a, b.").
    """
    names = sorted(known)
    close = nearest(name, names)
    if close is not None:
        return f"Did you mean {close!r}?"
    return f"{label}: {', '.join(names)}." if names else ""
