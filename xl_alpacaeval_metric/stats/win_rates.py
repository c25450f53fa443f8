"""Win rate, its interval, and the comparison of two runs. Everything is in percent, or percent points."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from math import nan, sqrt
from numbers import Real

import numpy as np
import numpy.typing as npt

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.records import WinRate

Floats = npt.NDArray[np.float64]

_EXACT_CLUSTERS = 12
"""Up to here all 2**clusters sign flips are counted, fewer than a random sample would take."""

_BLOCK = 1 << 20
"""Random numbers held in memory at a time."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Run A minus run B over the pairs both have, in percent points.

    `n` counts those pairs, `n_missing` the pairs left out because either run lacks a verdict, `clusters` the
    prompts behind the `n` pairs. `value` and `p_value` are nan without a pair, `ci95` with fewer than two prompts.
    """

    value: float
    ci95: tuple[float, float]
    p_value: float
    n: int
    clusters: int
    n_missing: int


def as_floats(values: Sequence[float | None] | Floats, name: str) -> Floats:
    """A flat sequence of numbers as an array, with nan for None and nan (both mean missing).

    Raises UserError, which names the item (counted from 0), for anything that is not a number.
    """
    try:
        array = np.asarray(values)
    except ValueError:  # numbers and sequences mixed
        array = np.zeros((0, 0))
    if array.ndim != 1:
        raise UserError(f"{name}s: not a flat sequence; need one number, or None, for each item")
    if array.dtype.kind in "biuf":
        return array.astype(np.float64)
    floats = np.full(len(array), nan)
    for i, value in enumerate(values):
        if value is None:
            continue
        if not isinstance(value, Real):
            raise UserError(f"{name} {i} is {value!r}; need a number, or None where it is missing")
        try:
            floats[i] = float(value)
        except OverflowError:
            raise UserError(f"{name} {i} is too large a number") from None
    return floats


def as_preferences(preferences: Sequence[float | None] | Floats) -> Floats:
    """Preferences as an array, with nan for the missing ones. Raises UserError for one outside [0, 1]."""
    array = as_floats(preferences, "preference")
    outside = np.flatnonzero((array < 0) | (array > 1))
    if outside.size:
        i = int(outside[0])
        raise UserError(
            f"preference {i} is {array[i]}; need a probability from 0 (reference) to 1 (candidate), or None"
        )
    return array


def win_rate(preferences: Sequence[float | None] | Floats) -> WinRate:
    """The mean preference, as AlpacaEval 2 defines the win rate, with its standard error and counts.

    `preferences`: probabilities in [0, 1] that the candidate is better; None and nan are missing: left out and
    counted in `n_missing`. A win is a preference > 0.5, a loss < 0.5, a tie exactly 0.5. The standard error is
    that of the mean, 100 * sd / sqrt(n) with ddof = 1; it takes all items for independent (where prompts repeat,
    see `bootstrap_interval`). The value is nan for n = 0, the standard error for n < 2.

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
    clusters: Sequence[Hashable],
    *,
    seed: int = 0,
    resamples: int = 2000,
    confidence: float = 0.95,
) -> tuple[float, float]:
    """Percentile bootstrap interval of the win rate, in percent, that draws whole clusters.

    `clusters`: for each preference the id of its prompt. The same prompt in several languages is one draw, because
    its verdicts go together; with distinct ids this is the ordinary bootstrap. Missing preferences are left out.
    The same input and seed give the same interval. Percentile method: Efron & Tibshirani 1993, chapter 13; whole
    clusters: Field & Welsh 2007.

    Equal preferences throughout give an interval of no width. Fewer than two clusters say nothing about how clusters
    vary: (nan, nan). Raises UserError for sequences of different lengths and for preferences outside [0, 1].
    """
    array = as_preferences(preferences)
    sums, counts = _by_cluster(array, clusters)
    return _interval(sums, counts, seed=seed, resamples=resamples, confidence=confidence)


def paired_difference(
    a: Sequence[float | None] | Floats,
    b: Sequence[float | None] | Floats,
    clusters: Sequence[Hashable],
    *,
    seed: int = 0,
    resamples: int = 2000,
    flips: int = 10_000,
) -> Difference:
    """How much run A's win rate differs from run B's on the same items, and whether chance could do it.

    `a[i]`, `b[i]`: the two runs' preferences on item i; `clusters[i]`: the id of its prompt. Items that either run
    lacks are left out of both. The interval is `bootstrap_interval`'s, over the differences. The p-value is two-sided,
    from a sign-flip permutation test: if the runs are equally good, each prompt's difference (all its languages
    together) could as well have had the other sign. Up to 12 prompts all flips are counted, else `flips` random ones,
    with p = (1 + as extreme) / (1 + flips), which is never 0 (Phipson & Smyth 2010).

    Two runs without any difference, and a single prompt, give p = 1. Raises UserError as `bootstrap_interval` does.
    """
    first, second = as_preferences(a), as_preferences(b)
    if first.size != second.size:
        raise UserError(
            f"paired difference: {first.size} preferences against {second.size}; need the same items in both"
        )
    delta = first - second
    sums, counts = _by_cluster(delta, clusters)
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
    """p-values corrected for being several, in their order: below alpha after correction, the chance of even one
    false alarm among them is at most alpha (Holm 1979). A nan (nothing to test) stays nan and is not counted.

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


def _by_cluster(values: Floats, clusters: Sequence[Hashable]) -> tuple[Floats, Floats]:
    """Sum and number of the values that are there, for each cluster that has one."""
    if len(clusters) != values.size:
        raise UserError(f"clusters: {len(clusters)} for {values.size} items; need one prompt id for each item")
    index: dict[Hashable, int] = {}
    codes = np.fromiter((index.setdefault(c, len(index)) for c in clusters), dtype=np.intp, count=values.size)
    known = ~np.isnan(values)
    sums = np.bincount(codes[known], weights=values[known], minlength=len(index)).astype(np.float64)
    counts = np.bincount(codes[known], minlength=len(index)).astype(np.float64)
    return sums[counts > 0], counts[counts > 0]


def _interval(sums: Floats, counts: Floats, *, seed: int, resamples: int, confidence: float) -> tuple[float, float]:
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
    if sums.size == 0:
        return nan
    # Sums of the same numbers in another order differ in their last digits: a tie must still count as one.
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
    """`rows` in portions of at most `_BLOCK` cells (at least one row each)."""
    step = max(1, _BLOCK // columns)
    for start in range(0, rows, step):
        yield min(step, rows - start)
