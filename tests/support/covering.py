"""Mixes that hold every pair of values, where some pairs may not stand together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import combinations, product
from typing import Any

from allpairspy import AllPairs


def covering(
    given: Mapping[str, list[Any]],
    refused: Mapping[tuple[Any, ...], Any],
    plain: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Mixes that hold every pair of values which is not refused.

    AllPairs may run into rows that can't be filled where pairs are refused; the pairs that are
    then missing get rows of their own, each filled with as many missing pairs as it can hold.

    Args:
        given: the values of each piece.
        refused: (piece, value, other piece, its value) that may not stand together.
        plain: a mix that may hold any one other value.
    """

    def fits(row: list[Any]) -> bool:
        mix = dict(zip(given, row, strict=False))
        return not any(pair in refused for pair in pairs_of(mix))

    rows = [
        dict(zip(given, row, strict=True))
        for row in AllPairs(list(given.values()), filter_func=fits)
    ]
    wanted = {
        (first, one, second, other)
        for first, second in combinations(given, 2)
        for one, other in product(given[first], given[second])
    }
    missing = wanted - set(refused) - {pair for row in rows for pair in pairs_of(row)}
    while missing:
        rows.append(_filled(min(missing, key=repr), missing, given, refused, plain))
        missing -= set(pairs_of(rows[-1]))
    return rows


def cheapened(
    rows: list[dict[str, Any]],
    refused: Mapping[tuple[Any, ...], Any],
    cheap: Mapping[str, Any],
    cost: Callable[[Mapping[str, Any]], float],
    enough: float,
) -> list[dict[str, Any]]:
    """The same rows with cheap values in the place of others, as far as every pair stays held.

    Args:
        cheap: a value for some of the pieces. cost: of a row; the dearest are tried first.
        enough: a row is left as it is that costs no more.
    """
    found = [dict(row) for row in rows]
    held = Counter(pair for row in found for pair in pairs_of(row))
    for row in sorted(found, key=cost, reverse=True):
        for piece, value in cheap.items():
            if cost(row) <= enough:
                break
            before, after = set(pairs_of(row)), set(pairs_of({**row, piece: value}))
            if after.isdisjoint(refused) and all(held[pair] > 1 for pair in before - after):
                held.subtract(before)
                held.update(after)
                row[piece] = value
    return found


def pairs_of(mix: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """(piece, value, other piece, its value), in the order of the pieces."""
    return [(one, mix[one], other, mix[other]) for one, other in combinations(mix, 2)]


def _filled(
    pair: tuple[Any, ...],
    missing: set[tuple[Any, ...]],
    given: Mapping[str, list[Any]],
    refused: Mapping[tuple[Any, ...], Any],
    plain: Mapping[str, Any],
) -> dict[str, Any]:
    """A mix with this pair, its other values chosen one by one."""
    mix = {**plain, pair[0]: pair[1], pair[2]: pair[3]}
    for piece in given:
        if piece in (pair[0], pair[2]):
            continue
        tried = [{**mix, piece: value} for value in given[piece]]
        able = [each for each in tried if not any(one in refused for one in pairs_of(each))]
        mix = max(able, key=lambda each: len(missing.intersection(pairs_of(each))))
    return {piece: mix[piece] for piece in given}
