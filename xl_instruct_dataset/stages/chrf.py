"""Agreement among translations: chrF2 of every pair, from one table of n-gram counts for all."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

ORDERS, BETA = 6, 2
"""Length of the longest n-grams, and the weight of recall beside precision.

These are chrF2's (Popović 2015, doi:10.18653/v1/W15-3049).
"""

Numbers = NDArray[np.int64]


def agreement(candidates: Sequence[str]) -> list[float]:
    """The mean sentence chrF2, 0 to 100, of each candidate with every other one as its reference.

    A single candidate gets 100. The best candidate is the one that the others agree with most:
    minimum Bayes risk decoding (Kumar and Byrne 2004, aclanthology.org/N04-1022; for candidates
    sampled from a model Eikema and Aziz 2022, arXiv:2108.04718). A pair's figure is that of
    sacrebleu's `sentence_chrf`, except that equal texts get 100 even if they are empty.
    """
    if len(candidates) < 2:
        return [100.0] * len(candidates)
    # For each order of n-grams: the table of counts, and the number of n-grams of each candidate.
    counted = list(_counts(candidates))
    totals = [table.sum(axis=1).tolist() for table in counted]
    utility = [[100.0] * len(candidates) for _ in candidates]
    for one, other in combinations(range(len(candidates)), 2):
        if candidates[one] == candidates[other]:
            continue
        precisions, recalls = [0.0], [0.0]
        for table, total in zip(counted, totals, strict=True):
            if total[one] and total[other]:
                common = int(np.minimum(table[one], table[other]).sum())
                precisions.append(common / total[one])
                recalls.append(common / total[other])
        orders = max(1, len(precisions) - 1)
        precision, recall = sum(precisions) / orders, sum(recalls) / orders
        utility[one][other] = _f(precision, recall)
        utility[other][one] = _f(recall, precision)
    return [(sum(row) - 100.0) / (len(row) - 1) for row in utility]


def _f(precision: float, recall: float) -> float:
    both = BETA**2 * precision + recall
    return 100 * (1 + BETA**2) * precision * recall / both if both else 0.0


def _counts(texts: Sequence[str]) -> Iterator[NDArray[Any]]:
    """For each order the counts as a table of texts x n-grams. White space is ignored."""
    bare = ["".join(text.split()) for text in texts]
    lengths = [len(text) for text in bare]
    characters, alphabet = _numbered(np.frombuffer("".join(bare).encode("utf-32-le", "surrogatepass"), "<u4"))
    text_of = np.repeat(np.arange(len(texts)), lengths)
    to_the_end = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(text_of))
    # An n-gram is identified by the number of its first n - 1 characters and by its last character.
    # Numbering the pairs again at each order keeps the numbers small.
    starts, grams, kinds = np.arange(len(text_of)), characters, alphabet
    for length in range(1, ORDERS + 1):
        if length > 1:
            fits = to_the_end[starts] >= length
            starts = starts[fits]
            grams, kinds = _numbered(grams[fits] * alphabet + characters[starts + length - 1])
        cells = text_of[starts] * kinds + grams
        yield np.bincount(cells, minlength=len(texts) * kinds).reshape(len(texts), kinds)


def _numbered(things: NDArray[Any]) -> tuple[Numbers, int]:
    """For each thing the number, from 0, of its value, and how many distinct values there are."""
    kinds, numbers = np.unique(things, return_inverse=True)
    return numbers, len(kinds)
