"""RAF-DB."""

from __future__ import annotations

from collections.abc import Sequence

from dataset_trees.writing import Files

LIST = "EmoLabel/list_patition_label.txt"
ROWS = [f"train_{code:05}.jpg {code}" for code in range(1, 8)] + ["test_0001.jpg 4"]


def tree(rows: Sequence[str] = ROWS, *, inside: str = "basic/") -> Files:
    """The list, and both images of each of its rows."""
    files: Files = {f"{inside}{LIST}": "\n".join(rows) + "\n"}
    for row in rows:
        name = row.split()[0]
        files[f"{inside}Image/original/{name}"] = "photo"
        files[f"{inside}Image/aligned/{name.replace('.', '_aligned.')}"] = "face"
    return files
