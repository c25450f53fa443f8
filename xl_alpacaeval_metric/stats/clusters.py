"""Clusters: the partition of items by prompt, which every interval and every test resamples."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Self

import numpy as np
import numpy.typing as npt

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.records.judgements import Comparison
from xl_alpacaeval_metric.stats.missing import Floats
from xl_alpacaeval_metric.terminal import counted

Codes = npt.NDArray[np.intp]


class Clusters:
    """A partition of items, given as the label of each item's cluster.

    The same prompt in several languages or designs is one cluster, because its verdicts are
    correlated. `codes` numbers each item's cluster from 0, in order of first appearance.
    """

    __slots__ = ("codes", "n_clusters")

    def __init__(self, labels: Iterable[Hashable]) -> None:
        index: dict[Hashable, int] = {}
        codes = np.fromiter((index.setdefault(label, len(index)) for label in labels), dtype=np.intp)
        self.codes: Codes = codes
        self.n_clusters = len(index)

    @classmethod
    def by_prompt(cls, comparisons: Iterable[Comparison]) -> Self:
        """The comparisons by prompt."""
        return cls(item.cluster for item in comparisons)

    def __len__(self) -> int:
        return int(self.codes.size)

    def take(self, indices: Sequence[int] | Codes) -> Self:
        """The same partition of the items at these indices; an index may come several times."""
        codes = self.codes[np.asarray(indices, dtype=np.intp)]
        _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
        taken = type(self)(())
        taken.codes, taken.n_clusters = np.argsort(np.argsort(first))[inverse], first.size
        return taken

    def totals(self, values: Floats) -> tuple[Floats, Floats]:
        """Sum and count of the non-missing values in each cluster that has any.

        Raises UserError unless there is one value for each item.
        """
        if len(self) != values.size:
            raise UserError(
                f"clusters: {len(self)} for {counted(values.size, 'item')}; need one prompt id for each item"
            )
        known = ~np.isnan(values)
        sums = np.bincount(self.codes[known], weights=values[known], minlength=self.n_clusters).astype(np.float64)
        counts = np.bincount(self.codes[known], minlength=self.n_clusters).astype(np.float64)
        return sums[counts > 0], counts[counts > 0]

    def members(self) -> list[Codes]:
        """The indices of each cluster's items."""
        if not self.n_clusters:
            return []
        return np.split(np.argsort(self.codes, kind="stable"), np.cumsum(np.bincount(self.codes))[:-1])


def as_clusters(labels: Clusters | Iterable[Hashable]) -> Clusters:
    """The partition by these labels, one for each item; a partition stays what it is."""
    return labels if isinstance(labels, Clusters) else Clusters(labels)
