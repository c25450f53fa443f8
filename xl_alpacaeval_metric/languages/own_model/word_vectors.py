"""The vectors of words, each computed once.

A text's hidden layer in fastText is the mean over the rows of its words and of their pieces, so the
sum of a word's rows, and their number, can be kept for all the texts that have the word.
"""

from collections.abc import Callable, Hashable, Sequence
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
    """Words by number, with the sum of their rows and how many these are, once they are asked for.

    Words are only added, by one thread at a time; numbers stay.
    """

    def __init__(self, model: FastText) -> None:
        self._model = model
        self._words: list[str] = []
        self._of_hashes = HashTable()
        self._sums = np.zeros((1024, model.inputs.shape[1]), np.float32)
        self._counts = np.zeros(1024, np.float32)
        self._properties: dict[Hashable, npt.NDArray[np.float32]] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._words)

    @property
    def words(self) -> Sequence[str]:
        """The words in the order of their numbers."""
        return self._words

    def of(self, numbers: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """The sum of each word's rows (words x dimensions), and how many these are."""
        with self._lock:
            counts = self._counts.take(numbers)
            new = self._distinct(numbers[counts == 0])
            for start in range(0, len(new), _AT_ONCE):
                some = new[start : start + _AT_ONCE]
                words = [self._words[number] for number in some.tolist()]
                self._sums[some], self._counts[some] = of_words(words, self._model)
            return self._sums.take(numbers, axis=0), self._counts.take(numbers) if new.size else counts

    def _distinct(self, numbers: npt.NDArray[np.int32]) -> npt.NDArray[np.intp]:
        """Each of these words' numbers once, in order."""
        there = np.zeros(len(self) if len(numbers) else 0, np.bool_)
        there[numbers] = True
        return np.flatnonzero(there)

    def numbers_of(self, read: Hashed) -> npt.NDArray[np.int32]:
        """The number of each word of texts."""
        with self._lock:
            found = self._of_hashes.get(read.hashes)
            new = np.flatnonzero(found < 0)
            if len(new):
                hashes, which = np.unique(read.hashes[new], return_inverse=True)
                places = np.zeros(len(hashes), np.intp)
                places[which] = new  # Of several places of a word the last stays.
                numbers = np.arange(len(self), len(self) + len(hashes), dtype=np.int32)
                self._add(reading.each(read.written(places)))
                self._of_hashes.add(hashes, numbers)
                found[new] = numbers[which]
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
            new = self._distinct(numbers[np.isnan(found)])
            if len(new):
                kept[new] = of([self._words[number] for number in new.tolist()])
                found = kept.take(numbers)
            while len(self._properties) > _PROPERTIES:
                del self._properties[next(iter(self._properties))]
            return found

    def _add(self, new: Sequence[str]) -> None:
        start, whole = len(self), len(self) + len(new)
        if whole > len(self._counts):
            size = max(whole, 2 * len(self._counts))
            sums, counts = np.zeros((size, self._sums.shape[1]), np.float32), np.zeros(size, np.float32)
            sums[:start], counts[:start] = self._sums[:start], self._counts[:start]
            self._sums, self._counts = sums, counts
        self._words += new


def of_words(words: Sequence[str], model: FastText) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The sum of each word's rows, and their number."""
    rows, numbers = pieces(words, model)
    sums, counts = sums_of_runs(model.inputs.take(rows, axis=0), numbers), numbers.astype(np.float32)
    whole = np.fromiter(map(model.words.get, words, repeat(-1)), np.intp, len(words))
    known = np.flatnonzero(whole >= 0)
    sums[known] += model.inputs[whole[known]]
    counts[known] += 1
    return sums, counts


def sums_of_runs(rows: npt.NDArray[np.float32], numbers: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
    """The sum of the first so many rows, of so many after them, and so on: runs x columns.

    numpy adds column by column, so two columns are taken for one of complex numbers.
    """
    if rows.ndim == 2 and rows.shape[1] % 2 == 0:
        rows = rows.view(np.complex64)
    found = np.zeros((len(numbers), *rows.shape[1:]), rows.dtype)
    filled = np.flatnonzero(numbers)
    if len(filled):
        found[filled] = np.add.reduceat(rows, (np.cumsum(numbers) - numbers)[filled], axis=0)
    return found.view(np.float32)


def pieces(words: Sequence[str], model: FastText) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The rows of the words' pieces, word after word, and how many pieces each word has.

    Pieces are hashed as fastText does it: FNV-1a over their UTF-8 bytes, taken as signed.
    """
    lengths = np.fromiter(map(len, words), np.intp, len(words))
    if lengths.max(initial=0) > _LONGEST_WORD:
        words = [word[:_LONGEST_WORD] for word in words]
        lengths = np.minimum(lengths, _LONGEST_WORD)
    lengths += 2
    data = np.frombuffer(f"<{'><'.join(words)}>".encode("utf-8", "replace") if words else b"", np.uint8)
    values = data.view(np.int8).astype(np.int32).view(np.uint32)
    starts = np.flatnonzero((data & 0xC0) != 0x80)
    sizes = np.diff(starts, append=len(data))
    # Byte by byte: the values of each character's bytes, for those that have so many.
    of_byte: list[tuple[npt.NDArray[np.intp] | None, npt.NDArray[np.uint32]]] = [(None, values[starts])]
    for byte in range(1, int(sizes.max(initial=1))):
        there = np.flatnonzero(sizes > byte)
        of_byte.append((there, values[starts[there] + byte]))
    hashes = np.full(len(starts), _OFFSET_BASIS, np.uint32)
    found = np.zeros((len(starts), model.longest - model.shortest + 1), np.uint32)
    fits, inside = np.zeros(found.shape, np.bool_), np.ones(len(starts), np.bool_)
    goes_on = inside.copy()  # False where a word ends.
    goes_on[np.cumsum(lengths) - 1] = False
    for size in range(1, model.longest + 1):
        # The piece of each place grows by the character `size - 1` places on, in the same word.
        last = max(0, len(starts) - size + 1)
        hashes, inside = hashes[:last], inside[:last]
        if size > 1:
            inside = inside & goes_on[size - 2 : -1]
        for those, value in of_byte:
            if those is None:
                hashes = (hashes ^ value[size - 1 :]) * _PRIME
            else:
                first = np.searchsorted(those, size - 1)
                places = those[first:] - (size - 1)
                hashes[places] = (hashes[places] ^ value[first:]) * _PRIME
        if size >= model.shortest:
            found[:last, size - model.shortest], fits[:last, size - model.shortest] = hashes, inside
    rows = found[fits]
    buckets = np.uint32(model.buckets)
    rows -= rows // buckets * buckets  # The remainder, for which numpy takes six times as long.
    numbers = np.zeros(len(words), np.intp)
    for size in range(model.shortest, model.longest + 1):
        numbers += np.maximum(lengths - size + 1, 0)
    return np.add(rows, len(model.words), dtype=np.intp), numbers
