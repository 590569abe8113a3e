"""The repository muxspace/facial_expressions."""

from __future__ import annotations

from collections.abc import Sequence

from dataset_trees.writing import Files

HEAD = "user.id,image,emotion"
ROWS = [
    "628,facial-expressions_2868588k.jpg,anger",
    "dwdii,Aaron_Eckhart_0001.jpg,neutral",
    "dwdii,Aaron_Eckhart_0002.jpg,happiness",
    "jhamski,Avinash_1.jpg,DISGUST",
    "jhamski,Avinash_12.jpg,SADNESS",
    "jhamski,Dileep_7.jpg,FEAR",
    "jhamski,Dileep_8.jpg,SURPRISE",
    "302,Zoe_Ball_0001.jpg,contempt",
]


def tree(rows: Sequence[str] = ROWS) -> Files:
    """The list, and the image of each of its rows."""
    images: Files = {f"images/{row.split(',')[1]}": "photo" for row in rows}
    return {"data/legend.csv": "\n".join([HEAD, *rows]) + "\n", **images}
