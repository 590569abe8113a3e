"""Data sets that lie in files: a folder per class, a table, or files without labels."""

from __future__ import annotations

from collections.abc import Sequence

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_datasets() -> Sequence[Component]:
    return [
        Component(
            name="folder",
            summary="a folder per class, with images and videos",
            factory="ferkit_files.folder:make_folder",
            params="ferkit_files.params:FolderParams",
            provides=("unlabelled", "validation"),  # with splits of its own
        ),
        Component(
            name="table",
            summary="a CSV, TSV or Parquet table with a path and a label per row",
            factory="ferkit_files.table:make_table",
            params="ferkit_files.params:TableParams",
            provides=("unlabelled", "validation"),  # rows without labels, or with splits
        ),
        Component(
            name="unlabelled_folder",
            summary="images and videos without labels",
            factory="ferkit_files.unlabelled_folder:make_unlabelled_folder",
            params="ferkit_files.params:UnlabelledFolderParams",
        ),
    ]
