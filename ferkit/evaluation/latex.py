"""Tables in LaTeX, with the rules of the package booktabs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from ferkit.evaluation.axes import Axes
from ferkit.evaluation.axes_table import Layout, axes_tables
from ferkit.evaluation.matrix_sentences import MARK, Summaries, compact_sentence, matrix_sentences
from ferkit.evaluation.matrix_table import matrix_rows
from ferkit.evaluation.settings_table import (
    CompactCell,
    compact_cells,
    compact_columns,
    settings_rows,
    variant_names,
)
from ferkit.evaluation.wording import METRIC_NAMES, UNKNOWN

_SIGNS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",  # at the start of a row it would be taken for an option of \\
    "]": "{]}",
    "*": r"\textsuperscript{*}",
    "±": r"$\pm$",
    UNKNOWN: "--",
    "\N{MINUS SIGN}": "$-$",
    "…": r"\dots{}",
    "`": r"\textasciigrave{}",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≠": r"$\neq$",
    "≈": r"$\approx$",
    "→": r"$\to$",
}
_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho"
    " varsigma sigma tau upsilon phi chi psi omega"
)
"""The small letters as Unicode orders them."""
_LETTERS = {chr(0x3B1 + place): rf"$\{name}$" for place, name in enumerate(_GREEK.split())}
_LETTERS["\N{GREEK SMALL LETTER OMICRON}"] = "$o$"  # for which LaTeX has no command
_LATIN = {"alpha": "A", "beta": "B", "epsilon": "E", "zeta": "Z", "eta": "H", "iota": "I"}
_LATIN |= {"kappa": "K", "mu": "M", "nu": "N", "omicron": "O", "rho": "P", "tau": "T", "chi": "X"}
"""Capitals without a command of their own, which look as Latin ones do."""
for _place, _name in enumerate(_GREEK.split()):
    if _name != "varsigma":
        _capital = rf"\mathrm{{{_LATIN[_name]}}}" if _name in _LATIN else rf"\{_name.title()}"
        _LETTERS[chr(0x391 + _place)] = f"${_capital}$"
_ESCAPES = str.maketrans(_SIGNS | _LETTERS)

_OPENING = re.compile(r'(^|[\s(/-]|\{\[\}|\\\{)"')
"""A straight quote before which nothing stands that it could close, in a text with escapes."""

_HEAD = (
    "% Needs \\usepackage{booktabs} and \\usepackage{adjustbox}; the latter shrinks what is wider\n"
    "% than a page. In UTF-8; names with other letters than Latin ones need XeLaTeX or LuaLaTeX.\n"
)

BOLD = "Bold: the highest mean of a row, whether or not a test tells it from the others."


def latex_text(text: str) -> str:
    """A text as LaTeX shows it, on one line; a mark at its end stands close to it."""
    mark = _SIGNS["*"] if text.endswith(MARK) else ""
    hyphens = re.split("(?<=-)(?=-)", text.removesuffix(MARK))  # two would become a dash
    shown = " ".join("{}".join(part.translate(_ESCAPES) for part in hyphens).split())
    return _OPENING.sub(r"\1``", shown).replace('"', "''") + mark


def latex_table(
    columns: Sequence[str], groups: Sequence[Sequence[Sequence[str]]], *, caption: str, label: str
) -> str:
    """A table in LaTeX; the first column holds names, the others numbers.

    Args:
        columns: headings, as plain text.
        groups: rows that belong together, between which there is some room; each row holds as many
            cells as there are columns, which are LaTeX already.
        caption: plain text. label: what it is referred to by.
    """
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{latex_text(caption)}}}",
        rf"\label{{{label}}}",
        r"\begin{adjustbox}{max width=\linewidth}",
        rf"\begin{{tabular}}{{l{'r' * (len(columns) - 1)}}}",
        r"\toprule",
        _row(map(latex_text, columns)),
        r"\midrule",
    ]
    for place, group in enumerate(groups):
        lines += [r"\addlinespace"] if place and len(group) > 1 else []
        lines += map(_row, group)
    ends = [r"\bottomrule", r"\end{tabular}", r"\end{adjustbox}", r"\end{table}"]
    return "\n".join([*lines, *ends]) + "\n"


def _row(cells: Any) -> str:
    return " & ".join(cells) + r" \\"


def matrix_latex(summary: Mapping[str, Any], *, warning: str = "") -> str:
    """The table of a matrix without settings.

    Args:
        summary: what `summarise_matrix` returned, perhaps with tests and published figures.
        warning: what the caption says first.
    """
    metric = str(METRIC_NAMES.get(summary["metric"], summary["metric"]))
    title = f"{metric[:1].upper()}{metric[1:]} on {summary['split']}."
    columns, rows = matrix_rows(summary)
    caption = " ".join(filter(None, [warning, title, *matrix_sentences(summary)]))
    groups = [[list(map(latex_text, row))] for row in rows]
    return _HEAD + latex_table(columns, groups, caption=caption, label="tab:matrix")


def settings_latex(
    summaries: Summaries,
    *,
    warning: str = "",
    layout: Layout | None = None,
    axes: Axes | None = None,
) -> str:
    """The tables of a matrix with settings: the compact one, and a row per setting and variant.

    Args:
        summaries: setting -> what `summarise_matrix` returned. warning: see `matrix_latex`.
        layout: of the compact table; None: a row per setting.
        axes: setting -> axis -> value; each axis gets a column of the other table.
    """
    sentence = compact_sentence(summaries)
    if layout is not None:
        compact = "\n".join(_axes_latex(summaries, layout, [warning, sentence]))
    else:
        compact = latex_table(
            ["setting", *compact_columns(summaries)],
            _compact_groups(summaries),
            caption=" ".join(filter(None, [warning, sentence, BOLD])),
            label="tab:matrix-compact",
        )
    in_rows = compact_sentence(summaries, rows=True)
    columns, rows = settings_rows(summaries, axes)
    groups = [[list(map(latex_text, row))] for row in rows]
    caption = " ".join(filter(None, [warning, "All settings and variants.", in_rows]))
    return (
        _HEAD + compact + "\n" + latex_table(columns, groups, caption=caption, label="tab:matrix")
    )


def _axes_latex(summaries: Summaries, layout: Layout, said: Sequence[str]) -> Iterator[str]:
    """The tables over two axes; the lines of a cell are rows below each other."""
    for place, (title, columns, rows) in enumerate(axes_tables(summaries, layout)):
        groups = []
        for name, cells in rows:
            below = zip_longest([name], *cells, fillvalue="")
            groups.append([list(map(latex_text, row)) for row in below])
        caption = " ".join(filter(None, [f"{title}." if title else "", *said]))
        yield latex_table(columns, groups, caption=caption, label=f"tab:matrix-axes-{place}")


def _compact_groups(summaries: Summaries) -> list[list[list[str]]]:
    """Per setting a row of means, and below it rows of intervals, pooled figures, gains and
    published figures."""
    columns, variants = compact_columns(summaries), variant_names(summaries)
    groups = []
    for setting, cells in compact_cells(summaries).items():
        row = [cells.get(name, CompactCell(UNKNOWN)) for name in columns]
        entries = summaries[setting]["variants"]
        means = [round(1000 * entry["mean"]) for entry in entries.values()]  # as they are shown
        best = max(means, default=None) if len(means) > 1 else None
        shown = [latex_text(cell.mean) for cell in row]
        for place, name in enumerate(variants):
            if name in entries and round(1000 * entries[name]["mean"]) == best:
                shown[place] = rf"\textbf{{{shown[place]}}}"
        group = [[latex_text(setting), *shown]]
        for kind in ("ends", "pooled", "gain", "paper", "further"):
            texts = [getattr(cell, kind) for cell in row]
            if any(texts):
                small = [rf"{{\footnotesize {latex_text(one)}}}" if one else "" for one in texts]
                group.append(["", *small])
        groups.append(group)
    return groups
