"""Lines as the own model reads them: words of letters and apostrophes, in lower case.

`words` gives them as text; `hashed` only finds where they stand, with a hash of each, which is
several times faster and enough for words that were met before.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

_APOSTROPHE = "\u2018\u2019\u02bb\u02bc\u02bd`´"
_NO_LETTER = (
    "\x00-\x09\x0b-\x1f!-&(-@\\[-`{-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf×÷\u0589\u05be\u05f3\u05f4\u060c\u061b\u061f"
    "\u0640\u0660-\u066d\u06d4\u06f0-\u06f9\u0964-\u096f\u09e6-\u09ef\u1362-\u137c"
    "\u2000-\u200b\u200e-\u2017\u201a-\u206f\u2070-\u209f\u20a0-\u20cf\u2190-\u2bff"
    "\u3000-\u3004\u3008-\u3020\u30fb\ud800-\udfff\uff00-\uff20\uff3b-\uff40\uff5b-\uff65\ufffd\U0001f000-\U0001faff"
)
_PICTURES = (0x1F000, 0x1FAFF)
_LAST, _NEWLINE = 0xFFFF, 0x0A
_FACTOR, _MASK, _PERIOD = 0x9E3779B97F4A7C15, 2**64 - 1, 1 << 16
"""What a character's place multiplies its value by in a word's hash, again from each period on.

A period is a power of two.
"""

WORD = re.compile(f"(?:[^{_NO_LETTER}\\s]|[{_APOSTROPHE}])+")
"""A word in a text as it is written."""


def words(lines: Sequence[str]) -> list[list[str]]:
    """The words of each line."""
    joined = "\n".join(lines)
    if joined.count("\n") >= len(lines):
        joined = "\n".join(line.replace("\n", " ") for line in lines)
    return [line.split() for line in _read(joined).split("\n")] if lines else []


def each(written: Sequence[str]) -> list[str]:
    """Words as they are read, given each as it is written."""
    return list(map(str.strip, _read("\n".join(written)).split("\n"))) if written else []


def _read(text: str) -> str:
    """A text in lower case, with spaces for what is in no word."""
    codes = np.frombuffer(text.lower().encode("utf-32-le", "surrogatepass"), "<u4")
    read = _table()[np.minimum(codes, np.uint32(_LAST))]
    beyond = np.flatnonzero(codes >= _LAST)
    if len(beyond):
        of_beyond = codes[beyond]
        of_beyond[(of_beyond >= _PICTURES[0]) & (of_beyond <= _PICTURES[1])] = ord(" ")
        read[beyond] = of_beyond
    return str(read.tobytes().decode("utf-32-le"))


@dataclass(frozen=True, slots=True)
class Hashed:
    """The words of texts, one text after the other.

    `joined` is all the texts, one a line, which begin at `offsets`; `starts` and `ends` are the
    places of the words in it, `counts` the number of words of each text. Words that are read alike
    mostly have one hash.
    """

    joined: str
    offsets: npt.NDArray[np.intp]
    starts: npt.NDArray[np.intp]
    ends: npt.NDArray[np.intp]
    hashes: npt.NDArray[np.uint64]
    counts: npt.NDArray[np.intp]

    def written(self, words: npt.NDArray[np.intp] | slice) -> list[str]:
        """Some of the words, by index, as they stand in their texts."""
        places = zip(self.starts[words].tolist(), self.ends[words].tolist(), strict=True)
        return [self.joined[start:end] for start, end in places]


def hashed(texts: Sequence[str]) -> Hashed:
    """Where the words of texts stand, and their hashes.

    A word's hash is the sum over its characters of a random number for each, in lower case, times
    a power for the place in the word, modulo 2**64.
    """
    joined = "\n".join(texts)
    values = _values_of(joined)
    is_letter = np.zeros(len(values) + 2, np.bool_)
    np.not_equal(values, 0, out=is_letter[1:-1])
    edges = np.flatnonzero(is_letter[1:] != is_letter[:-1])
    starts, ends = edges[::2], edges[1::2]
    powers, inverse = _powers()
    for start in range(0, len(values), _PERIOD):
        some = slice(start, start + _PERIOD)
        values[some] *= powers[: len(values[some])]
    # Values between the words are 0.
    hashes = np.add.reduceat(values, starts) if len(starts) else np.zeros(0, np.uint64)
    hashes *= inverse.take(starts & (_PERIOD - 1))
    after = np.cumsum(np.fromiter(map(len, texts), np.intp, len(texts)) + 1)
    counts = np.diff(np.searchsorted(starts, after), prepend=0)
    return Hashed(joined, np.append(0, after[:-1]), starts, ends, hashes, counts)


def _values_of(text: str) -> npt.NDArray[np.uint64]:
    """A random number for each character; 0 for what is in no word."""
    codes: npt.NDArray[np.uint32] = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    if codes.max(initial=0) < _LAST:
        return np.asarray(_random_numbers().take(codes))
    values: npt.NDArray[np.uint64] = _random_numbers().take(np.minimum(codes, np.uint32(_LAST)))
    for place in np.flatnonzero(codes >= _LAST).tolist():
        code = int(codes[place])
        is_picture = _PICTURES[0] <= code <= _PICTURES[1]
        values[place] = 0 if is_picture else ord(chr(code).lower()) * _FACTOR & _MASK
    return values


@lru_cache(maxsize=1)
def _random_numbers() -> npt.NDArray[np.uint64]:
    """A number for each character up to `_LAST`, the same for those read alike; 0 for no letter.

    What becomes two characters in lower case, or depends on those beside it, has its own.
    """
    numbers = np.random.default_rng(0).integers(1, 2**64, _LAST + 1, dtype=np.uint64)
    every = "".join(map(chr, range(_LAST + 1)))
    lower = every.replace("İ", "i").lower().replace("Σ", "σ")
    read = _table()[np.frombuffer(lower.encode("utf-32-le", "surrogatepass"), "<u4")]
    found: npt.NDArray[np.uint64] = numbers[read]
    found[[ord("İ"), ord("Σ")]] = numbers[[ord("İ"), ord("Σ")]]
    found[[ord(space) for space in re.findall(r"\s", every)]] = 0
    found[read == ord(" ")] = 0
    return found


@lru_cache(maxsize=1)
def _powers() -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """The powers of `_FACTOR` and those of its inverse modulo 2**64."""
    inverse = pow(_FACTOR, -1, 2**64)
    both = (np.multiply.accumulate(np.full(_PERIOD, base, np.uint64)) for base in (_FACTOR, inverse))
    powers, of_inverse = both
    return powers, of_inverse


@lru_cache(maxsize=1)
def _table() -> npt.NDArray[np.uint32]:
    """What each character up to `_LAST` becomes."""
    found = np.arange(_LAST + 1, dtype="<u4")
    for code in re.findall(f"[{_NO_LETTER}]", "".join(map(chr, range(_LAST + 1)))):
        found[ord(code)] = ord(" ")
    found[[ord(code) for code in _APOSTROPHE]] = ord("'")
    found[_NEWLINE] = _NEWLINE
    return found
