"""What preparation came to, for people: a table, and the failures as a CSV file."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from ferkit.contracts.data import Problem
from ferkit.faces.prepared import Prepared
from ferkit.files import told_plainly, write_whole

COLUMNS = ("file", "kind", "reason", "left out")


def write_failures(failures: Sequence[Problem], path: Path) -> None:
    """Write one line per failure: file, kind, reason, whether it is left out.

    A file that says so already is left alone: it may be one that others keep.

    Raises: RunError: the file can't be written.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for problem in failures:
        writer.writerow(
            [problem.where, problem.kind, problem.what, "yes" if problem.dropped else "no"]
        )
    content = text.getvalue().encode("utf-8")
    with told_plainly(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() and path.read_bytes() == content:
            return
    write_whole(path, content)


def summary_table(prepared: Prepared, problems: Sequence[Problem]) -> Table:
    """Counts: prepared now, there already, and what is left out by its reason.

    Args:
        problems: found while reading the data, besides the failures of preparation.
    """
    table = Table("", "files")
    table.columns[1].justify = "right"
    files = len(set(prepared.kept))
    table.add_row("prepared now", str(files - prepared.reused))
    table.add_row("there already", str(prepared.reused))
    if len(prepared.kept) > files:
        table.add_row("faces in them", str(len(prepared.kept)))
    everything = [*problems, *prepared.failures]
    for dropped, word in ((True, "left out"), (False, "noticed")):
        counts = Counter(problem.kind for problem in everything if problem.dropped == dropped)
        for kind, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
            table.add_row(f"{word}: {kind}", str(count))
    return table
