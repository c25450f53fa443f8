"""Krippendorff's alpha: agreement of any number of raters, beyond chance.

1 - observed / expected disagreement, over all pairs of values of an item against all pairs of
values. 1 is full agreement, 0 agreement by chance. Source: Krippendorff 2011, Computing
Krippendorff's alpha-reliability, repository.upenn.edu/asc_papers/43.
"""

from math import nan

import numpy as np

from xl_alpacaeval_metric.stats.missing import Floats


def of_values(values: Floats) -> float:
    """Alpha for interval data, such as preferences.

    `values`: raters x items, nan where one is missing; items with fewer than two values do not
    count. nan where all values are equal, or none is left.
    """
    counts = (~np.isnan(values)).sum(axis=0)
    kept = values[:, counts > 1]
    counts = counts[counts > 1]
    every = kept[~np.isnan(kept)]
    if every.size < 2:
        return nan
    means = np.nansum(kept, axis=0) / counts
    # Squared differences of all ordered pairs are 2 n times the squared distances to the mean.
    observed = (np.nansum((kept - means) ** 2, axis=0) * 2 * counts / (counts - 1)).sum()
    expected = 2 * every.size * ((every - every.mean()) ** 2).sum()
    return float(_alpha(np.array(every.size), observed, np.asarray(expected)))


def of_tables(tables: Floats, distances: Floats) -> Floats:
    """Alpha of categories with these squared distances, from sums of coincidence matrices.

    `tables`: the last two axes are categories; any axes before are those of several tables. nan
    where all values are the same.
    """
    values = tables.sum(axis=-1)
    observed = (tables * distances).sum(axis=(-2, -1))
    expected = (values[..., :, None] * values[..., None, :] * distances).sum(axis=(-2, -1))
    return _alpha(values.sum(axis=-1), observed, expected)


def _alpha(n: Floats, observed: Floats, expected: Floats) -> Floats:
    """`observed`: the sum over items of their pairs' distances, each / (values of the item - 1)."""
    above, below = np.broadcast_arrays((n - 1) * observed, np.asarray(expected, np.float64))
    found: Floats = 1 - np.divide(above, below, out=np.full(above.shape, nan), where=below > 0)
    return found
