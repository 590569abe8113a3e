"""A matrix in words: its axes, what is left out and added, its folds."""

from __future__ import annotations

from collections.abc import Iterator

from ferkit.matrix_axes import SETTING, spoken
from ferkit.matrix_section import MatrixSection

_MOST_NAMED = 20
"""Names of settings that a line spells out."""


def matrix_lines(matrix: MatrixSection) -> Iterator[str]:
    """A line for each thing that a matrix varies.

    Args:
        matrix: its axes written out.
    """
    points = matrix.axis_values()
    axes: dict[str, dict[str, None]] = {}
    for point in points.values():
        for axis, value in point.items():
            axes.setdefault(axis, {})[spoken(value)] = None
    for axis, values in axes.items():
        yield f"{'settings' if axis == SETTING else axis}: {', '.join(values)}"
    if not axes and matrix.settings is not None:
        names = list(matrix.settings)
        more = len(names) - _MOST_NAMED
        yield f"settings: {', '.join(names[:_MOST_NAMED])}" + (f", {more} more" if more > 0 else "")
    counts = [
        f"{len(found)} {'entry' if len(found) == 1 else 'entries'} of {key}"
        for key, found in (("exclude", matrix.exclude), ("include", matrix.include))
        if found
    ]
    if axes:
        number = f"combinations: {len(points)}"
        yield f"{number} (after {' and '.join(counts)})" if counts else number
    elif counts:
        yield f"settings x variants: after {' and '.join(counts)}"
    if isinstance(matrix.folds, dict):
        each = (f"{name} {len(matrix.fold_numbers(name))}" for name in matrix.folds)
        yield f"folds: {', '.join(each)}"
    elif matrix.folds is not None:
        folds = matrix.fold_numbers()
        yield (
            f"folds: {len(folds)}"
            if isinstance(matrix.folds, int)
            else (f"folds: {', '.join(map(str, folds))}")
        )
