"""Strata: items by prompt and language, and the mean over languages that every figure is."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import isnan, nan, sqrt
from typing import Self

import numpy as np

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.stats.clusters import Clusters, Codes, as_clusters
from xl_alpacaeval_metric.stats.missing import Floats
from xl_alpacaeval_metric.terminal import counted

Labels = Clusters | Sequence[Hashable]
"""One label for each item: its prompt, its language, or the order it was judged in."""

IMBALANCE = 0.1
"""Difference of two orders' items, as a share of both, from which they weigh the same."""

NO_VARIANCE = 1e-12
"""A smaller variance of a mean in [0, 1] is what rounding leaves, which differs for p and 1 - p."""


@dataclass(frozen=True, slots=True)
class Strata:
    """Sums and counts of the known values, by stratum and prompt.

    A stratum is a language, or the half of one that was judged in one order of the answers. `sums`
    and `counts` have shape (strata, prompts); `shares` is what each stratum weighs in the mean, 1
    in all; `languages` numbers the language of each. Strata and prompts without any known value are
    left out. Each language weighs the same however many items it has. Prompts are clusters: the
    verdicts on one prompt are correlated, in all its languages.
    """

    sums: Floats
    counts: Floats
    shares: Floats
    languages: Codes

    @classmethod
    def of(cls, values: Floats, prompts: Labels, languages: Labels | None = None, orders: Labels | None = None) -> Self:
        """`values`: one for each item, nan where it is missing; without `languages` there is one.

        `orders`: which answer the judge saw first, for each item. A judge's lean to the first
        answer is no variance of the items, and is taken out of it where an order has two prompts
        or more. The two orders of a language weigh as many items as they have where these differ by
        little, as in a balanced order, and the same where they differ by more than IMBALANCE.

        Raises UserError unless there is one label of each kind for each value.
        """
        clusters = _labels(prompts, values.size, "prompt")
        groups = _labels([0] * values.size if languages is None else languages, values.size, "language")
        halves = _labels([0] * values.size if orders is None else orders, values.size, "order")
        known = ~np.isnan(values)
        shape = groups.n_clusters, halves.n_clusters, clusters.n_clusters
        cells = np.ravel_multi_index((groups.codes[known], halves.codes[known], clusters.codes[known]), shape)
        size = int(np.prod(shape))
        sums = np.bincount(cells, weights=values[known], minlength=size).reshape(shape).astype(np.float64)
        counts = np.bincount(cells, minlength=size).reshape(shape).astype(np.float64)
        return cls._of_halves(sums, counts)

    @classmethod
    def _of_halves(cls, sums: Floats, counts: Floats) -> Self:
        """`sums`, `counts`: of shape (languages, orders, prompts)."""
        used = counts.any(axis=(0, 1))
        rows: list[tuple[Floats, Floats, float, int]] = []
        for language in np.flatnonzero(counts.any(axis=(1, 2))).tolist():
            halves = np.flatnonzero(counts[language].any(axis=1))
            n = counts[language, halves].sum(axis=1)
            if len(halves) == 1 or ((counts[language, halves] > 0).sum(axis=1) < 2).any():
                rows.append((sums[language].sum(axis=0), counts[language].sum(axis=0), 1.0, language))
                continue
            equal = n.max() - n.min() > max(1.0, IMBALANCE * n.sum())
            for half, items in zip(halves, n, strict=True):
                share = 1 / len(halves) if equal else items / n.sum()
                rows.append((sums[language, half], counts[language, half], share, language))
        n_languages = len({row[3] for row in rows})
        return cls(
            np.array([row[0][used] for row in rows]).reshape(len(rows), int(used.sum())),
            np.array([row[1][used] for row in rows]).reshape(len(rows), int(used.sum())),
            np.array([row[2] / n_languages for row in rows]),
            np.array([row[3] for row in rows], dtype=np.intp),
        )

    @property
    def n_prompts(self) -> int:
        return int(self.counts.shape[1])

    @property
    def n(self) -> int:
        """The number of known values."""
        return int(self.counts.sum())

    @property
    def means(self) -> Floats:
        """The mean of each stratum."""
        found: Floats = self.sums.sum(axis=1) / self.counts.sum(axis=1)
        return found

    @property
    def mean(self) -> float:
        """The mean of the languages' means; nan without a value."""
        return float(self.shares @ self.means) if self.n else nan

    @property
    def weights(self) -> Floats:
        """The share of each prompt in the mean: 1 in all."""
        found: Floats = self._per_item @ self.counts
        return found

    @property
    def contributions(self) -> Floats:
        """The part of each prompt in the mean: their sum is the mean."""
        found: Floats = self._per_item @ self.sums
        return found

    @property
    def variance(self) -> float:
        """The variance of the mean, from prompts as clusters; nan with fewer than two.

        The linearised estimator for a mean of strata that cross the clusters (Binder 1983): with
        z_g the sum over strata of w_s (S_gs - p_s n_gs) / n_s, each times sqrt(m_s / (m_s - 1)) for
        its m_s prompts, the variance is the sum of z_g^2. A language with a single prompt shows no
        variance of its own: it is given that of a coin with the mean of all. Where the orders of a
        language are not equally frequent, the lean to one of them may have moved the mean by
        w (n_1 - n_2) / n (p_1 - p_2) / 2, whose square is added.
        """
        if self.n_prompts < 2:
            return nan
        prompts = (self.counts > 0).sum(axis=1)
        z = self._parts().sum(axis=0)
        unseen = float((self.shares[prompts < 2] ** 2).sum()) * self.mean * (1 - self.mean)
        return float(z @ z) + max(0.0, unseen) + self._imbalance()

    @property
    def independent(self) -> tuple[float, float]:
        """The number of prompts' verdicts in one language that these are worth, least and most.

        1 / sum of w^2 with w the share of each in the mean (Kish 1965): least, if the languages of
        a prompt agree, of each prompt; most, if they are independent, of each prompt and language.
        """
        weights = self._by_language(self._per_item[:, None] * self.counts)
        return 1 / float((weights.sum(axis=0) ** 2).sum()), 1 / float((weights**2).sum())

    @property
    def design_effect(self) -> float:
        """The variance of the mean, as a multiple of what it were if no two languages correlated.

        1 where each prompt has one language, and up to the number of languages where their verdicts
        agree; at least 1.
        """
        if self.n_prompts < 2:
            return 1.0
        parts = self._by_language(self._parts())
        apart = float((parts**2).sum())
        return max(1.0, float((parts.sum(axis=0) ** 2).sum()) / apart) if apart > NO_VARIANCE else 1.0

    @property
    def telling(self) -> float:
        """The number of prompts that the variance comes from: (sum of z^2)^2 / sum of z^4.

        z as in `variance`. All prompts where they vary alike, 1 where one of many was won, 0 where
        nothing varies.
        """
        squares = self._parts().sum(axis=0) ** 2
        total = float(squares.sum())
        return total**2 / float(squares @ squares) if total > NO_VARIANCE else 0.0

    @property
    def degrees(self) -> float:
        """Degrees of freedom of the variance: prompts - 1, fewer where some prompts weigh more.

        (sum of c_g)^2 / (sum of c_g^2) - 1 with c_g the share of prompt g in the variance if all
        values had the same: Satterthwaite 1946; Carter, Schnepel & Steigerwald 2017.
        """
        if self.n_prompts < 2:
            return 0.0
        share = ((self._per_item[:, None] * self.counts) ** 2).sum(axis=0)
        return float(share.sum() ** 2 / (share @ share)) - 1

    def standard_error(self) -> float:
        """The standard error of the mean; nan with fewer than two prompts."""
        return nan if isnan(self.variance) else sqrt(self.variance)

    @property
    def _per_item(self) -> Floats:
        """What one item of each stratum weighs in the mean."""
        found: Floats = self.shares / self.counts.sum(axis=1)
        return found

    def _by_language(self, values: Floats) -> Floats:
        """The sums of values by stratum over the strata of each language."""
        codes = np.unique(self.languages)
        found: Floats = (self.languages == codes[:, None]).astype(np.float64) @ values
        return found

    def _parts(self) -> Floats:
        """What each stratum gives to each prompt's z; see `variance`."""
        prompts = (self.counts > 0).sum(axis=1)
        stretch = np.where(prompts > 1, np.sqrt(prompts / np.maximum(prompts - 1, 1)), 0.0)
        found: Floats = (self._per_item * stretch)[:, None] * (self.sums - self.means[:, None] * self.counts)
        return found

    def _imbalance(self) -> float:
        means = self.means
        found = 0.0
        for language in np.unique(self.languages):
            rows = np.flatnonzero(self.languages == language)
            if len(rows) == 2:
                weights = self.shares[rows]
                found += float((weights[0] - weights[1]) * (means[rows[0]] - means[rows[1]]) / 2) ** 2
        return found


def _labels(labels: Labels, size: int, name: str) -> Clusters:
    found = as_clusters(labels)
    if len(found) != size:
        raise UserError(f"{name}s: {len(found)} for {counted(size, 'item')}; need one {name} for each item")
    return found


def bounds_if_missing(
    preferences: Floats, asked: "np.ndarray[tuple[int], np.dtype[np.bool_]]", prompts: list[str], codes: list[str]
) -> tuple[float, float] | None:
    """The win rates if all missing verdicts were for the reference, or for the candidate."""
    if not asked.any():
        return None
    low, high = (
        Strata.of(np.where(asked, np.nan_to_num(preferences, nan=one), nan), prompts, codes).mean for one in (0.0, 1.0)
    )
    return 100 * low, 100 * high
