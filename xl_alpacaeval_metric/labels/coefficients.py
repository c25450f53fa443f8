"""Agreement beyond chance, from counts of pairs of labels: kappa, AC1, Krippendorff's alpha.

Every coefficient is a function of sums over prompts, so that its error comes from leaving out one
prompt at a time.
"""

from collections.abc import Callable, Hashable, Sequence
from math import nan, sqrt

import numpy as np

from xl_alpacaeval_metric.panels import krippendorff
from xl_alpacaeval_metric.stats.clusters import Clusters
from xl_alpacaeval_metric.stats.intervals import mean_interval
from xl_alpacaeval_metric.stats.missing import Floats, none_if_nan, none_if_undefined
from xl_alpacaeval_metric.stats.student_t import critical_value

Interval = tuple[float, float]
Coefficient = Callable[[Floats], Floats]
"""Sums over prompts, with any axes before those of one table, to the coefficient of each table."""


def kappa(tables: Floats) -> Floats:
    """Cohen's kappa: (observed - expected) / (1 - expected) agreement of two raters.

    `tables`: counts by the first rater's category, then the second's (the last two axes). 1 is full
    agreement, 0 is agreement by chance. nan where both put everything into the same one category,
    so that agreement by chance is full. Source: Cohen 1960, doi:10.1177/001316446002000104.
    """
    n = tables.sum(axis=(-2, -1))
    expected = (tables.sum(axis=-1) * tables.sum(axis=-2)).sum(axis=-1)
    observed = n * np.trace(tables, axis1=-2, axis2=-1)
    return _ratio(observed - expected, n * n - expected)


def ac1(tables: Floats) -> Floats:
    """Gwet's AC1 of two raters, which stays near the agreement where one category is rare.

    `tables` as for `kappa`; the categories are those that have a count in any of them. Agreement by
    chance is the sum of pi (1 - pi) / (q - 1) over the q categories, with pi the mean of both
    raters' shares. 1 where there is one category. Source: Gwet 2008, doi:10.1348/000711006X126600.
    """
    n = tables.sum(axis=(-2, -1))
    shares = _ratio((tables.sum(axis=-1) + tables.sum(axis=-2)) / 2, n[..., None])
    return _beyond_chance(_ratio(np.trace(tables, axis1=-2, axis2=-1), n), shares)


def ac1_of_raters(sums: Floats) -> Floats:
    """Gwet's AC1 of any number of raters, from the rows of `rater_sums`."""
    pairs, agreeing, items = sums[..., 0], sums[..., 1], sums[..., 2]
    return _beyond_chance(_ratio(agreeing, pairs), _ratio(sums[..., 3:], items[..., None]))


def rater_sums(counts: Floats) -> Floats:
    """What AC1 adds up, for each item: rated twice, agreement, rated at all, share by category.

    `counts`: shape (items, categories), how many raters put the item there.
    """
    raters = counts.sum(axis=-1)
    several = raters > 1
    agreement = (counts * (counts - 1)).sum(axis=-1) / np.maximum(raters * (raters - 1), 1)
    shares = counts / np.maximum(raters, 1)[:, None]
    found: Floats = np.column_stack([several, agreement * several, raters > 0, shares])
    return found


def coincidences(counts: Floats) -> Floats:
    """Krippendorff's coincidence matrix of each item, shape (items, categories, categories).

    `counts` as for `rater_sums`. An item with fewer than two labels has none.
    """
    raters = counts.sum(axis=-1)
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(counts.shape[1])
    found: Floats = np.where((raters > 1)[:, None, None], pairs / np.maximum(raters - 1, 1)[:, None, None], 0.0)
    return found


def alpha(tables: Floats) -> Floats:
    """Krippendorff's alpha for nominal categories, from sums of `coincidences`."""
    return krippendorff.of_tables(tables, np.ones((tables.shape[-1],) * 2) - np.eye(tables.shape[-1]))


def interval_alpha(tables: Floats) -> Floats:
    """Krippendorff's alpha for categories at equal distances: win against loss counts four times
    win against tie.
    """
    positions = np.arange(tables.shape[-1])
    return krippendorff.of_tables(tables, np.square(positions[:, None] - positions[None, :]).astype(np.float64))


def percent(values: Floats, prompts: Sequence[Hashable]) -> tuple[float | None, Interval | None]:
    """The mean of values in [0, 1] in percent, nan left out, with its interval over prompts."""
    if not values.size or np.isnan(values).all():
        return None, None
    low, high = mean_interval(values, prompts)
    return 100 * float(np.nanmean(values)), none_if_undefined((100 * low, 100 * high))


def by_prompt(values: Floats, clusters: Clusters) -> Floats:
    """What a coefficient adds up, of each item, as sums over each prompt's items."""
    found = np.zeros((clusters.n_clusters, *values.shape[1:]))
    np.add.at(found, clusters.codes, values)
    return found


def with_interval(
    sums: Floats, of: Coefficient, added: Callable[[Floats], Floats], confidence: float = 0.95
) -> tuple[float | None, Interval | None]:
    """A coefficient, and its interval by leaving out one prompt at a time; None where undefined.

    `sums`: what the coefficient adds up, the prompts on the first axis. `added` makes, from the
    mean over prompts, two more prompts: one of full agreement and one of none, as `stats.intervals`
    adds one that is won and one that is lost. Raters that never disagree in this sample may
    elsewhere. A jackknife with Student's t (Efron & Stein 1981), within [-1, 1].
    """
    value = none_if_nan(float(of(sums.sum(axis=0))))
    if len(sums) < 2 or value is None:
        return value, None
    more = np.concatenate([sums, added(sums.mean(axis=0))])
    total, n = more.sum(axis=0), len(more)
    without = of(total[None] - more)
    if np.isnan(without).any():
        return value, None
    half = critical_value(n - 1, confidence) * sqrt((n - 1) / n * float(np.square(without - without.mean()).sum()))
    center = float(of(total))
    return value, (max(-1.0, min(center - half, value)), min(1.0, max(center + half, value)))


def added_tables(mean: Floats) -> Floats:
    """The two prompts for tables of counts and for coincidences, with the margins of the mean."""
    above, across = mean.sum(axis=1), mean.sum(axis=0)
    apart = np.outer(above, across) * (1 - np.eye(len(mean)))
    if not apart.any():  # All is in one category.
        apart = 1 - np.eye(len(mean))
    return np.stack([np.diag((above + across) / 2), apart * mean.sum() / apart.sum()])


def added_raters(mean: Floats) -> Floats:
    """The two prompts for `rater_sums`."""
    agreeing, not_agreeing = mean.copy(), mean.copy()
    agreeing[1], not_agreeing[1] = mean[0], 0.0
    return np.stack([agreeing, not_agreeing])


def _beyond_chance(agreement: Floats, shares: Floats) -> Floats:
    used = int((shares > 0).reshape(-1, shares.shape[-1]).any(axis=0).sum())
    expected = (shares * (1 - shares)).sum(axis=-1) / max(1, used - 1)
    return _ratio(agreement - expected, 1 - expected)


def _ratio(above: Floats, below: Floats) -> Floats:
    """above / below, nan where that is not defined."""
    above, below = np.broadcast_arrays(np.asarray(above, np.float64), np.asarray(below, np.float64))
    found: Floats = np.divide(above, below, out=np.full(above.shape, nan), where=below != 0)
    return found
