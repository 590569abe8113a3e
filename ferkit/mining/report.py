"""What mining came to, as a table for people."""

from __future__ import annotations

from collections import Counter

from rich.table import Table

from ferkit.mining.mine import Mined
from ferkit.mining.video import total_seconds


def summary_table(mined: Mined, *, clips: bool) -> Table:
    """Counts of videos, frames, runs and clips, hours of video, and failures by reason."""
    outcomes = mined.outcomes
    usable = [one for one in outcomes if one.usable]
    short, small = sum(one.short for one in outcomes), sum(one.small for one in outcomes)
    hours_in, hours_out = (seconds / 3600 for seconds in total_seconds(outcomes))
    rows = mined.rows
    table = Table("", "")
    table.columns[1].justify = "right"
    table.add_row("videos", str(len(usable)))
    looked = sum(one.looked for one in usable)
    table.add_row("  looked at now", str(looked))
    table.add_row("  looked at before", str(len(usable) - looked))
    if mined.failed:
        table.add_row("videos that failed", str(len(mined.failed)))
    table.add_row("frames", f"{sum(one.frames for one in outcomes):,}")
    no_clip = sum(problem.kind == "no clip" for problem in mined.problems)
    table.add_row("runs of one face", str(len(rows) + no_clip + short + small))
    table.add_row("  dropped: too short", str(short))
    table.add_row("  dropped: face too small", str(small))
    table.add_row("  kept", str(len(rows)))
    if clips:
        how = Counter(row.how for row in rows)
        written = sum(one.written for one in outcomes)
        table.add_row("clips written now", str(written))
        table.add_row("clips there already", str(len(rows) - written))
        table.add_row("  stream copies", str(how["copied"]))
        table.add_row("  encoded anew", str(how["encoded"]))
    if mined.removed:
        table.add_row("clips removed, no longer wanted", str(mined.removed))
    if mined.others:
        table.add_row("kept from earlier calls", str(len(mined.others)))
    table.add_row("hours of video in", _hours(hours_in))
    table.add_row("hours of video out", _hours(hours_out))
    for dropped, word in ((True, "left out"), (False, "noticed")):
        kinds = Counter(one.kind for one in mined.problems if one.dropped == dropped)
        for kind, count in sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0])):
            table.add_row(f"{word}: {kind}", str(count))
    return table


def _hours(hours: float) -> str:
    """Two significant digits at least."""
    return f"{hours:.2f}" if hours >= 0.1 else f"{hours:.2g}"
