"""Texts a few at a time: what is computed for each character takes much memory."""

from collections.abc import Iterator, Sequence
from sys import maxsize

CHARACTERS = 1 << 18
"""So many characters' numbers, of 8 bytes each, stay in a processor's cache."""


def of(texts: Sequence[str], characters: int = CHARACTERS, most: int = maxsize) -> Iterator[slice]:
    """The slices of texts with so many characters, and texts, at most; a longer text is alone.

    There is one slice or more.
    """
    start = size = 0
    for at, length in enumerate(map(len, texts)):
        if at > start and (size + length > characters or at - start == most):
            yield slice(start, at)
            start, size = at, 0
        size += length
    yield slice(start, len(texts))
