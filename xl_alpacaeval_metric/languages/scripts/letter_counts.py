"""Letters counted in many texts at once, as `scripts.weight` counts them in one."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from xl_alpacaeval_metric.languages import scripts
from xl_alpacaeval_metric.languages.scripts import batches

_LAST, _NEWLINE = 0xFFFF, 0x0A
_BITS, _MASK = 29, 2**29 - 1
"""Two sums in one number: the low bits have the second, up to 180 million Chinese characters."""
_RANGE = re.compile("(.)(?:-(.))?", re.DOTALL)


def weights(texts: Sequence[str]) -> list[int]:
    """The letters of each text."""
    return _sums(texts, _weights())


def weights_up_to(text: str) -> npt.NDArray[np.int64]:
    """The letters before each character of a text, and those of the whole text at the end."""
    found = np.zeros(len(text) + 1, np.int64)
    np.cumsum(_weights()[_places(text)], out=found[1:])
    return found


def shares(texts: Sequence[str], script: str | None) -> list[float]:
    """The share of each text's letters that are of a script; 1 without letters or for no script."""
    found = [1.0] * len(texts)
    if script is None or scripts.letters_of(script) is None:
        return found
    some = _may_have_others(texts, script)
    for at, both in zip(some, _sums([texts[at] for at in some], _weights_of_both(script)), strict=True):
        if both:
            found[at] = (both & _MASK) / (both >> _BITS)
    return found


def outside(texts: Sequence[str], script: str) -> list[int]:
    """The letters of other scripts in each text."""
    found = [0] * len(texts)
    some = _may_have_others(texts, script)
    for at, letters in zip(some, _sums([texts[at] for at in some], _weights_outside(script)), strict=True):
        found[at] = letters
    return found


def _may_have_others(texts: Sequence[str], script: str) -> Sequence[int]:
    """The texts, by index, that may have letters of other scripts."""
    return [at for at, text in enumerate(texts) if script != "Latn" or not text.isascii()]


def lines_of_figures(texts: Sequence[str]) -> list[tuple[int, int, int]]:
    """The lines with more decimal digits than letters: text, first and after last character."""
    every = (_lines_of_figures(texts[some], some.start) for some in batches.of(texts))
    return list(chain.from_iterable(every))


def _lines_of_figures(texts: Sequence[str], first: int) -> Iterable[tuple[int, int, int]]:
    """Those of some texts that follow one another from the text of index `first` on."""
    if not texts:
        return ()
    places = _places("\n".join((*texts, "")))
    ends = np.flatnonzero(places == _NEWLINE)
    starts = np.append(0, ends[:-1] + 1)
    lines = np.flatnonzero(np.add.reduceat(_digits_less_letters().take(places), starts, dtype=np.int64) > 0)
    of_texts = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1)
    which = np.searchsorted(of_texts, starts[lines], side="right")
    before = np.append(0, of_texts)[which]
    some = (which + first, starts[lines] - before, ends[lines] - before)
    return zip(*(part.tolist() for part in some), strict=True)


def by_script(texts: Sequence[str]) -> npt.NDArray[np.int64]:
    """How many letters of each script are in each text: texts x scripts."""
    size = len(scripts.names()) + 1
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    of_characters = _numbers_of_scripts().take(_places("".join(texts))).astype(np.int64)
    of_characters += np.repeat(np.arange(len(texts)) * size, lengths)
    counts = np.bincount(of_characters, minlength=len(texts) * size).reshape(len(texts), size)
    return counts[:, 1:]


def _sums(texts: Sequence[str], table: npt.NDArray[Any]) -> list[int]:
    """The sum over each text's characters of what they have in a table."""
    found: list[int] = []
    for some in batches.of(texts) if texts else ():
        # An end for each text, so that none is empty.
        places = _places("\n".join((*texts[some], "")))
        ends = np.cumsum(np.fromiter(map(len, texts[some]), np.int64) + 1)
        found += np.add.reduceat(table.take(places), np.append(0, ends[:-1]), dtype=np.int64).tolist()
    return found


def _places(text: str) -> npt.NDArray[np.uint32]:
    """Each character's place in the tables below; characters beyond them have the last."""
    codes: npt.NDArray[np.uint32] = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    return codes if codes.max(initial=0) <= _LAST else np.minimum(codes, np.uint32(_LAST))


@lru_cache(maxsize=1)
def _weights() -> npt.NDArray[np.uint8]:
    """What each character up to `_LAST` counts as."""
    found = _is_of("").astype(np.uint8)
    found[_is_of("Jpan")] = scripts.WEIGHT
    return found


@lru_cache(maxsize=1)
def _digits_less_letters() -> npt.NDArray[np.int8]:
    """1 for each digit; for letters what they count as, below 0.

    Blocks of scripts have digits, too, which are no letters here.
    """
    return np.where(_digits(), np.int8(1), -_weights().astype(np.int8))


@lru_cache(maxsize=64)
def _weights_of_both(script: str) -> npt.NDArray[np.uint32]:
    """What each letter counts as, in the high bits; the same in the low ones for a script alone."""
    weights = _weights().astype(np.uint32)
    return np.asarray((weights << _BITS) + weights * _is_of(script), np.uint32)


@lru_cache(maxsize=64)
def _weights_outside(script: str) -> npt.NDArray[np.uint8]:
    """What each letter that is not of a script counts as; 0 for others."""
    return _weights() * ~_is_of(script)


@lru_cache(maxsize=64)
def _is_of(script: str) -> npt.NDArray[np.bool_]:
    """Whether each character up to `_LAST` is a letter of a script; of any for ""."""
    found = np.zeros(_LAST + 1, np.bool_)
    for first, last in _RANGE.findall(scripts.characters_of(script)):
        found[ord(first) : ord(last or first) + 1] = True
    return found


@lru_cache(maxsize=1)
def _digits() -> npt.NDArray[np.uint8]:
    """1 for each digit up to `_LAST`, else 0."""
    found = np.zeros(_LAST + 1, np.uint8)
    found[[ord(digit) for digit in re.findall(r"\d", "".join(map(chr, range(_LAST))))]] = 1
    return found


@lru_cache(maxsize=1)
def _numbers_of_scripts() -> npt.NDArray[np.uint8]:
    """For each character up to `_LAST` the number of its script, from 1 on; 0 for no letter."""
    found = np.zeros(_LAST + 1, np.uint8)
    for number, name in enumerate(scripts.names(), 1):
        found[_is_of(name)] = number
    return found
