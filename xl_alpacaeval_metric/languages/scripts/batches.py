"""Texts a few at a time: what is computed for each character takes much memory."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from sys import maxsize

CHARACTERS = 1 << 18
"""So many characters' numbers, of 8 bytes each, stay in a processor's cache."""


def of(texts: Sequence[str], characters: int = CHARACTERS, most: int = maxsize) -> Iterator[slice]:
    """The slices of texts with so many characters, and texts, at most; a longer text is alone.

    There is one slice or more.
    """
    ends = list(accumulate(map(len, texts)))
    start = before = 0
    while start < len(ends) or not start:
        last = min(max(start + 1, bisect_right(ends, before + characters, start)), start + most)
        yield slice(start, last)
        start, before = last, ends[last - 1] if ends else 0
