"""What a report says of attention weights and of the stability of predictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ferkit.evaluation.attention import is_attention
from ferkit.evaluation.page import PlainTable
from ferkit.evaluation.stability import is_stability
from ferkit.evaluation.wording import UNKNOWN, is_number, number, percent

_FACE = ("on the face", "its share of the crop", "lift")


def attention_section(results: Mapping[str, Any]) -> dict[str, Any] | None:
    """Sentences and tables of the results' entry `attention`; None where there is none.

    Args:
        results: content of `results.json`.
    """
    attention = results.get("attention")
    if not is_attention(attention):
        return None
    sentences: list[str] = []
    tables: list[PlainTable] = []
    stages = _add_space(_part(attention, "space"), sentences, tables)
    _add_frames(_part(attention, "frames"), sentences, tables)
    return {"sentences": sentences, "tables": tables, "stages": stages}


def _add_space(
    space: Mapping[str, Any], sentences: list[str], tables: list[PlainTable]
) -> PlainTable | None:
    """Adds the table of the regions; the one of their single maps, if there are several."""
    regions = _part(_part(space, "on_face"), "regions")
    if space.get("no_face"):
        sentences.append(
            f"How much of the attention lies on the face is not measured: {space['no_face']}."
        )
    if not regions:
        return None
    sentences.append(
        "Share of the attention over places that lies on the face, an oval by the true landmarks, "
        "against the face's share of the crop: a lift of 1 is what attention spread evenly gives."
        + _measured_on(space)
    )
    rows = [[str(name), *_face_cells(entry)] for name, entry in regions.items()]
    tables.append(PlainTable(("region", *_FACE), rows))
    single = [
        [f"{name}, {stage.get('height')} x {stage.get('width')}", *_face_cells(stage)]
        for name, entry in regions.items()
        for stage in entry.get("stages") or []
    ]
    return PlainTable(("region, map", *_FACE), single) if len(single) > len(rows) else None


def _measured_on(space: Mapping[str, Any]) -> str:
    """How many clips the share on the face is of, where the results tell."""
    on_face = _part(space, "on_face")
    clips: Any = on_face.get("clips")
    seen: Any = space.get("clips")
    frames = on_face.get("frames")
    if not (is_number(clips) and is_number(frames)):
        return ""
    text = f" Measured on {clips} test samples"
    text += f" with {frames} frames" if frames != clips else ""
    if is_number(seen) and seen > clips:
        text += (
            f"; of {seen - clips} more it is not known where the face is in the frames shown, as "
            "where frames were left out"
        )
    return f"{text}."


def _face_cells(entry: Mapping[str, Any]) -> list[str]:
    return [percent(entry.get("mass")), percent(entry.get("area")), number(entry.get("lift"), 2)]


def _add_frames(frames: Mapping[str, Any], sentences: list[str], tables: list[PlainTable]) -> None:
    overall = _part(frames, "correlation")
    if not is_number(overall.get("mean")):
        return
    apex = _part(frames, "apex")
    sentences.append(
        "Does the weight of a frame follow the strength of its expression? Spearman's rank "
        "correlation over the frames of each clip with the known intensity, mean over the clips "
        "(1: the stronger the heavier; 0: no relation). Frames at the apex, with at least "
        f"{percent(apex.get('from'), 0)} of the clip's highest intensity, have "
        f"{percent(apex.get('weight'))} of the weight and are {percent(apex.get('frames'))} of "
        "all frames."
    )
    if frames.get("constant"):
        sentences.append(
            f"Left out, because their intensity does not change: {frames['constant']} clips."
        )
    entries = {"all": overall, **_part(frames, "per_class")}
    rows = [
        [str(name), str(entry.get("n", UNKNOWN)), number(entry.get("mean"), 2)]
        for name, entry in entries.items()
        if isinstance(entry, Mapping)
    ]
    tables.append(PlainTable(("clips of", "clips", "correlation of weight and intensity"), rows))


def stability_section(results: Mapping[str, Any]) -> dict[str, Any] | None:
    """Table of the results' entry `stability`; None where there is none."""
    stability = results.get("stability")
    if not is_stability(stability):
        return None
    entries = {**stability["alterations"], "mean": stability["mean"]}
    rows = [
        [
            str(name),
            str(entry.get("what", "")),
            percent(entry["total_variation"]),
            percent(entry["changed"]),
        ]
        for name, entry in entries.items()
    ]
    return {
        "sentences": [
            f"{stability.get('n', UNKNOWN)} test samples, predicted again under alterations that "
            "do not change what they show; what is drawn for a sample depends on the run's seed "
            "and the sample's id, so that runs with one seed see the same. Distance: mean total "
            "variation of the class probabilities, 0 % where none changes, 100 % where all is "
            "moved to other classes. Changed: share of the samples with another top class."
        ],
        "table": PlainTable(("alteration", "how much", "distance", "changed"), rows),
    }


def _part(mapping: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = mapping.get(key)
    return value if isinstance(value, Mapping) else {}
