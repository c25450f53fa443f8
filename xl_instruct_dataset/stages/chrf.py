"""Agreement among translations: chrF2 of every pair, on counts of character n-grams that all of them share."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

ORDERS, BETA = 6, 2
"""The longest n-grams, and how many times recall counts as much as precision: chrF2 (Popović 2015, doi:10.18653/v1/W15-3049)."""

Numbers = NDArray[np.int64]


def agreement(candidates: Sequence[str]) -> list[float]:
    """The mean sentence chrF2, 0 to 100, of each candidate with each of the others as its reference; [100.0] for a single one.

    Minimum Bayes risk decoding (Kumar and Byrne 2004, aclanthology.org/N04-1022; for candidates drawn from a model Eikema and
    Aziz 2022, arXiv:2108.04718): the best candidate is the one that the others agree with most. Each pair's figure is that of
    sacrebleu's `sentence_chrf`, save that of two texts that are equal, which is 100 even where they are empty.
    """
    if len(candidates) < 2:
        return [100.0] * len(candidates)
    # Over the whole tables at once: a pair's n-grams that are in both, and how many a candidate has, by order.
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
    """For each order a table of texts x n-grams that occur: how often each text has each. White space is no character."""
    bare = ["".join(text.split()) for text in texts]
    lengths = [len(text) for text in bare]
    characters, alphabet = _numbered(np.frombuffer("".join(bare).encode("utf-32-le", "surrogatepass"), "<u4"))
    text_of = np.repeat(np.arange(len(texts)), lengths)
    to_the_end = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(text_of))
    # An n-gram is the number of its first n - 1 characters and the last one: numbered anew each time, the pair stays small.
    starts, grams, kinds = np.arange(len(text_of)), characters, alphabet
    for length in range(1, ORDERS + 1):
        if length > 1:
            fits = to_the_end[starts] >= length
            starts = starts[fits]
            grams, kinds = _numbered(grams[fits] * alphabet + characters[starts + length - 1])
        cells = text_of[starts] * kinds + grams
        yield np.bincount(cells, minlength=len(texts) * kinds).reshape(len(texts), kinds)


def _numbered(things: NDArray[Any]) -> tuple[Numbers, int]:
    """Each thing as the number, from 0, of its kind, and how many kinds there are."""
    kinds, numbers = np.unique(things, return_inverse=True)
    return numbers, len(kinds)
