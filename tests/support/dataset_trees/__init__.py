"""Data sets in the layout of their distributions, with few files that hold next to nothing.

A module a data set; tests of its reader plant their faults in what `tree` gives. No reader decodes
a picture, so their content is a word.
"""

from __future__ import annotations

from collections.abc import Callable

from dataset_trees import (
    afew,
    affectnet,
    bold,
    ck_plus,
    crema_d,
    dfew,
    fer2013,
    ferplus,
    ferv39k,
    jaffe,
    kdef,
    muxspace,
    raf_db,
    rafd,
    ravdess,
)
from dataset_trees.writing import Files, write

__all__ = ["TREES", "Files", "write"]

TREES: dict[str, Callable[[], Files]] = {
    "affectnet": affectnet.lists,
    "afew": afew.tree,
    "bold": bold.tree,
    "ck_plus": ck_plus.tree,
    "crema_d": crema_d.tree,
    "dfew": lambda: dfew.tree() | dfew.votes(),
    "fer2013": fer2013.tree,
    "ferplus": ferplus.tree,
    "ferv39k": ferv39k.tree,
    "jaffe": jaffe.tree,
    "kdef": kdef.tree,
    "muxspace": muxspace.tree,
    "raf_db": raf_db.tree,
    "rafd": rafd.tree,
    "ravdess": ravdess.tree,
}
"""By component: the files of a copy without faults."""
