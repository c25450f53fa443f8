"""The vectors of words, each computed once.

A text's hidden layer in fastText is the mean over the rows of its words and of their pieces, so the
sum of a word's rows, and their number, can be kept for all the texts that have the word.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import repeat
from threading import Lock

import numpy as np
import numpy.typing as npt

from xl_alpacaeval_metric.languages.own_model import reading
from xl_alpacaeval_metric.languages.own_model.fasttext_file import FastText
from xl_alpacaeval_metric.languages.own_model.hash_table import HashTable
from xl_alpacaeval_metric.languages.own_model.reading import Hashed

_OFFSET_BASIS, _PRIME = 2166136261, np.uint32(16777619)  # FNV-1a, 32 bits.
_LONGEST_WORD = 400
_AT_ONCE = 1024
_PROPERTIES = 12
"""Names under which properties of words are kept: those of a few languages."""


class WordVectors:
    """Words by number, with the sum of their rows and how many these are.

    Words are only added, by one thread at a time; numbers stay.
    """

    def __init__(self, model: FastText) -> None:
        self._model = model
        self._numbers: dict[str, int] = {}
        self._words: list[str] = []
        self._of_hashes = HashTable()
        self._sums = np.zeros((1024, model.inputs.shape[1]), np.float32)
        self._counts = np.zeros(1024, np.float32)
        self._properties: dict[Hashable, npt.NDArray[np.float32]] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def words(self) -> Sequence[str]:
        """The words in the order of their numbers."""
        return self._words

    @property
    def sums(self) -> npt.NDArray[np.float32]:
        """words x dimensions"""
        return self._sums

    @property
    def counts(self) -> npt.NDArray[np.float32]:
        """Rows that each word's sum is over."""
        return self._counts

    def numbers(self, words: Sequence[str]) -> npt.NDArray[np.int32]:
        """The number of each word."""
        with self._lock:
            return self._numbers_of(words)

    def numbers_of_hashed(self, read: Hashed) -> npt.NDArray[np.int32]:
        """The number of each word of texts."""
        with self._lock:
            found = self._of_hashes.get(read.hashes)
            new = np.flatnonzero(found < 0)
            if len(new):
                hashes, first = np.unique(read.hashes[new], return_index=True)
                words = reading.each(read.written(new[first]))
                self._of_hashes.add(hashes, self._numbers_of(words))
                found[new] = self._of_hashes.get(read.hashes[new])
            return found

    def properties(
        self, name: Hashable, numbers: npt.NDArray[np.int32], of: Callable[[Sequence[str]], Sequence[float]]
    ) -> npt.NDArray[np.float32]:
        """What `of` says about words, which is asked about each once.

        It is kept under `name`, for the names asked about last.
        """
        with self._lock:
            kept = self._properties.pop(name, None)
            if kept is None or len(kept) < len(self._counts):
                longer = np.full(len(self._counts), np.nan, np.float32)
                longer[: 0 if kept is None else len(kept)] = np.nan if kept is None else kept
                kept = longer
            self._properties[name] = kept
            found = kept.take(numbers)
            if (unknown := np.isnan(found)).any():
                new = np.unique(numbers[unknown])
                kept[new] = of([self._words[number] for number in new.tolist()])
                found = kept.take(numbers)
            while len(self._properties) > _PROPERTIES:
                del self._properties[next(iter(self._properties))]
            return found

    def _numbers_of(self, words: Sequence[str]) -> npt.NDArray[np.int32]:
        found = np.fromiter(map(self._numbers.get, words, repeat(-1)), np.int32, len(words))
        new = np.flatnonzero(found < 0)
        if len(new):
            of_new = [words[place] for place in new.tolist()]
            self._add(list(dict.fromkeys(of_new)))
            found[new] = list(map(self._numbers.__getitem__, of_new))
        return found

    def _add(self, new: Sequence[str]) -> None:
        start, whole = len(self._numbers), len(self._numbers) + len(new)
        if whole > len(self._counts):
            size = max(whole, 2 * len(self._counts))
            sums, counts = np.zeros((size, self._sums.shape[1]), np.float32), np.zeros(size, np.float32)
            sums[:start], counts[:start] = self._sums[:start], self._counts[:start]
            self._sums, self._counts = sums, counts
        for at in range(0, len(new), _AT_ONCE):
            some, first = new[at : at + _AT_ONCE], start + at
            sums, counts = _vectors(some, self._model)
            self._sums[first : first + len(some)], self._counts[first : first + len(some)] = sums, counts
        self._words += new
        self._numbers.update(zip(new, range(start, whole), strict=True))


def _vectors(words: Sequence[str], model: FastText) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The sum of each word's rows, and their number."""
    sums, counts = np.zeros((len(words), model.inputs.shape[1]), np.float32), np.zeros(len(words), np.float32)
    for rows, owners in _pieces(words, model):
        starts = np.flatnonzero(np.diff(owners, prepend=-1))
        whose = owners[starts]
        sums[whose] += np.add.reduceat(model.inputs.take(rows, axis=0), starts, axis=0)
        counts[whose] += np.diff(starts, append=len(owners))
    whole = np.fromiter(map(model.words.get, words, repeat(-1)), np.intp, len(words))
    known = np.flatnonzero(whole >= 0)
    sums[known] += model.inputs[whole[known]]
    counts[known] += 1
    return sums, counts


def _pieces(words: Iterable[str], model: FastText) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """The rows of the words' pieces of each length, and for each the index of its word, in order.

    Pieces are hashed as fastText does it: FNV-1a over their UTF-8 bytes, taken as signed.
    """
    marked = [f"<{word[:_LONGEST_WORD]}>" for word in words]
    owners = np.repeat(np.arange(len(marked)), np.fromiter(map(len, marked), np.intp, len(marked)))
    data = np.frombuffer("".join(marked).encode("utf-8", "replace"), np.uint8)
    values = data.view(np.int8).astype(np.int32).view(np.uint32)
    starts = np.flatnonzero((data & 0xC0) != 0x80)
    lengths = np.diff(starts, append=len(data))
    # Byte by byte: the values of each character's bytes, for those that have so many.
    of_byte: list[tuple[npt.NDArray[np.intp] | None, npt.NDArray[np.uint32]]] = [(None, values[starts])]
    for byte in range(1, int(lengths.max(initial=1))):
        there = np.flatnonzero(lengths > byte)
        of_byte.append((there, values[starts[there] + byte]))
    hashes = np.full(len(starts), _OFFSET_BASIS, np.uint32)
    for size in range(1, model.longest + 1):
        # The piece of each place grows by the character `size - 1` places on.
        hashes = hashes[: len(starts) - size + 1]
        for those, value in of_byte:
            if those is None:
                hashes = (hashes ^ value[size - 1 :]) * _PRIME
            else:
                first = np.searchsorted(those, size - 1)
                places = those[first:] - (size - 1)
                hashes[places] = (hashes[places] ^ value[first:]) * _PRIME
        if size >= model.shortest and len(hashes):
            inside = np.flatnonzero(owners[: len(hashes)] == owners[size - 1 :])
            if len(inside):
                rows = (hashes[inside] % np.uint32(model.buckets)).astype(np.intp)
                yield rows + len(model.words), owners[inside]
