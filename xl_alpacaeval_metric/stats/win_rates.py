"""Win rate, its interval, and the comparison of two runs, in percent and percentage points."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.records.result import WinRate
from xl_alpacaeval_metric.stats.clusters import Clusters, as_clusters
from xl_alpacaeval_metric.stats.missing import Floats, as_preferences

_EXACT_CLUSTERS = 12
"""Up to this many clusters, all 2**clusters sign flips are counted: fewer than a random sample."""

_BLOCK = 1 << 20
"""Random numbers held in memory at a time."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Run A minus run B over the items that have a verdict in both, in percentage points.

    `n` counts those items, `n_missing` the items left out because either run lacks a verdict,
    `clusters` the prompts behind the `n` items. `value` and `p_value` are nan where `n` is 0,
    `ci95` is nan with fewer than two prompts.
    """

    value: float
    ci95: tuple[float, float]
    p_value: float
    n: int
    clusters: int
    n_missing: int


def win_rate(preferences: Sequence[float | None] | Floats) -> WinRate:
    """The mean preference, as AlpacaEval 2 defines the win rate, with standard error and counts.

    `preferences`: probabilities in [0, 1] that the candidate is better. None and nan are missing:
    left out and counted in `n_missing`. A win is a preference > 0.5, a loss < 0.5, a tie exactly
    0.5. The standard error is that of the mean, 100 * sd / sqrt(n) with ddof = 1. It assumes
    independent items; where prompts repeat, use `bootstrap_interval`. The value is nan for n = 0,
    the standard error for n < 2.

    Raises UserError for a preference that is not a number in [0, 1].
    """
    array = as_preferences(preferences)
    known = array[~np.isnan(array)]
    n = known.size
    return WinRate(
        value=100 * float(known.mean()) if n else nan,
        standard_error=100 * float(known.std(ddof=1)) / sqrt(n) if n > 1 else nan,
        wins=int((known > 0.5).sum()),
        losses=int((known < 0.5).sum()),
        ties=int((known == 0.5).sum()),
        n=n,
        n_missing=array.size - n,
    )


def bootstrap_interval(
    preferences: Sequence[float | None] | Floats,
    prompts: Clusters | Sequence[Hashable],
    *,
    seed: int = 0,
    resamples: int = 2000,
    confidence: float = 0.95,
) -> tuple[float, float]:
    """Percentile bootstrap interval of the win rate in percent, resampling whole prompts.

    `prompts`: the items' clusters, or the prompt id of each preference. Verdicts on the same prompt
    in several languages are correlated, so they are drawn together; with distinct ids this is the
    ordinary bootstrap. Missing preferences are left out. The same input and seed give the same
    interval. Percentile method: Efron & Tibshirani 1993, chapter 13; whole clusters: Field & Welsh
    2007.

    Equal preferences throughout give an interval of width 0. Fewer than two prompts say nothing
    about the variance between prompts: (nan, nan). Raises UserError for sequences of different
    lengths and for preferences outside [0, 1].
    """
    sums, counts = as_clusters(prompts).totals(as_preferences(preferences))
    return _interval(sums, counts, seed=seed, resamples=resamples, confidence=confidence)


def paired_difference(
    a: Sequence[float | None] | Floats,
    b: Sequence[float | None] | Floats,
    prompts: Clusters | Sequence[Hashable],
    *,
    seed: int = 0,
    resamples: int = 2000,
    flips: int = 10_000,
) -> Difference:
    """The difference of two runs' win rates on the same items, with interval and p-value.

    `a[i]`, `b[i]`: the two runs' preferences on item i; `prompts` as in `bootstrap_interval`. Items
    that either run lacks are left out of both. The interval is `bootstrap_interval`'s, over the
    differences. The p-value is two-sided, from a sign-flip permutation test: if the runs are
    equally good, the difference on each prompt (over all its languages) is as likely to have the
    other sign. Up to 12 prompts all flips are counted. Above that, `flips` random ones are, with
    p = (1 + as extreme) / (1 + flips), which is never 0 (Phipson & Smyth 2010).

    Two runs without any difference, and a single prompt, give p = 1. Raises UserError as
    `bootstrap_interval` does.
    """
    first, second = as_preferences(a), as_preferences(b)
    if first.size != second.size:
        raise UserError(
            f"paired difference: {first.size} preferences against {second.size}; need the same items in both"
        )
    delta = first - second
    sums, counts = as_clusters(prompts).totals(delta)
    n = int(counts.sum())
    return Difference(
        value=100 * float(sums.sum()) / n if n else nan,
        ci95=_interval(sums, counts, seed=seed, resamples=resamples, confidence=0.95),
        p_value=_sign_flip_p(sums, seed=seed, flips=flips),
        n=n,
        clusters=sums.size,
        n_missing=delta.size - n,
    )


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


def _interval(sums: Floats, counts: Floats, *, seed: int, resamples: int, confidence: float) -> tuple[float, float]:
    """The bootstrap interval, from the sum and the number of preferences in each cluster."""
    if not 0 < confidence < 1:
        raise UserError(f"confidence is {confidence}; need a number between 0 and 1, such as 0.95")
    if sums.size < 2:
        return nan, nan
    rng = np.random.default_rng(seed)
    means = []
    for rows in _blocks(resamples, sums.size):
        drawn = rng.integers(0, sums.size, size=(rows, sums.size))
        means.append(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1))
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    return 100 * float(low), 100 * float(high)


def _sign_flip_p(sums: Floats, *, seed: int, flips: int) -> float:
    """The two-sided p-value of the clusters' summed differences; nan without a cluster."""
    if sums.size == 0:
        return nan
    # Sums of the same numbers in another order differ in their last digits, and must count as ties.
    extreme = abs(sums.sum()) - 1e-9 * np.abs(sums).sum()
    if sums.size <= _EXACT_CLUSTERS:
        patterns = np.arange(2**sums.size)[:, None] >> np.arange(sums.size) & 1
        return float((np.abs((2 * patterns - 1) @ sums) >= extreme).mean())
    rng = np.random.default_rng(seed)
    as_extreme = 0
    for rows in _blocks(flips, sums.size):
        flipped = rng.integers(0, 2, size=(rows, sums.size), dtype=np.int8)
        as_extreme += int((np.abs(2 * (flipped @ sums) - sums.sum()) >= extreme).sum())
    return (1 + as_extreme) / (1 + flips)


def _blocks(rows: int, columns: int) -> Iterator[int]:
    """`rows` in blocks of at most `_BLOCK` cells (at least one row each)."""
    step = max(1, _BLOCK // columns)
    for start in range(0, rows, step):
        yield min(step, rows - start)
