"""A judge's lean to the answer shown first, taken out of the values that it has moved."""

from math import sqrt

import numpy as np

from xl_alpacaeval_metric.stats.clusters import as_clusters
from xl_alpacaeval_metric.stats.missing import Floats
from xl_alpacaeval_metric.stats.strata import Labels, Strata


def without_lean(values: Floats, prompts: Labels, languages: Labels | None, orders: Labels) -> Floats:
    """The values of items, in which the order of the answers no longer shows.

    `values`: one for each item, nan where it is missing; `orders`: which answer the judge saw
    first. Their means in a language, over items, are those of `Strata.of` with these orders, and
    the variance over prompts is that of its halves, for tests and estimators that know no halves:
    with m_h the mean of an order, w_h its share, n_h its items of n in the language, and M the sum
    of w_h m_h, a value x becomes M + (x - m_h) w_h n / n_h * sqrt(p / (p - 1)). The root, with p
    the language's prompts, is for the mean that is estimated beside M. A language in which the
    orders cannot be told apart stays as it is. Values may leave their bounds.

    Raises UserError unless there is one label of each kind for each value.
    """
    # Labels are checked once here, for all languages together.
    Strata.of(values, prompts, languages, orders)
    clusters, halves = as_clusters(prompts), as_clusters(orders)
    groups = as_clusters([0] * values.size if languages is None else languages)
    found = values.copy()
    for members in groups.members():
        at = members[~np.isnan(values[members])]
        if not at.size:
            continue
        strata = Strata.of(values[at], clusters.take(at), None, halves.take(at))
        if len(strata.shares) < 2:
            continue
        used = halves.take(at).codes
        n = np.bincount(used)
        stretch = sqrt(strata.n_prompts / (strata.n_prompts - 1))
        factor = stretch * strata.shares * at.size / n
        found[at] = strata.mean + (values[at] - strata.means[used]) * factor[used]
    return found
