"""The figure of rounds: what each iteration of a loop brought (paper B: B24)."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from ferkit.evaluation.drawing import BLUE, GREY, ORANGE, house_style, labels, new_figure
from ferkit.evaluation.rounds import Entry
from ferkit.evaluation.wording import is_number


def rounds_figure(entries: Sequence[Entry]) -> Figure | None:
    """Accuracy on test and validation over the rounds; the one that counts is marked.

    Args:
        entries: what `rounds_of` returned.
    """
    if len(entries) < 2:
        return None
    places = list(range(len(entries)))
    validation = [one.get("validation_accuracy") for one in entries]
    with house_style():
        figure, (axes,) = new_figure(3.0)
        known = [place for place in places if is_number(validation[place])]
        if known:
            axes.plot(known, [100 * (validation[place] or 0.0) for place in known], color=ORANGE,
                      marker="o", label="validation")  # fmt: skip
        test = [100 * one["accuracy"] for one in entries]
        axes.plot(places, test, color=BLUE, marker="o", label="test")
        for place, one in enumerate(entries):
            if one.get("counts"):
                axes.plot([place], [test[place]], marker="o", markersize=13, color=GREY,
                          fillstyle="none", linestyle="none", label="counts")  # fmt: skip
        axes.set_xticks(places, labels([str(one["name"]) for one in entries], 14))
        axes.margins(x=0.08, y=0.15)
        axes.set_ylabel("accuracy, %")
        figure.legend(loc="outside upper left", ncols=3, fontsize=9)
    return figure
