"""Step-down max-T: many differences tested together by sign flips that they share."""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from xl_alpacaeval_metric.stats.clusters import Codes
from xl_alpacaeval_metric.stats.differences import FLIPS, sign_patterns
from xl_alpacaeval_metric.stats.missing import Floats

LEAST_FLIPS = 2_000
"""Random sign patterns for very many differences; FLIPS are drawn for fewer."""

_CELLS = 1 << 22
"""Numbers held in memory at a time, in one array."""

_WORK = 100_000_000
"""Flipped statistics that one test computes, about; it decides how many flips there are."""

_MANY = 1_000
"""From this many differences on, flipped ones are computed in single precision."""

Signs = npt.NDArray[np.floating[Any]]
Flipped = Callable[[Codes, Signs], Signs]
"""(columns, signs of shape flips x prompts) -> the differences of these columns under each pattern
of signs, flips x columns."""


@dataclass(frozen=True, slots=True)
class Tested:
    """p-values of many differences, each alone and corrected for all; nan where undefined."""

    p_value: Floats
    p_adjusted: Floats


def signs(prompts: int, columns: int, *, seed: int = 0) -> Signs:
    """The patterns of `paired_difference`, one row for each flip and one column for each prompt."""
    flips = min(FLIPS, max(LEAST_FLIPS, _WORK // max(1, columns)))
    blocks = [*sign_patterns(prompts, seed=seed, flips=flips)]
    found: Signs = np.concatenate(blocks).astype(np.float32 if columns > _MANY else np.float64)
    return found


def step_down(
    difference: Floats, scale: Floats, absolute: Floats, patterns: Signs, flipped: Flipped, *, centred: bool = False
) -> Tested:
    """Test every difference against 0, alone and with the family-wise error controlled.

    `difference[c]` is studentised by `scale[c]`, the root of the sum of its squared prompt sums,
    which no flip changes; `absolute[c]` is the sum of their absolute values. A scale of 0 has
    p = 1, a nan difference p = nan. `patterns` come from `signs`. The null hypothesis is that a
    prompt's difference is as likely to have the other sign; all columns are flipped together, so
    that the correlation of the models counts.

    Source: Westfall & Young 1993, algorithm 4.1 (free step-down): the columns are ordered by |t|,
    each is compared with the largest |t| among itself and those below it, under each pattern, and
    p-values do not fall along the order. The unflipped pattern is among the patterns, so that p is
    never 0 (Phipson & Smyth 2010). Where the prompts' parts are `centred`, as the influences of an
    estimate are, the patterns do not hold what was observed: p = (1 + as extreme) / (1 + patterns),
    and at least what the same number of prompts could reach, 2 / 2**prompts.
    """
    # Sums of the same numbers in another order differ in their last digits, and must count as ties.
    rounding = absolute * (1e-9 if patterns.dtype == np.float64 else 1e-6)
    usable = np.flatnonzero((scale > 1e-9 * absolute) & ~np.isnan(difference))
    statistic = np.abs(difference[usable]) / scale[usable]
    limit = (statistic - rounding[usable] / scale[usable]).astype(patterns.dtype)
    alone, together = np.zeros(usable.size, dtype=np.int64), np.zeros(usable.size, dtype=np.int64)
    order = np.argsort(statistic, kind="stable")
    largest = np.zeros(len(patterns), dtype=patterns.dtype)
    step = max(1, _CELLS // len(patterns))
    for start in range(0, usable.size, step):
        part = order[start : start + step]
        found = flipped(usable[part], patterns)
        np.abs(found, out=found)
        found /= scale[usable[part]].astype(found.dtype)
        alone[part] = (found >= limit[part]).sum(axis=0)
        np.maximum(found[:, 0], largest, out=found[:, 0])
        np.maximum.accumulate(found, axis=1, out=found)
        together[part] = (found >= limit[part]).sum(axis=0)
        largest = found[:, -1].copy()
    p_value, p_adjusted = (np.where(np.isnan(difference), np.nan, 1.0) for _ in range(2))
    for values, counts in ((p_value, alone), (p_adjusted, together)):
        least = min(1.0, 2.0 ** (1 - patterns.shape[1]))
        values[usable] = np.maximum(least, (1 + counts) / (1 + len(patterns))) if centred else counts / len(patterns)
    p_adjusted[usable[order[::-1]]] = np.maximum.accumulate(p_adjusted[usable[order[::-1]]])
    return Tested(p_value, p_adjusted)


def root_of_squares(sums: Floats) -> Floats:
    """The root of each column's sum of squares."""
    found: Floats = np.sqrt(np.einsum("gc,gc->c", sums, sums))
    return found


def small_sample(prompts: int) -> float:
    """sqrt(m / (m - 1)), which widens a scale of m estimated influences; 1 for one prompt."""
    return sqrt(prompts / (prompts - 1)) if prompts > 1 else 1.0
