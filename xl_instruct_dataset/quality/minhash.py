"""The MinHash signature of a text, by which near-duplicates are found."""

import zlib
from functools import cache
from typing import Any

import numpy as np

from xl_alpacaeval_metric.errors import MissingExtra
from xl_alpacaeval_metric.languages import words

Signature = np.ndarray[Any, np.dtype[np.uint32]]
"""BANDS * ROWS hashes of 32 bits."""

THRESHOLD = 0.8
"""The least share of equal hashes, an estimate of Jaccard's measure, that is a repetition."""
SHINGLE = 5
"""Words in a shingle; in scripts without spaces as many characters as make that many words."""
KEPT = 4096
"""Signatures that are kept ahead of their use, at most."""
BANDS, ROWS = 20, 6
"""Two texts are compared when one of 20 bands of 6 hashes agrees.

That are 99.8% of the pairs at the threshold, and 6% at a similarity of 0.4.
"""


class SignatureCache:
    """Signatures computed ahead of time, of the last KEPT texts; one that is taken is gone."""

    def __init__(self) -> None:
        self._signatures: dict[str, Signature | None] = {}

    def prepare(self, text: str) -> None:
        """Compute the signature of a text, at a time when it costs nothing."""
        if text not in self._signatures:
            self._signatures[text] = signature(text)
        if len(self._signatures) > KEPT:
            self._signatures.pop(next(iter(self._signatures)))

    def take(self, text: str) -> Signature | None:
        """The signature of a text, computed now unless it was prepared."""
        return self._signatures.pop(text) if text in self._signatures else signature(text)


def signature(text: str) -> Signature | None:
    """The MinHash (Broder 1997) of the shingles; None for a text without any word.

    Raises MissingExtra without datasketch.
    """
    shingles = _shingles(text)
    if not shingles:
        return None
    sketch = _empty().copy()
    sketch.update_batch(shingles)
    found: Signature = sketch.hashvalues.astype(np.uint32)  # datasketch's hashes have 32 bits.
    return found


def repeats(one: Signature, other: Signature, threshold: float = THRESHOLD) -> bool:
    """Whether the signatures are those of near-duplicates."""
    return bool(np.mean(one == other) >= threshold)


@cache
def _empty() -> Any:
    """The MinHash of no shingle, made once: drawing its permutations takes longest.

    CRC-32 spreads as well as SHA-1 here, and is faster.
    """
    try:
        import datasketch
    except ModuleNotFoundError:
        raise MissingExtra("datasketch", "generate") from None
    return datasketch.MinHash(num_perm=BANDS * ROWS, seed=1, hashfunc=zlib.crc32)


def _shingles(text: str) -> set[bytes]:
    tokens = words.tokens(text)
    length = SHINGLE if words.are_words(tokens) else SHINGLE * words.CHARACTERS_PER_WORD
    runs = zip(*(tokens[skip:] for skip in range(min(length, len(tokens)))), strict=False)
    return {" ".join(run).encode("utf-8", "replace") for run in runs}
