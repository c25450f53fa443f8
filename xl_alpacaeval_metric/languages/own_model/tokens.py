"""Texts as numbers of words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xl_alpacaeval_metric.languages.own_model.reading import Hashed
from xl_alpacaeval_metric.languages.own_model.word_vectors import WordVectors, sums_of_runs


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words of texts by their numbers in `vectors`, one text after the other.

    `counts` has the number of words of each text.
    """

    vectors: WordVectors
    numbers: npt.NDArray[np.int32]
    counts: npt.NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def ends(self) -> npt.NDArray[np.intp]:
        """Where each text's words end."""
        return np.cumsum(self.counts)

    @property
    def words(self) -> list[str]:
        """The words of all texts, in lower case."""
        return list(map(self.vectors.words.__getitem__, self.numbers.tolist()))

    def of(self, texts: Sequence[int] | npt.NDArray[np.intp]) -> "Tokens":
        """The words of some of the texts, by index, in the order asked for."""
        which = np.asarray(texts, np.intp)
        return self.runs((self.ends - self.counts)[which], self.counts[which])

    def runs(self, firsts: npt.NDArray[np.intp], counts: npt.NDArray[np.intp]) -> "Tokens":
        """Runs of words, given the index of the first word of each and how many they are."""
        shift = firsts - (np.cumsum(counts) - counts)
        return Tokens(self.vectors, self.numbers[np.arange(counts.sum()) + np.repeat(shift, counts)], counts)

    def slice(self, first: int, last: int) -> "Tokens":
        """The words of the texts from `first` on, before `last`."""
        counts = self.counts[first:last]
        start = int(self.counts[:first].sum())
        return Tokens(self.vectors, self.numbers[start : start + int(counts.sum())], counts)

    def windows(self, size: int) -> tuple["Tokens", npt.NDArray[np.intp]]:
        """All runs of `size` words, or each shorter text whole; and how many each text has."""
        sizes = np.minimum(self.counts, size)
        number = self.counts - sizes + 1
        which = np.repeat(np.arange(len(self.counts)), number)
        starts = np.arange(number.sum()) + np.repeat(self.ends - self.counts - (np.cumsum(number) - number), number)
        return self.runs(starts, sizes[which]), number

    def sums(self, of_words: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The sum over each text of what is given for each word of all texts."""
        return sums_of_runs(of_words, self.counts)


def of_hashed(vectors: WordVectors, read: Hashed) -> Tokens:
    """The words that were found in texts."""
    return Tokens(vectors, vectors.numbers_of(read), read.counts)


def of_numbers(vectors: WordVectors, texts: Sequence[npt.NDArray[np.int32]]) -> Tokens:
    """Texts given as their words' numbers."""
    numbers = np.concatenate([np.zeros(0, np.int32), *texts])
    return Tokens(vectors, numbers, np.fromiter(map(len, texts), np.intp, len(texts)))


def together(parts: Sequence[Tokens]) -> Tokens:
    """Texts one after the other, of one set of vectors."""
    return Tokens(
        parts[0].vectors,
        np.concatenate([part.numbers for part in parts]),
        np.concatenate([part.counts for part in parts]),
    )
