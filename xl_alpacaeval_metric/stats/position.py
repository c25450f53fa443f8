"""Position: what the judge gives an answer for being shown first."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np

from xl_alpacaeval_metric.stats.clusters import Clusters
from xl_alpacaeval_metric.stats.missing import Floats, none_if_nan
from xl_alpacaeval_metric.stats.strata import Strata

LEAST_LEAN = 5.0
"""Points from 50 below which a lean is none to speak of."""

LEAST_PROMPTS = 4
"""Prompts with verdicts in each order below which a lean may be chance."""


@dataclass(frozen=True, slots=True)
class Position:
    """A judge's lean to the answer shown first, in percent and percentage points.

    `first_rate` is the mean probability given to the answer shown first, 50 without a lean.
    `spread` is the standard deviation of the preferences within an order: what the order does not
    explain. Of items judged in both orders: `lean` is the mean of the preference with the candidate
    first minus that with the reference first, `gap` the mean of the absolute difference,
    `consistency` the share with the same winner, `above_chance` that minus the share that two
    unrelated series of verdicts with as many winners of each kind would have. `n_fewer` is the
    number of prompts with a verdict in the order that has fewer: several judges' verdicts on one
    are no more evidence of a lean. None where undefined.
    """

    first_rate: float | None
    spread: float | None
    lean: float | None
    gap: float | None
    consistency: float | None
    above_chance: float | None
    n_fewer: int

    @property
    def swamps(self) -> bool:
        """Whether the lean is larger than all that is in the verdicts beside it."""
        if self.first_rate is None or self.spread is None or self.n_fewer < LEAST_PROMPTS:
            return False
        return abs(self.first_rate - 50) > max(LEAST_LEAN, self.spread)


def position(
    preferences: Sequence[tuple[float | None, float | None]], prompts: Sequence[Hashable], languages: Sequence[str]
) -> Position:
    """The figures of items with these preferences: candidate first, and reference first.

    None is no verdict in that order. Over several languages they are the means of the languages'.
    """
    both = np.array([[nan if p is None else p for p in pair] for pair in preferences], dtype=np.float64).reshape(-1, 2)
    first = np.concatenate([both[:, 0], 1 - both[:, 1]])
    orders = ["candidate_first"] * len(both) + ["reference_first"] * len(both)
    strata = Strata.of(first, [*prompts, *prompts], [*languages, *languages], orders)
    differences = both[:, 0] - both[:, 1]
    same = np.where(np.isnan(differences), nan, _winners(both[:, 0]) == _winners(both[:, 1]))

    def mean(values: Floats) -> float | None:
        return none_if_nan(100 * Strata.of(values, prompts, languages).mean)

    return Position(
        first_rate=none_if_nan(100 * strata.mean),
        spread=none_if_nan(100 * _spread(both)),
        lean=mean(differences),
        gap=mean(np.abs(differences)),
        consistency=mean(same),
        above_chance=mean(same - _chance(both, languages)),
        n_fewer=min(len({prompts[at] for at in np.flatnonzero(~np.isnan(column)).tolist()}) for column in both.T),
    )


def _winners(preferences: Floats) -> Floats:
    return np.sign(preferences - 0.5)


def _spread(both: Floats) -> float:
    """The standard deviation of the preferences within an order, pooled over the two."""
    columns = [column[~np.isnan(column)] for column in both.T]
    degrees = sum(max(0, column.size - 1) for column in columns)
    squares = sum(float(((column - column.mean()) ** 2).sum()) for column in columns if column.size)
    return sqrt(squares / degrees) if degrees else nan


def _chance(both: Floats, languages: Sequence[str]) -> Floats:
    """For each item the chance of the same winner in its language, if the orders were unrelated."""
    chance = np.full(len(both), nan)
    for members in Clusters(languages).members():
        known = members[~np.isnan(both[members]).any(axis=1)]
        if known.size:
            winners = _winners(both[known])
            shares = [(winners == one).mean(axis=0) for one in (-1.0, 0.0, 1.0)]
            chance[known] = sum(float(share.prod()) for share in shares)
    return chance
