"""Text in LaTeX tables."""

from __future__ import annotations

import pytest

from ferkit.evaluation.latex import latex_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a_b & 50 %", r"a\_b \& 50 \%"),
        ("{x} $1 #2", r"\{x\} \$1 \#2"),
        ("c:\\d ~ ^", r"c:\textbackslash{}d \textasciitilde{} \textasciicircum{}"),
        ("a < b | c > d", r"a \textless{} b \textbar{} c \textgreater{} d"),
        ("+2.1 [+1, +3] *", r"+2.1 {[}+1, +3{]}\textsuperscript{*}"),
        ("83.1 ± 0.5", r"83.1 $\pm$ 0.5"),
        ("\N{MINUS SIGN}2 \N{EN DASH}", "$-$2 --"),
        ("two\nlines", "two lines"),
        ('the "labels" of "a"', "the ``labels'' of ``a''"),
        ('("a", ["b"], {"c"}, "d"/"e")', "(``a'', {[}``b''{]}, \\{``c''\\}, ``d''/``e'')"),
        ("--noise, a---b, a-b", "-{}-noise, a-{}-{}-b, a-b"),
        ("a`b", r"a\textasciigrave{}b"),
        ("3 \N{MULTIPLICATION SIGN} 3, ≤ 1, → up", r"3 $\times$ 3, $\leq$ 1, $\to$ up"),
        (
            "\N{GREEK SMALL LETTER ALPHA}\N{GREEK SMALL LETTER TAU}\N{GREEK SMALL LETTER OMEGA}",
            r"$\alpha$$\tau$$\omega$",
        ),
        (
            "\N{GREEK CAPITAL LETTER DELTA}\N{GREEK CAPITAL LETTER SIGMA}"
            "\N{GREEK CAPITAL LETTER OMEGA}\N{GREEK CAPITAL LETTER RHO}",
            r"$\Delta$$\Sigma$$\Omega$$\mathrm{P}$",
        ),
        ("\N{GREEK SMALL LETTER LAMDA}\N{GREEK SMALL LETTER OMICRON}", r"$\lambda$$o$"),
    ],
)
def test_latex_escapes(text: str, expected: str) -> None:
    assert latex_text(text) == expected
