"""Strata: items by prompt and language, and the mean over languages that every figure is."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import nan, sqrt
from typing import Self

import numpy as np

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.stats.clusters import Clusters, as_clusters
from xl_alpacaeval_metric.stats.missing import Floats

Labels = Clusters | Sequence[Hashable]
"""One label for each item: its prompt, or its language."""


@dataclass(frozen=True, slots=True)
class Strata:
    """Sums and counts of the known values, by language and prompt.

    `sums` and `counts` have shape (languages, prompts); languages and prompts without any known
    value are left out. Languages are strata: a figure over several is the mean of theirs, so that
    each weighs the same however many items it has. Prompts are clusters: the verdicts on one prompt
    are correlated, in all its languages.
    """

    sums: Floats
    counts: Floats

    @classmethod
    def of(cls, values: Floats, prompts: Labels, languages: Labels | None = None) -> Self:
        """`values`: one for each item, nan where it is missing; without `languages` there is one.

        Raises UserError unless there is one prompt, and one language, for each value.
        """
        clusters = as_clusters(prompts)
        if len(clusters) != values.size:
            raise UserError(f"prompts: {len(clusters)} for {values.size} items; need one prompt id for each item")
        groups = Clusters([0] * values.size) if languages is None else as_clusters(languages)
        if len(groups) != values.size:
            raise UserError(f"languages: {len(groups)} for {values.size} items; need one language for each item")
        known = ~np.isnan(values)
        shape = (groups.n_clusters, clusters.n_clusters)
        cells = groups.codes[known] * clusters.n_clusters + clusters.codes[known]
        size = shape[0] * shape[1]
        sums = np.bincount(cells, weights=values[known], minlength=size).reshape(shape).astype(np.float64)
        counts = np.bincount(cells, minlength=size).reshape(shape).astype(np.float64)
        rows, columns = counts.any(axis=1), counts.any(axis=0)
        return cls(sums[rows][:, columns], counts[rows][:, columns])

    @property
    def n_languages(self) -> int:
        return int(self.counts.shape[0])

    @property
    def n_prompts(self) -> int:
        return int(self.counts.shape[1])

    @property
    def n(self) -> int:
        """The number of known values."""
        return int(self.counts.sum())

    @property
    def means(self) -> Floats:
        """The mean of each language."""
        found: Floats = self.sums.sum(axis=1) / self.counts.sum(axis=1)
        return found

    @property
    def mean(self) -> float:
        """The mean of the languages' means; nan without a value."""
        return float(self.means.mean()) if self.n_languages else nan

    @property
    def weights(self) -> Floats:
        """The share of each prompt in the mean: 1 in all."""
        found: Floats = (self.counts / self.counts.sum(axis=1, keepdims=True)).sum(axis=0) / max(1, self.n_languages)
        return found

    @property
    def contributions(self) -> Floats:
        """The part of each prompt in the mean: their sum is the mean."""
        found: Floats = (self.sums / self.counts.sum(axis=1, keepdims=True)).sum(axis=0) / max(1, self.n_languages)
        return found

    @property
    def variance(self) -> float:
        """The variance of the mean, from prompts as clusters; nan with fewer than two.

        The linearised estimator for a mean of strata whose clusters cross them: with z_g the sum
        over languages of (S_gl - p_l n_gl) / (L n_l), each times sqrt(m_l / (m_l - 1)) for its m_l
        prompts, the variance is the sum of z_g^2 (Binder 1983). A language with a single prompt
        shows no variance of its own: it is given that of a coin with the mean of all.
        """
        if self.n_prompts < 2:
            return nan
        totals, in_language = self.counts.sum(axis=1), (self.counts > 0).sum(axis=1)
        enough = in_language > 1
        stretch = np.where(enough, np.sqrt(in_language / np.maximum(in_language - 1, 1)), 0.0)
        rest = self.sums - self.means[:, None] * self.counts
        z = (rest * (stretch / totals)[:, None]).sum(axis=0) / self.n_languages
        unseen = (~enough).sum() * self.mean * (1 - self.mean) / self.n_languages**2
        return float(z @ z + unseen)

    @property
    def degrees(self) -> float:
        """Degrees of freedom of the variance: prompts - 1, fewer where some prompts weigh more.

        (sum of c_g)^2 / (sum of c_g^2) - 1 with c_g the share of prompt g in the variance if all
        values had the same: Satterthwaite 1946; Carter, Schnepel & Steigerwald 2017.
        """
        if self.n_prompts < 2:
            return 0.0
        share = ((self.counts / self.counts.sum(axis=1, keepdims=True)) ** 2).sum(axis=0)
        return float(share.sum() ** 2 / (share @ share)) - 1

    def standard_error(self) -> float:
        """The standard error of the mean; nan with fewer than two prompts."""
        return sqrt(self.variance)
