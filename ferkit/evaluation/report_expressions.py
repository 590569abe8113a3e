"""What a report says of intensity and blends (paper A: A23, A25)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ferkit.evaluation.page import PlainTable
from ferkit.evaluation.wording import UNKNOWN, interval, is_number, number, percent

_MEASURES = {
    "both": "the two highest classes are the two emotions",
    "right_order": "and in the right order",
    "top_is_second": "the highest class is the second emotion",
    "second_follows": "where the main one is highest, the second comes next",
}


def expression_section(results: Mapping[str, Any]) -> dict[str, Any] | None:
    """Tables of the results' entries `intensity` and `blends`; None where there is neither.

    Args:
        results: content of `results.json`. intensity: what `intensity_correlation` returned.
            blends: what `blend_order` returned.
    """
    intensity, blends = results.get("intensity"), results.get("blends")
    tables: list[PlainTable] = []
    sentences: list[str] = []
    if isinstance(intensity, Mapping) and is_number(_rho(intensity.get("overall"))):
        tables.append(_intensity_table(intensity))
        sentences.append(
            "Does confidence follow the strength of the expression? Spearman's rank correlation "
            "of the true class's probability with the known intensity of the test faces: 1 if "
            "stronger faces always get a higher probability, 0 if there is no relation. Within "
            "classes: mean over the classes. Intervals are 95 % percentile bootstrap over "
            f"{intensity.get('resampled', 'samples')}."
        )
        if intensity.get("constant"):
            names = ", ".join(str(name) for name in intensity["constant"])
            sentences.append(f"Left out, because their intensity does not vary: {names}.")
    if isinstance(blends, Mapping) and is_number(blends.get("n")):
        tables.append(_blend_table(blends))
        sentences.append(
            f"{blends['n']} test faces have a known second emotion. Intervals are Wilson's; chance "
            "is what ordering the classes by lot would give."
        )
    return {"sentences": sentences, "tables": tables} if tables else None


def _intensity_table(intensity: Mapping[str, Any]) -> PlainTable:
    entries = {"all": intensity["overall"], "within classes": intensity.get("within_classes")}
    by_class = intensity.get("per_class")
    entries |= by_class if isinstance(by_class, Mapping) else {}
    rows = [
        [name, str(entry.get("n", UNKNOWN)), number(entry.get("rho"), 2), _range(entry)]
        for name, entry in entries.items()
        if isinstance(entry, Mapping)
    ]
    return PlainTable(("samples of", "samples", "correlation", "95 %"), rows)


def _blend_table(blends: Mapping[str, Any]) -> PlainTable:
    rows = []
    for key, name in _MEASURES.items():
        entry = blends.get(key)
        if isinstance(entry, Mapping):
            ends = interval(entry)
            value = percent(entry.get("value")) + (f"\n{ends}" if ends else "")
            rows.append([name, str(entry.get("n", UNKNOWN)), value, percent(entry.get("chance"))])
    return PlainTable(("how often", "samples", "share", "chance"), rows)


def _rho(entry: Any) -> Any:
    return entry.get("rho") if isinstance(entry, Mapping) else None


def _range(entry: Mapping[str, Any]) -> str:
    low, high = entry.get("low"), entry.get("high")
    return f"{low:.2f} to {high:.2f}" if is_number(low) and is_number(high) else UNKNOWN
