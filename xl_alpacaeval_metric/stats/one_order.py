"""Verdicts that all came from one order of the answers: what they leave open."""

from collections.abc import Mapping, Sequence
from math import nan

import numpy as np

from xl_alpacaeval_metric.stats.clusters import Clusters
from xl_alpacaeval_metric.stats.missing import Floats

FIRST, SECOND = "candidate_first", "reference_first"
LEAST = 2
"""Verdicts of the order that has fewer, below which it shows nothing (see `Strata.of`)."""


def counts(values: Floats, orders: Sequence[str]) -> dict[str, int]:
    """The known values of items that were judged in one order alone, by that order."""
    known = [order for value, order in zip(values, orders, strict=True) if not np.isnan(value)]
    return {order: known.count(order) for order in (FIRST, SECOND)}


def languages(values: Floats, codes: Sequence[str], orders: Sequence[str]) -> tuple[str, ...]:
    """The languages whose known values are, but for one at most, of the same order.

    Values of both orders say as much of each. A difference of one is that of a balanced order.
    """
    found = []
    for members in Clusters(codes).members():
        some = values[members]
        by_order = counts(some, [orders[i] for i in members])
        single = sum(by_order.values())
        fewer = min(by_order.values())
        if fewer < LEAST and single - 2 * fewer > 1 and single == np.count_nonzero(~np.isnan(some)):
            found.append(codes[members[0]])
    return tuple(found)


def unseen(values: Floats, codes: Sequence[str], orders: Sequence[str]) -> tuple[float, float]:
    """How far the mean over languages may lie below, and above, what the values say, in 0..1.

    A win rate is the mean of the rates in the two orders. Of a language whose values are of one
    order, that of the other may be anything from 0 to 1: with a rate of p, the mean of both lies
    between p / 2 and (1 + p) / 2 (Manski 1989, bounds without an assumption). (0, 0) where all
    languages have both orders.
    """
    of_language = {codes[members[0]]: values[members] for members in Clusters(codes).members()}
    known = {code: some[~np.isnan(some)] for code, some in of_language.items()}
    n_languages = sum(some.size > 0 for some in known.values())
    rates = [float(known[code].mean()) for code in languages(values, codes, orders)]
    if not rates:
        return 0.0, 0.0
    return sum(rates) / 2 / n_languages, sum(1 - rate for rate in rates) / 2 / n_languages


def widened(interval: tuple[float, float], below: float, above: float, scale: float = 100.0) -> tuple[float, float]:
    """An interval of a rate from 0 to `scale` with what an unseen order leaves open (`unseen`)."""
    low, high = interval
    if np.isnan(low):
        return nan, nan
    return max(0.0, low - scale * below), min(scale, high + scale * above)


def warnings(found: Mapping[str, Mapping[str, int]]) -> list[str]:
    """A line about the languages with one order, given the counts of each; none without any."""
    parts = []
    for code, by_order in found.items():
        most = max(by_order, key=lambda order: by_order[order])
        where = "first" if most == FIRST else "second"
        parts.append(f"{code} ({by_order[most]} of {sum(by_order.values())} with the candidate {where})")
    if not parts:
        return []
    return [
        f"the usable verdicts are of one order of the answers in {', '.join(parts)}: the win rate says where an "
        "answer stood as much as how good it is, and the interval allows for any verdicts in the other order"
    ]
