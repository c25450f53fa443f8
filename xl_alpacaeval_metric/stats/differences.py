"""The difference of two runs on the same items, with an interval and a p-value that agree."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import floor, nan, sqrt

import numpy as np
import numpy.typing as npt

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.stats.intervals import check_confidence, with_prompts_added
from xl_alpacaeval_metric.stats.lean import without_lean
from xl_alpacaeval_metric.stats.missing import Floats, as_preferences
from xl_alpacaeval_metric.stats.strata import Labels, Strata
from xl_alpacaeval_metric.stats.student_t import critical_value, two_sided_p

EXACT_PROMPTS = 12
"""Up to this many prompts, all 2**prompts sign patterns are counted: fewer than a random sample."""

FLIPS = 10_000
"""Random sign patterns where there are more prompts."""

_BLOCK = 1 << 20
"""Random signs held in memory at a time."""

_ROUNDING = 1e-9
"""Sums of the same numbers in another order differ by less than this share, and count as equal."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Run A minus run B over the items that have a verdict in both, in percentage points.

    `n` counts those items, `n_missing` the items left out because either run lacks a verdict,
    `clusters` the prompts behind the `n` items. `value`, `ci95` and `p_value` are nan where `n` is
    0. `p_value` is at most 0.05 exactly where `ci95` excludes 0.
    """

    value: float
    ci95: tuple[float, float]
    p_value: float
    n: int
    clusters: int
    n_missing: int


def paired_difference(
    a: Sequence[float | None] | Floats,
    b: Sequence[float | None] | Floats,
    prompts: Labels,
    languages: Labels | None = None,
    *,
    orders: Labels | None = None,
    confidence: float = 0.95,
    seed: int = 0,
    flips: int = FLIPS,
) -> Difference:
    """The difference of two runs' win rates on the same items, with interval and p-value.

    `a[i]`, `b[i]`: the two runs' preferences on item i; `prompts` and `languages` as in
    `win_rate_interval`. Items that either run lacks are left out of both. Over several languages
    the value is the mean of the languages' differences. `orders`: which answer the judge saw first
    in each item, in both runs; what that changes is no difference (`lean.without_lean`).

    The p-value is two-sided, from a sign-flip permutation test: its null hypothesis is that the
    difference on each prompt, over all its languages, is as likely to have the other sign. Up to 12
    prompts all flips are counted. Above that, `flips` random ones are, with
    p = (1 + as extreme) / (1 + flips), which is never 0 (Phipson & Smyth 2010). Fewer than 6
    prompts cannot reach 0.05.

    The interval is that of the differences which the same test, with the same flips, does not
    reject; so it excludes 0 exactly where p <= 1 - `confidence`. Where few prompts differ at all,
    such an interval is too narrow (two runs that agree on 20 prompts may differ in a thousand), so
    it is widened to the interval of the differences with some prompts added that are all won and
    all lost (Agresti & Min 2005; `with_prompts_added`), but never over 0 where the test excludes 0.

    Raises UserError for sequences of different lengths, preferences outside [0, 1], and a
    confidence that is not between 0 and 1.
    """
    first, second = as_preferences(a), as_preferences(b)
    if first.size != second.size:
        raise UserError(
            f"paired difference: {first.size} preferences against {second.size}; need the same items in both"
        )
    check_confidence(confidence)
    delta = first - second
    if orders is not None:
        delta = without_lean(delta, prompts, languages, orders)
    strata = Strata.of(delta, prompts, languages)
    low, high, p = nan, nan, nan
    if strata.n:
        low, high, p = _sign_flip(strata, confidence, seed, flips)
        wider = with_prompts_added(replace(strata, sums=(strata.sums + strata.counts) / 2), confidence)
        low, high = _widened((low, high), (2 * wider[0] - 1, 2 * wider[1] - 1))
    return Difference(
        value=100 * strata.mean,
        ci95=(100 * low, 100 * high),
        p_value=p,
        n=strata.n,
        clusters=strata.n_prompts,
        n_missing=first.size - strata.n,
    )


def _widened(interval: tuple[float, float], wider: tuple[float, float]) -> tuple[float, float]:
    """The hull of both, except over 0 where `interval` excludes it, and within [-1, 1]."""
    low, high = interval
    return (
        max(-1.0, min(low, wider[0])) if low <= 0 else low,
        min(1.0, max(high, wider[1])) if high >= 0 else high,
    )


def _sign_flip(strata: Strata, confidence: float, seed: int, flips: int) -> tuple[float, float, float]:
    """The interval of the mean of differences by the sign-flip test, and the p-value of 0.

    Flipping the signs of `contributions - d * weights` gives `flipped - d * weight`. It is as far
    from 0 as the sum itself, `value - d`, for all d between the two where they are equal. Hence p
    is, for each d, the share of patterns whose two solutions lie around it.
    """
    contributions, weights, value = strata.contributions, strata.weights, strata.mean
    rounding = _ROUNDING * float(np.abs(contributions).sum())
    lows, highs = [], []
    for signs in sign_patterns(strata.n_prompts, seed=seed, flips=flips):
        flipped, weight = signs @ contributions, signs @ weights
        with np.errstate(divide="ignore", invalid="ignore"):
            one, other = (value - flipped) / (1 - weight), (value + flipped) / (1 + weight)
        as_extreme = np.abs(flipped) >= abs(value) - rounding
        low = np.where(as_extreme, np.minimum(np.minimum(one, other), 0.0), np.minimum(one, other))
        high = np.where(as_extreme, np.maximum(np.maximum(one, other), 0.0), np.maximum(one, other))
        unchanged = np.abs(weight) > 1 - _ROUNDING
        lows.append(np.where(unchanged, -np.inf, low))
        highs.append(np.where(unchanged, np.inf, high))
    low, high = np.sort(np.concatenate(lows)), np.sort(np.concatenate(highs))[::-1]
    p = 1.0 - float((low > 0).sum() + (high < 0).sum()) / low.size
    rejected = floor((1 - confidence) * low.size)
    return max(-1.0, float(low[rejected])), min(1.0, float(high[rejected])), p


def sign_patterns(n_prompts: int, *, seed: int = 0, flips: int = FLIPS) -> Iterator[npt.NDArray[np.int8]]:
    """The sign patterns of the sign-flip test, in blocks of shape (patterns, prompts).

    With few prompts all of them; with more the unflipped one and `flips` random ones, which the
    seed and the number of prompts determine. The p-value of a sum of contributions c is the share
    of patterns s with |s @ c| >= |sum of c|. Tests that share the patterns keep the correlation of
    their statistics.
    """
    if n_prompts <= EXACT_PROMPTS:
        patterns = np.arange(2**n_prompts)[:, None] >> np.arange(n_prompts) & 1
        yield (2 * patterns - 1).astype(np.int8)
        return
    yield np.ones((1, n_prompts), dtype=np.int8)
    rng = np.random.default_rng(seed)
    step = max(1, _BLOCK // n_prompts)
    for start in range(0, flips, step):
        drawn = rng.integers(0, 2, size=(min(step, flips - start), n_prompts), dtype=np.int8)
        yield 2 * drawn - 1


def t_test(strata: Strata, more_variance: float = 0.0, *, confidence: float = 0.95) -> tuple[float, float, float]:
    """The t interval of a mean of differences over prompts, and its two-sided p-value.

    For figures that are no mean of bounded values, such as the length-controlled win rate, given by
    each item's part in them. `more_variance` is added to that of the mean. The p-value is at most
    1 - `confidence` exactly where the interval excludes 0; all nan with fewer than two prompts.
    """
    if strata.n_prompts < 2:
        return nan, nan, nan
    error = sqrt(max(0.0, strata.variance) + more_variance)
    half = critical_value(strata.degrees, confidence) * error
    if not error:
        return strata.mean, strata.mean, float(strata.mean == 0)
    return strata.mean - half, strata.mean + half, two_sided_p(strata.mean / error, strata.degrees)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for multiple comparisons, in their order (Holm 1979).

    If corrected p-values below alpha are called significant, the chance of one false positive or
    more is at most alpha. A nan (nothing to test) stays nan and is not counted as a comparison.

    Raises UserError for a p-value outside [0, 1].
    """
    for i, p in enumerate(p_values):
        if p < 0 or p > 1:
            raise UserError(f"p-value {i} is {p}; need a number from 0 to 1")
    tested = sorted((i for i, p in enumerate(p_values) if p == p), key=lambda i: p_values[i])
    corrected = [nan] * len(p_values)
    largest = 0.0
    for rank, i in enumerate(tested):
        largest = max(largest, min(1.0, (len(tested) - rank) * p_values[i]))
        corrected[i] = largest
    return corrected
