"""Which variants of a matrix differ on the same test samples, beyond the choice of these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ferkit.evaluation.paired_tests import LEVEL, holm, mcnemar, sign_flip
from ferkit.evaluation.replicates import seed_and_fold
from ferkit.evaluation.statistics import ratio_interval

RESAMPLES = 2000
"""Of the bootstrap intervals of differences."""

CORRECTION = "Holm"


class Answer(NamedTuple):
    """What a model said of a test sample. subject: "" if unknown."""

    label: str
    right: bool
    subject: str


Answers = Mapping[str, Answer]
"""By id of the sample."""


@dataclass(frozen=True)
class Pair:
    """Two variants of one setting, each with its answers by replicate key.

    setting: "" where there is none.
    without: keys of runs that both have done but whose answers can't be read.
    runs: what tells whether another pair is of the very same runs, as settings can share them.
    """

    setting: str
    variant: str
    against: str
    answers: Mapping[str, Answers]
    others: Mapping[str, Answers]
    without: Sequence[str] = ()
    runs: tuple[Any, ...] = ()


def read_answers(path: Path, split: str = "test") -> dict[str, Answer]:
    """The answers in a `predictions.parquet`.

    Samples without a label are left out, and so are those whose id is there twice.

    Raises: ValueError: columns are missing, or no sample is of the split. OSError,
        ArrowException: it can't be read.
    """
    table = pq.read_table(path)
    absent = [
        name for name in ("id", "split", "label", "predicted") if name not in table.column_names
    ]
    if absent:
        raise ValueError(f"it lacks columns: {', '.join(absent)}")
    ids, splits = table["id"].to_pylist(), table["split"].to_pylist()
    labels, predicted = table["label"].to_pylist(), table["predicted"].to_pylist()
    has_subjects = "subject" in table.column_names
    subjects = table["subject"].to_pylist() if has_subjects else [""] * len(ids)
    rows = [row for row, name in enumerate(splits) if name == split]
    if not rows:
        raise ValueError(f"it has no samples of {split}")
    times = Counter(ids[row] for row in rows)
    return {
        str(ids[row]): Answer(labels[row], labels[row] == predicted[row], subjects[row] or "")
        for row in rows
        if labels[row] is not None and times[ids[row]] == 1
    }


def readable_answers(path: Path, split: str = "test") -> dict[str, Answer] | None:
    """As `read_answers`; None where the file is missing or broken."""
    try:
        return read_answers(path, split)
    except (OSError, ValueError, pa.ArrowException):
        return None


def compare(pair: Pair) -> dict[str, Any]:
    """Test two variants on the samples that both have answered in the same run.

    The unit is the subject where one has several samples, else the sample; all answers to a
    unit's samples, of every seed and fold, are summed before anything is tested, because they
    are not independent of each other.

    Returns: setting, variant, against, n (samples), answers, unit, units, replicates (keys),
        difference (in the share of right answers) with low and high, p and the test's name;
        mcnemar: seed -> only_variant, only_against, p, p_mid, on samples; notes. Where nothing can
        be tested p is None, and `why` says why.
    """
    shared = [key for key in pair.answers if key in pair.others]
    gains: dict[str, int] = {}
    times: dict[str, int] = {}
    subjects: dict[str, str] = {}
    discordant: dict[str, list[int]] = {}
    unshared = relabelled = 0
    for key in shared:
        ours, theirs = pair.answers[key], pair.others[key]
        unshared += len(ours.keys() ^ theirs.keys())
        counts = discordant.setdefault(seed_and_fold(key)[0], [0, 0])
        for name, answer in ours.items():
            other = theirs.get(name)
            if other is None:
                continue
            if other.label != answer.label:
                relabelled += 1
                continue
            gain = int(answer.right) - int(other.right)
            gains[name] = gains.get(name, 0) + gain
            times[name] = times.get(name, 0) + 1
            subjects[name] = answer.subject
            if gain:
                counts[gain < 0] += 1
    found: dict[str, Any] = {
        "setting": pair.setting,
        "variant": pair.variant,
        "against": pair.against,
        "n": len(gains),
        "replicates": shared,
        "notes": _notes(unshared, relabelled, pair.without),
    }
    if not gains:
        why = "they share no test samples" if shared else "they share no seeds"
        why = "predictions are missing" if pair.without and not shared else why
        return {**found, "p": None, "why": why}
    tested = _tested(gains, times, subjects)
    if (least := 2.0 ** (1 - tested["units"])) >= LEVEL:
        few = f"{tested['units']} {tested['unit']}"
        found["notes"].append(f"with {few} no p below {least:.3g} is possible")
    return found | tested | {"mcnemar": _mcnemar(discordant)}


def _tested(
    gains: Mapping[str, int], times: Mapping[str, int], subjects: Mapping[str, str]
) -> dict[str, Any]:
    """The test over units.

    Args:
        gains, times, subjects: of each sample: right answers more than the other's, answers,
            and its subject.
    """
    several = max(Counter(name for name in subjects.values() if name).values(), default=1) > 1
    by_unit: dict[tuple[str, str], list[int]] = {}
    for name, gain in gains.items():
        subject = subjects[name] if several else ""
        entry = by_unit.setdefault((subject, "" if subject else name), [0, 0])
        entry[0] += gain
        entry[1] += times[name]
    of_units, sizes = np.array(list(by_unit.values()), np.int64).T
    unit = "subjects" if several else "samples"
    low, high = (
        ratio_interval(sizes, of_units, resamples=RESAMPLES, seed=0)
        if len(sizes) > 1
        else (None, None)
    )
    return {
        "answers": int(sizes.sum()),
        "unit": unit,
        "units": len(sizes),
        "difference": float(of_units.sum() / sizes.sum()),
        "low": low,
        "high": high,
        "p": sign_flip(of_units.tolist()),
        "test": f"exact sign-flip test over {unit}, two-sided",
    }


def _mcnemar(discordant: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    """McNemar's test of each seed's models on single samples."""
    result = {}
    for seed, (ours, theirs) in discordant.items():
        p, p_mid = mcnemar(ours, theirs)
        result[seed] = {"only_variant": ours, "only_against": theirs, "p": p, "p_mid": p_mid}
    return result


def _notes(unshared: int, relabelled: int, without: Sequence[str]) -> list[str]:
    notes = []
    if unshared:
        notes.append(f"left out: answers to samples that only one of the two has ({unshared})")
    if relabelled:
        notes.append(f"left out: answers to samples whose label differs ({relabelled})")
    if without:
        notes.append(f"left out: runs without readable predictions ({', '.join(without)})")
    return notes


def compare_all(pairs: Iterable[Pair], *, split: str = "test") -> dict[str, Any]:
    """Test all pairs of a matrix and correct for their number.

    Pairs of the very same runs, which settings can share, are one comparison.

    Returns: a JSON mapping: of, correction, level, comparisons (m, those with a p value) and
        pairs: what `compare` returned, with p_holm.
    """
    tested: dict[tuple[Any, ...], dict[str, Any]] = {}
    found = []
    for place, pair in enumerate(pairs):
        of = pair.runs or (place,)
        if of not in tested:
            tested[of] = compare(pair)
        found.append((of, {"setting": pair.setting}))
    known = {of: one for of, one in tested.items() if one["p"] is not None}
    corrected = holm([one["p"] for one in known.values()])
    p_holm = dict(zip(known, corrected, strict=True))
    return {
        "of": f"accuracy on {split}",
        "correction": CORRECTION,
        "level": LEVEL,
        "comparisons": len(known),
        "pairs": [{**tested[of], **where, "p_holm": p_holm.get(of)} for of, where in found],
    }
